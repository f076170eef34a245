//! The backward pass: sums over the batch, then weights and input group by group.

use super::layout::Plan;
use super::{ConvShape, Gradients, Operands, Saved, Wants, check};
use crate::Level;
use crate::batch_norm::OutputGradient;
use crate::buffer::Buffer;
use crate::chunks;
use crate::correlate::Correlation;
use crate::correlate_weights::{Lanes, WeightCorrelation};
use crate::destination::Destination;
use crate::elementwise::relu_backward;
use crate::schedule::{in_chunks, item};
use std::ops::Range;

/// Gradients of a loss, given that of the output. That of the input goes to `input_gradient`, if it is
/// wanted; the others are returned.
///
/// `operands` are those of the forward pass: what the weights see of the input is taken from it once
/// more instead of being saved, so that several convolutions of one input share its memory. Without
/// an affine part gradients of gamma and beta are those of a gamma of 1 and a beta of 0.
///
/// # Panics
/// If a slice does not have the length that the forward pass had.
pub fn backward(
    saved: &Saved,
    operands: &Operands<'_>,
    output_gradient: &[f32],
    input_gradient: Option<Destination<'_>>,
    wants: Wants,
) -> Gradients {
    check(&saved.plan.shape, operands);
    let gradient = OutputGradient::new(
        saved.plan.outputs(),
        &saved.convolved,
        operands.affine,
        output_gradient,
    );
    let before = |image: usize, bordered: &mut [f32]| gradient.before(image, bordered);
    let plan = &saved.plan;
    Gradients {
        weights: through(plan, operands, &before, input_gradient, wants.weights),
        gamma: wants.affine.then(|| gradient.gamma()),
        beta: wants.affine.then(|| gradient.beta()),
    }
}

/// Gradients of a loss with respect to input and weights of the convolution alone, which nothing
/// normalises, given that of its output. As [`backward`]; weights that are not `wanted` are not computed.
///
/// # Panics
/// If a slice does not have the length that `shape` says.
pub fn convolve_backward_at(
    level: Level,
    shape: &ConvShape,
    operands: &Operands<'_>,
    output_gradient: &[f32],
    input_gradient: Option<Destination<'_>>,
    wanted: bool,
) -> Option<Vec<f32>> {
    check(shape, operands);
    assert_eq!(output_gradient.len(), shape.output_values(), "length of the output gradient");
    let plan = Plan::new(level, *shape);
    let geometry = &plan.geometry;
    let each = shape.outputs * geometry.pixels();
    let before = |image: usize, bordered: &mut [f32]| {
        let rows = output_gradient[image * each..][..each].chunks_exact(geometry.pixels());
        for (rows, plane) in rows.zip(bordered.chunks_exact_mut(geometry.bordered)) {
            geometry.flatten(rows, geometry.inner(plane));
        }
    };
    through(&plan, operands, &before, input_gradient, wanted)
}

/// Gradients of the input, written to where they are wanted, and of the weights if `of_weights`, of a
/// convolution that is checked already. `gradient` writes that of its output, of one image, into bordered
/// planes.
fn through(
    plan: &Plan,
    operands: &Operands<'_>,
    gradient: &(dyn Fn(usize, &mut [f32]) + Sync),
    input_gradient: Option<Destination<'_>>,
    of_weights: bool,
) -> Option<Vec<f32>> {
    let of_input = input_gradient.is_some();
    let (input_gradient, keep) = input_gradient.map(Destination::open).unwrap_or_default();
    let values = if of_input { plan.shape.input_values() } else { 0 };
    assert_eq!(input_gradient.len(), values, "length of the input gradient");
    let pass = Pass {
        plan,
        input: operands.input,
        gradient,
        kernels: if of_input { plan.backward(operands.weights) } else { Vec::new() },
        lanes: of_weights.then(|| plan.lanes()),
        keep,
    };
    pass.run(input_gradient)
}

/// [`convolve_backward_at`] the level that kernels use.
///
/// # Panics
/// As that.
pub fn convolve_backward(
    shape: &ConvShape,
    operands: &Operands<'_>,
    output_gradient: &[f32],
    input_gradient: Option<Destination<'_>>,
    wanted: bool,
) -> Option<Vec<f32>> {
    let level = Level::best();
    convolve_backward_at(level, shape, operands, output_gradient, input_gradient, wanted)
}

/// The pass for weights and input.
struct Pass<'a> {
    plan: &'a Plan,
    /// That of the forward pass.
    input: &'a [f32],
    /// Writes the gradient before normalisation of one image into bordered planes.
    gradient: &'a (dyn Fn(usize, &mut [f32]) + Sync),
    /// The gradient of each phase of the input; empty if not wanted.
    kernels: Vec<Correlation>,
    /// Lanes of the weights; absent if not wanted.
    lanes: Option<Lanes>,
    /// Whether the input gradient is added to what is there.
    keep: bool,
}

