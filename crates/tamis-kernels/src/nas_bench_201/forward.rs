//! The forward pass: for each of nodes 0, 1, 2 form it, convolve it and take moments, image by
//! image; then form node 3.

use super::layout::{Plan, SOURCES, SPATIAL};
use super::mixture::{Mixture, Scratch};
use super::{CellShape, EDGES, OPERATIONS, Operands, Saved, Source};
use crate::Level;
use crate::buffer::Buffer;
use crate::statistics::{Moments, Statistics};
use rayon::prelude::*;

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
    let plan = Plan::new(level, *shape);
    let mut sources = Vec::with_capacity(SOURCES);
    for node in 0..SOURCES {
        sources.push(source(&plan, operands, &sources, node));
    }
    write_output(&plan, operands, &sources, output);
    keep.then_some(Saved { plan, sources })
}

/// Forms `node` from the sources before it and convolves it.
fn source(plan: &Plan, operands: &Operands<'_>, before: &[Source], node: usize) -> Source {
    let images = plan.shape.batch;
    let (values, planes) = (plan.node(), plan.planes(node));
    let convolved_values = plan.outputs(node) * plan.geometry.flat;
    let mut value = Buffer::take(images * values);
    let mut convolved = Buffer::take(images * convolved_values);
    let mut moments = vec![Moments::default(); images * planes];

    let mixture = (node > 0).then(|| Mixture::new(plan, operands, before));
    let spatial = plan.forward(operands.weights, node, SPATIAL);
    let pointwise = plan.pointwise_forward(operands.weights, node);
    let chunk = plan.schedule.chunk;
    let chunks = value
        .par_chunks_mut(chunk * values)
        .zip(convolved.par_chunks_mut(chunk * convolved_values))
        .zip(moments.par_chunks_mut(chunk * planes));
    chunks.enumerate().for_each(|(number, ((value, convolved), moments))| {
        let mut scratch = Scratch::new(plan);
        let mut rectified = plan.geometry.take_bordered(plan.shape.channels);
        let mut of_pointwise = Buffer::take(convolved_values);
        let of_images = value
            .chunks_exact_mut(values)
            .zip(convolved.chunks_exact_mut(convolved_values))
            .zip(moments.chunks_exact_mut(planes));
        for (image, ((value, convolved), moments)) in (number * chunk..).zip(of_images) {
            match &mixture {
                Some(mixture) => mixture.form(image, value, &mut scratch),
                None => flatten(plan, operands.input, image, value),
            }
            plan.rectify(value, &mut rectified);
            spatial.apply(&rectified, convolved, plan.geometry.flat);
            pointwise.apply(value, &mut of_pointwise, plan.geometry.flat);
            let (of_first, of_second) = moments.split_at_mut(plan.outputs(node));
            take_moments(plan, convolved, of_first);
            take_moments(plan, &of_pointwise, of_second);
        }
    });
    let statistics = Statistics::of_channels(&moments, planes, plan.geometry.pixels());
    Source { value, convolved, statistics }
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
    let (chunk, image_values) = (plan.schedule.chunk, plan.shape.channels * pixels);
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
