//! The forward pass: for each of nodes 0, 1, 2 form it, convolve it and take moments, image by
//! image; then form node 3.

use super::layout::{CONVOLUTIONS, Plan, SOURCES, SPATIAL};
use super::mixture::{Mixture, Scratch};
use super::{CellShape, EDGES, OPERATIONS, Operands, Saved, Source};
use crate::Level;
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::schedule::{Pieces, item};
use crate::statistics::{Moments, Statistics};
use rayon::prelude::*;
use std::ops::Range;

/// Applies the cell: writes `output`, `[batch, channels, height, width]`, and returns what
/// [`super::backward`] needs if `keep`.
///
/// # Panics
/// If a slice does not have the length that `shape` says, or `shape` has a zero.
pub fn forward(
    shape: &CellShape,
    operands: &Operands<'_>,
    output: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    forward_at(Level::best(), shape, operands, output, keep)
}

/// [`forward`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn forward_at(
    level: Level,
    shape: &CellShape,
    operands: &Operands<'_>,
    output: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    assert!(shape.values() > 0, "a cell of no values");
    assert_eq!(operands.input.len(), shape.values(), "length of the input");
    assert_eq!(operands.weights.len(), shape.weights(), "length of the weights");
    assert_eq!(operands.shares.len(), EDGES * OPERATIONS, "length of the shares");
    assert_eq!(output.len(), shape.values(), "length of the output");
    let plan = Plan::new(level, *shape, operands.runs);
    let mut sources = Vec::with_capacity(SOURCES);
    for node in 0..SOURCES {
        let read = plan.is_read(node);
        let source = read.then(|| Formation::new(&plan, operands, &sources, node).run());
        sources.push(source.unwrap_or_default());
    }
    write_output(&plan, operands, &sources, output);
    keep.then_some(Saved { plan, sources })
}

/// How a node that is read is formed from the sources before it and convolved.
struct Formation<'a> {
    plan: &'a Plan,
    input: &'a [f32],
    /// Absent for the input.
    mixture: Option<Mixture<'a>>,
    spatial: Option<Correlation>,
    pointwise: Option<Correlation>,
    /// Planes of the 3x3 and of the 1x1 convolutions.
    outputs: [usize; 2],
    /// Those of both that are kept.
    kept: usize,
}

/// The images of one chunk and where their results go.
struct Chunk<'a> {
    images: Range<usize>,
    value: &'a mut [f32],
    convolved: &'a mut [f32],
    moments: &'a mut [Moments],
}

impl<'a> Formation<'a> {
    fn new(plan: &'a Plan, operands: &Operands<'a>, before: &'a [Source], node: usize) -> Self {
        Formation {
            plan,
            input: operands.input,
            mixture: (node > 0).then(|| Mixture::new(plan, operands, before)),
            spatial: plan.forward(operands.weights, node, SPATIAL),
            pointwise: plan.pointwise_forward(operands.weights, node),
            outputs: CONVOLUTIONS.map(|of| plan.outputs(node, of)),
            kept: plan.kept_planes(node),
        }
    }

    fn run(&self) -> Source {
        let Plan { ref shape, ref geometry, chunks, .. } = *self.plan;
        let (images, chunk, values) = (shape.batch, chunks.size(), self.plan.node());
        let (kept, planes) = (self.kept, self.outputs.iter().sum::<usize>());
        let mut value = Buffer::take(images * values);
        let mut convolved = Buffer::take(images * kept * geometry.flat);
        let mut moments = vec![Moments::default(); images * planes];
        let mut of_value = Pieces(&mut value, chunk * values);
        let mut of_convolved = Pieces(&mut convolved, chunk * kept * geometry.flat);
        let mut of_moments = Pieces(&mut moments, chunk * planes);
        let tasks = chunks.iter().map(|images| Chunk {
            images,
            value: of_value.next(),
            convolved: of_convolved.next(),
            moments: of_moments.next(),
        });
        tasks.collect::<Vec<_>>().into_par_iter().for_each(|chunk| self.run_chunk(chunk));
        let statistics = Statistics::of_channels(chunks, &moments, geometry.pixels());
        Source { value, convolved, convolved_planes: kept, statistics }
    }

    fn run_chunk(&self, chunk: Chunk<'_>) {
        let Plan { ref shape, ref geometry, .. } = *self.plan;
        let [spatial, pointwise] = self.outputs;
        let mut scratch = Scratch::new(self.plan);
        let mut rectified = geometry.take_bordered(shape.channels);
        let computed_again = spatial + pointwise - self.kept;
        let mut scratch_planes = Buffer::take(computed_again * geometry.flat);
        for (local, image) in chunk.images.enumerate() {
            let value = item(chunk.value, local, self.plan.node());
            let convolved = item(chunk.convolved, local, self.kept * geometry.flat);
            let moments = item(chunk.moments, local, spatial + pointwise);
            let (of_spatial, kept) = convolved.split_at_mut(spatial * geometry.flat);
            let of_pointwise = if computed_again > 0 { &mut scratch_planes[..] } else { kept };
            let (of_first, of_second) = moments.split_at_mut(spatial);
            match &self.mixture {
                Some(mixture) => mixture.form(image, value, &mut scratch),
                None => flatten(self.plan, self.input, image, value),
            }
            if let Some(kernel) = &self.spatial {
                self.plan.rectify(value, &mut rectified);
                kernel.apply(&rectified, of_spatial);
                take_moments(self.plan, of_spatial, of_first);
            }
            if let Some(kernel) = &self.pointwise {
                kernel.apply(value, of_pointwise);
                take_moments(self.plan, of_pointwise, of_second);
            }
        }
    }
}

fn take_moments(plan: &Plan, planes: &[f32], moments: &mut [Moments]) {
    for (moments, plane) in moments.iter_mut().zip(planes.chunks_exact(plan.geometry.flat)) {
        *moments = Moments::of(plan.level, plane, &plan.geometry);
    }
}

/// Forms node 3 and writes it as plain rows.
fn write_output(plan: &Plan, operands: &Operands<'_>, sources: &[Source], output: &mut [f32]) {
    let mixture = Mixture::new(plan, operands, sources);
    let pixels = plan.geometry.pixels();
    let (chunk, image_values) = (plan.chunks.size(), plan.shape.channels * pixels);
    output.par_chunks_mut(chunk * image_values).enumerate().for_each(|(number, output)| {
        let mut scratch = Scratch::new(plan);
        let mut value = Buffer::take(plan.node());
        for (image, output) in (number * chunk..).zip(output.chunks_exact_mut(image_values)) {
            mixture.form(image, &mut value, &mut scratch);
            let planes = value.chunks_exact(plan.geometry.flat);
            for (flat, rows) in planes.zip(output.chunks_exact_mut(pixels)) {
                plan.geometry.unflatten(flat, rows);
            }
        }
    });
}

/// Copies one image of a plain tensor into flat planes.
pub(super) fn flatten(plan: &Plan, tensor: &[f32], image: usize, to: &mut [f32]) {
    let pixels = plan.geometry.pixels();
    let rows = tensor[image * plan.shape.channels * pixels..].chunks_exact(pixels);
    for (rows, flat) in rows.zip(to.chunks_exact_mut(plan.geometry.flat)) {
        plan.geometry.flatten(rows, flat);
    }
}
