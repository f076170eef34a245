//! The backward pass: sums over the batch, then weights and input image by image.

use super::layout::{Channel, Plan};
use super::{Gradients, Operands, Saved, Wants, check};
use crate::batch_norm::OutputGradient;
use crate::buffer::Buffer;
use crate::chunks;
use crate::destination::Destination;
use crate::frame::keep_positive;
use crate::schedule::{in_chunks, item};
use crate::stage::{StageGradient, StageScratch};
use std::ops::Range;

/// Gradients of a loss, given that of the output. That of the input goes to `input_gradient`, if it is
/// wanted; the others are returned.
///
/// `operands` are those of the forward pass: what lies between the two convolutions is computed once
/// more from the input. Without an affine part gradients of gamma and beta are those of a gamma of 1
/// and a beta of 0.
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
    let plan = &saved.plan;
    let of_input = input_gradient.is_some();
    let (input_gradient, keep) = input_gradient.map(Destination::open).unwrap_or_default();
    check(&plan.shape, operands);
    let input_values = if of_input { plan.shape.input_values() } else { 0 };
    assert_eq!(input_gradient.len(), input_values, "length of the input gradient");
    let (affine, outputs) = (operands.affine, plan.outputs());
    let gradient = OutputGradient::new(outputs, &saved.convolved, affine, output_gradient);
    let weights = [operands.depthwise, operands.pointwise];
    let kernel = StageGradient::new(plan.planes(), plan.stage(), weights);
    let pass = Pass { plan, input: operands.input, gradient: &gradient, kernel, keep };
    let found =
        if wants.weights || of_input { pass.run(input_gradient, wants.weights) } else { None };
    let (depthwise, pointwise) = found.unzip();
    Gradients {
        depthwise,
        pointwise,
        gamma: wants.affine.then(|| gradient.gamma()),
        beta: wants.affine.then(|| gradient.beta()),
    }
}

/// The pass for weights and input.
struct Pass<'a> {
    plan: &'a Plan,
    /// That of the forward pass.
    input: &'a [f32],
    gradient: &'a OutputGradient<'a>,
    kernel: StageGradient,
    /// Whether the input gradient is added to what is there.
    keep: bool,
}

/// Buffers of one thread.
struct Scratch {
    channel: Channel,
    stage: StageScratch,
    /// Dense gradients of the phases of one channel; empty if not wanted.
    phases: Buffer,
}

impl Pass<'_> {
    /// Writes or adds the input gradient unless `input` is empty; returns those of the depthwise and
    /// the 1x1 weights if they are wanted.
    fn run(&self, input: &mut [f32], of_weights: bool) -> Option<(Vec<f32>, Vec<f32>)> {
        let shape = &self.plan.shape;
        let each = shape.depthwise_weights() + shape.pointwise_weights();
        let sum = if of_weights { each } else { 0 };
        let sums = in_chunks(shape.batch, input, sum, |images, input, sum| {
            self.run_chunk(images, input, sum);
        });
        of_weights.then(|| {
            let mut depthwise = vec![0.0; each];
            chunks::add(&sums, each, 0, &mut depthwise);
            let pointwise = depthwise.split_off(shape.depthwise_weights());
            (depthwise, pointwise)
        })
    }

    fn run_chunk(&self, images: Range<usize>, input: &mut [f32], sums: &mut [f32]) {
        let Plan { ref shape, ref geometry, ref phases, .. } = *self.plan;
        let phases = if input.is_empty() { 0 } else { phases.len() };
        let mut scratch = Scratch {
            channel: self.plan.take_channel(),
            stage: StageScratch::new(self.plan.planes(), shape.inputs, shape.outputs),
            phases: Buffer::take(phases * geometry.flat),
        };
        let values = shape.inputs * self.plan.input_pixels();
        for image in images.clone() {
            let input = item(input, image - images.start, values);
            self.run_image(image, &mut scratch, input, sums);
        }
    }

    fn run_image(&self, image: usize, scratch: &mut Scratch, input: &mut [f32], sums: &mut [f32]) {
        let (plan, planes) = (self.plan, self.plan.planes());
        let Scratch { channel, stage, phases } = scratch;
        self.gradient.before(image, &mut stage.results);
        self.kernel.begin(stage);
        for (number, rows) in plan.channels(self.input, image).enumerate() {
            if plan.shape.relu || !sums.is_empty() {
                plan.frame_channel(rows, channel);
            }
            let framed = &channel.framed[..];
            self.kernel.channel(planes, (number, framed), stage, sums, (&mut *phases, false));
            if !phases.is_empty() {
                self.unframe(framed, phases, item(input, number, plan.input_pixels()));
            }
        }
        self.kernel.end(planes, stage, sums);
    }

    /// Writes or adds the gradient of one channel of the input as plain rows, from those of its phases.
    fn unframe(&self, framed: &[f32], phases: &mut [f32], rows: &mut [f32]) {
        let Plan { level, ref shape, ref geometry, ref frame, .. } = *self.plan;
        let planes = phases.chunks_exact_mut(geometry.flat).zip(framed.chunks_exact(frame.len));
        for (phase, (plane, framed)) in self.plan.phases.iter().zip(planes) {
            if shape.relu {
                keep_positive(level, frame, framed, plane);
            }
            phase.scatter((geometry.width, plane), (shape.width, rows), self.keep);
        }
    }
}