/// Buffers of one thread.
struct Scratch {
    /// Bordered gradients before normalisation, `[channel]`.
    convolved: Buffer,
    /// Flat planes of the input, after its ReLU if there is one, `[phase, channel]`.
    value: Buffer,
    /// The same pixel by pixel.
    pixels: Buffer,
    /// Flat gradients of one phase, `[channel]`.
    phase: Buffer,
}

impl Pass<'_> {
    /// Writes or adds the input gradient unless `input` is empty; returns that of the weights.
    fn run(&self, input: &mut [f32]) -> Option<Vec<f32>> {
        if input.is_empty() && self.lanes.is_none() {
            return None;
        }
        let shape = &self.plan.shape;
        let sum = self.lanes.as_ref().map_or(0, |lanes| shape.outputs * lanes.count());
        let sums = in_chunks(shape.batch, input, sum, |images, input, sum| {
            self.run_chunk(images, input, sum);
        });
        self.lanes.as_ref().map(|lanes| {
            let (mut weights, mut total) = (vec![0.0; shape.weights()], Buffer::take(sum));
            chunks::add(&sums, sum, 0, &mut total);
            lanes.add_to(&mut weights, &total);
            weights
        })
    }

    fn run_chunk(&self, images: Range<usize>, input: &mut [f32], sums: &mut [f32]) {
        let Plan { ref shape, ref geometry, .. } = *self.plan;
        let mut scratch = Scratch {
            convolved: geometry.take_bordered(shape.outputs),
            value: Buffer::take(self.plan.input_planes() * geometry.flat),
            pixels: geometry.take_pixels(self.plan.input_planes()),
            phase: Buffer::take(shape.inputs * geometry.flat),
        };
        for image in images.clone() {
            self.prepare(image, &mut scratch);
            self.add_weights(&mut scratch, sums);
            let values = shape.inputs * shape.height * shape.width;
            self.write_input(image, &mut scratch, item(input, image - images.start, values));
        }
    }

    /// Fills the bordered planes of one image, and those of its input if anything asks for them.
    fn prepare(&self, image: usize, scratch: &mut Scratch) {
        if self.lanes.is_some() {
            let planes = scratch.value.chunks_exact_mut(self.plan.geometry.flat);
            self.plan.gather(self.input, image, planes);
        }
        (self.gradient)(image, &mut scratch.convolved);
    }

    /// Adds the weight gradients of one prepared image, if wanted.
    fn add_weights(&self, scratch: &mut Scratch, sums: &mut [f32]) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        let Some(lanes) = &self.lanes else { return };
        geometry.fill_pixels(level, &scratch.value, &mut scratch.pixels);
        let job = WeightCorrelation {
            geometry,
            lanes,
            source: &scratch.pixels,
            pixel: self.plan.input_planes(),
            gradient: &scratch.convolved[geometry.front..],
            plane: geometry.bordered,
            outputs: shape.outputs,
        };
        job.accumulate(level, sums);
    }

    /// Writes or adds the input gradient of one prepared image, phase by phase.
    fn write_input(&self, image: usize, scratch: &mut Scratch, input: &mut [f32]) {
        let Plan { ref geometry, ref shape, .. } = *self.plan;
        let pixels = shape.height * shape.width;
        // Phases that no tap reads are zeroed with the first that one does.
        let mut zero = !self.keep && self.plan.phases.len() < shape.stride * shape.stride;
        let values = &self.input[image * shape.inputs * pixels..];
        let gathered = scratch.value.chunks_exact(shape.inputs * geometry.flat);
        let phases = self.plan.phases.iter().zip(gathered).zip(&self.kernels);
        for ((phase, gathered), kernel) in phases {
            kernel.apply(&scratch.convolved, &mut scratch.phase);
            if shape.relu && self.lanes.is_some() {
                relu_backward(self.plan.level, &mut scratch.phase, gathered);
            }
            let planes = scratch.phase.chunks_exact_mut(geometry.flat);
            let rows = input.chunks_exact_mut(pixels).zip(values.chunks_exact(pixels));
            for (plane, (rows, values)) in planes.zip(rows) {
                if zero {
                    rows.fill(0.0);
                }
                if shape.relu && self.lanes.is_none() {
                    phase.keep_positive((shape.width, values), (geometry.stride, plane));
                }
                phase.scatter((geometry.stride, plane), (shape.width, rows), self.keep);
            }
            zero = false;
        }
    }
}
