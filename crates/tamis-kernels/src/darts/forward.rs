//! The forward pass: each state in turn is formed and taken through its first stages, then through
//! its second ones, image by image; then the last node is formed.

use super::layout::{FIRST, INPUTS, LAST, NODES, POOLS, Plan, SECOND, destinations};
use super::mixture::Mixture;
use super::reduction::Reduction;
use super::stage::StageOf;
use super::{CellShape, EDGES, Kept, OPERATIONS, Operands, Results, Saved, Source};
use crate::Level;
use crate::buffer::Buffer;
use crate::frame::Map;
use crate::stage::StageKernel;
use crate::statistics::{Moments, Statistics};
use crate::window::{Window, WindowScratch};
use rayon::prelude::*;
use std::sync::Arc;

/// Applies the cell: writes `output`, `[batch, 4 * channels, output_height, output_width]`, and
/// returns what [`super::backward`] needs if `keep`.
///
/// # Panics
/// If a slice does not have the length that `shape` says, `shape` has a zero, or it is a reduction of
/// an odd number of channels, rows or columns.
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
    check(shape, operands, output);
    let plan = Plan::new(level, *shape);
    let mut sources = Vec::with_capacity(LAST);
    for state in 0..LAST {
        let kept = Arc::new(first_pass(&plan, operands, &sources, state, output));
        let second = Arc::new(second_pass(&plan, operands.weights, state, &kept));
        sources.push(Source { kept, second });
    }
    write_last(&plan, operands, &sources, output);
    let (sources, seconds) = sources.into_iter().map(|of| (of.kept, of.second)).unzip();
    keep.then_some(Saved { plan, sources, seconds })
}

fn check(shape: &CellShape, operands: &Operands<'_>, output: &[f32]) {
    assert!(shape.state_values() > 0, "a cell of no values");
    let even = [shape.channels, shape.height, shape.width].iter().all(|size| size % 2 == 0);
    assert!(even || !shape.reduction, "a reduction of an odd number");
    for state in operands.states {
        assert_eq!(state.len(), shape.state_values(), "length of a state");
    }
    assert_eq!(operands.weights.len(), shape.weights(), "length of the weights");
    assert_eq!(operands.shares.len(), EDGES * OPERATIONS, "length of the shares");
    assert_eq!(output.len(), shape.output_values(), "length of the output");
}

/// Kernels of everything that reads a state directly.
struct FirstStages {
    pooling: Window,
    /// First plane of each result and its kernel.
    stages: Vec<(usize, StageKernel)>,
    reductions: Vec<(usize, Reduction)>,
}

/// Buffers of one thread.
struct Scratch {
    /// The framed ReLU of a state, `[channel, phase]`.
    framed: Buffer,
    /// Results of a depthwise kernel, zero after the pixels.
    between: Buffer,
    /// The ReLU of what reductions read.
    rectified: Buffer,
    pool: WindowScratch,
}

impl FirstStages {
    fn new(plan: &Plan, weights: &[f32], source: usize) -> FirstStages {
        let stride = plan.stride(source);
        let kernel = |node, number: usize| {
            let of = StageOf { source, node, stage: FIRST[number], stride };
            (plan.first(source, node, number), of.kernel(plan, weights))
        };
        let stages = destinations(source)
            .flat_map(|node| (0..FIRST.len()).map(move |number| kernel(node, number)));
        let strided = destinations(source).filter(|_| plan.strided(source));
        let reduction = |node| {
            let first = plan.first(source, node, FIRST.len());
            (first, Reduction::new(plan, weights, source, node))
        };
        FirstStages {
            pooling: plan.window(source),
            stages: stages.collect(),
            reductions: strided.map(reduction).collect(),
        }
    }

    /// Writes all results of one image.
    fn apply(&self, plan: &Plan, value: &[f32], scratch: &mut Scratch, results: &mut [f32]) {
        let (flat, node) = (plan.geometry.flat, plan.node());
        let (pools, _) = results.split_at_mut(POOLS.len() * node);
        let (maxima, means) = pools.split_at_mut(node);
        let pools = maxima.chunks_exact_mut(flat).zip(means.chunks_exact_mut(flat));
        let channels = value.chunks_exact(value.len() / plan.shape.channels);
        for (value, (maximum, mean)) in channels.zip(pools) {
            self.pooling.maximum(plan.planes(), value, &mut scratch.pool, maximum);
            self.pooling.mean(plan.planes(), value, &mut scratch.pool, mean);
        }
        frame_state(plan, value, &mut scratch.framed);
        for (first, kernel) in &self.stages {
            let framed = scratch.framed.chunks_exact(scratch.framed.len() / plan.shape.channels);
            for (channel, framed) in framed.enumerate() {
                kernel.channel(channel, framed, &mut scratch.between);
            }
            kernel.mix(&scratch.between, &mut results[first * flat..][..node]);
        }
        if !self.reductions.is_empty() {
            Reduction::rectify(plan, value, &mut scratch.rectified);
        }
        for (first, kernel) in &self.reductions {
            kernel.apply(plan, &scratch.rectified, &mut results[first * flat..][..node]);
        }
    }
}

/// Forms a state, writes it to the output if it is a node, and applies what reads it directly.
fn first_pass(
    plan: &Plan,
    operands: &Operands<'_>,
    before: &[Source],
    state: usize,
    output: &mut [f32],
) -> Kept {
    let Plan { shape, ref geometry, .. } = *plan;
    let phases = plan.phases(state);
    let (values, planes) = (phases * plan.node(), plan.first_planes(state));
    let mut value = Buffer::take(shape.batch * values);
    let kernels = FirstStages::new(plan, operands.weights, state);
    let mixture = (state >= INPUTS).then(|| Mixture::new(plan, operands, before));
    let input = operands.states.get(state).copied().unwrap_or_default();
    let input_values = shape.channels * shape.height * shape.width;
    let output_values = output.len() / shape.batch;
    let chunk = plan.schedule.chunk;
    let extra =
        value.par_chunks_mut(chunk * values).zip(output.par_chunks_mut(chunk * output_values));
    let first = results(plan, planes, extra, |images, (value, output), work| {
        let mut scratch = Scratch {
            framed: plan.frame.take(phases * shape.channels, 0.0),
            between: Buffer::zeros(plan.node()),
            rectified: Buffer::take(2 * plan.node()),
            pool: WindowScratch::new(plan.planes(), phases),
        };
        let of_images = value.chunks_exact_mut(values).zip(output.chunks_exact_mut(output_values));
        for ((image, (value, output)), work) in (images..).zip(of_images).zip(work) {
            match &mixture {
                Some(mixture) => {
                    mixture.form(image, value);
                    write_node(plan, state, value, output);
                }
                None => {
                    let rows = &input[image * input_values..][..input_values];
                    let rows = rows.chunks_exact(shape.height * shape.width);
                    let channels = value.chunks_exact_mut(phases * geometry.flat);
                    rows.zip(channels).for_each(|(rows, to)| plan.gather(state, rows, to));
                }
            }
            work.run(plan, |to| kernels.apply(plan, value, &mut scratch, to));
        }
    });
    Kept { value, first }
}

/// The second halves of the separable convolutions, and the dilated ones, that leave a state.
pub(super) fn second_pass(plan: &Plan, weights: &[f32], source: usize, kept: &Kept) -> Results {
    let kernel = |node, number: usize| {
        let first = (number < FIRST.len()).then(|| plan.first(source, node, number));
        let stride = if first.is_some() { 1 } else { plan.stride(source) };
        let of = StageOf { source, node, stage: SECOND[number], stride };
        (first, of.kernel(plan, weights))
    };
    let state = plan.phases(source) * plan.shape.channels;
    let stages: Vec<_> = destinations(source)
        .flat_map(|node| (0..SECOND.len()).map(move |number| kernel(node, number)))
        .collect();
    let extra = (0..plan.shape.batch.div_ceil(plan.schedule.chunk)).into_par_iter();
    results(plan, plan.second_planes(source), extra, |images, _, work| {
        let mut of_state = plan.frame.take(state, 0.0);
        let mut hidden = plan.frame.take(1, 0.0);
        let mut between = Buffer::zeros(plan.node());
        for (image, work) in (images..).zip(work) {
            let values = state * plan.geometry.flat;
            frame_state(plan, &kept.value[image * values..][..values], &mut of_state);
            work.run(plan, |to| {
                for ((first, kernel), to) in stages.iter().zip(to.chunks_exact_mut(plan.node())) {
                    let of_channels = of_state.chunks_exact(of_state.len() / plan.shape.channels);
                    for (channel, of_state) in of_channels.enumerate() {
                        let framed = if let Some(first) = first {
                            frame_hidden(plan, &kept.first, [image, first + channel], &mut hidden);
                            &hidden
                        } else {
                            of_state
                        };
                        kernel.channel(channel, framed, &mut between);
                    }
                    kernel.mix(&between, to);
                }
            });
        }
    })
}

/// What normalisation does to one plane.
fn normalise(statistics: &Statistics) -> Map {
    let factor = statistics.inverse_deviation();
    let constant = -factor * statistics.mean;
    Map { factor: factor as f32, constant: constant as f32, relu: true }
}

/// Frames the ReLU of one image of a state, `[channel, phase]`.
pub(super) fn frame_state(plan: &Plan, value: &[f32], framed: &mut [f32]) {
    let framed = framed.chunks_exact_mut(plan.frame.len);
    for (dense, framed) in value.chunks_exact(plan.geometry.flat).zip(framed) {
        plan.frame.fill(plan.level, Map::RELU, dense, framed);
    }
}

/// Frames the normalised ReLU of one plane of one image.
pub(super) fn frame_hidden(
    plan: &Plan,
    first: &Results,
    [image, plane]: [usize; 2],
    framed: &mut [f32],
) {
    let map = normalise(&first.statistics[plane]);
    plan.frame.fill(plan.level, map, first.plane(plan, image, plane), framed);
}

/// Where the results of one image go.
struct Work<'a> {
    planes: &'a mut [f32],
    moments: &'a mut [Moments],
}

impl Work<'_> {
    /// Has the planes written, and takes their moments.
    fn run(self, plan: &Plan, write: impl FnOnce(&mut [f32])) {
        write(self.planes);
        let planes = self.planes.chunks_exact(plan.geometry.flat);
        for (moments, plane) in self.moments.iter_mut().zip(planes) {
            *moments = Moments::of(plan.level, plane, &plan.geometry);
        }
    }
}

/// Runs `of_chunk`, given its first image, its item of `extra` and its images' work, and combines
/// the moments.
fn results<T: Send>(
    plan: &Plan,
    planes: usize,
    extra: impl IndexedParallelIterator<Item = T>,
    of_chunk: impl Fn(usize, T, &mut dyn Iterator<Item = Work<'_>>) + Sync,
) -> Results {
    let (batch, chunk, flat) = (plan.shape.batch, plan.schedule.chunk, plan.geometry.flat);
    let mut buffer = Buffer::take(batch * planes * flat);
    let mut moments = vec![Moments::default(); batch * planes];
    let chunks = buffer
        .par_chunks_mut(chunk * planes * flat)
        .zip(moments.par_chunks_mut(chunk * planes))
        .zip(extra);
    chunks.enumerate().for_each(|(number, ((buffer, moments), extra))| {
        let images = buffer.chunks_exact_mut(planes * flat).zip(moments.chunks_exact_mut(planes));
        let mut work = images.map(|(planes, moments)| Work { planes, moments });
        of_chunk(number * chunk, extra, &mut work);
    });
    let statistics = Statistics::of_channels(&moments, planes, plan.geometry.pixels());
    Results { planes: buffer, statistics }
}

/// Forms the last node and writes it.
fn write_last(plan: &Plan, operands: &Operands<'_>, sources: &[Source], output: &mut [f32]) {
    let mixture = Mixture::new(plan, operands, sources);
    let values = output.len() / plan.shape.batch;
    output.par_chunks_mut(values).enumerate().for_each(|(image, output)| {
        let mut value = Buffer::take(plan.node());
        mixture.form(image, &mut value);
        write_node(plan, LAST, &value, output);
    });
}

/// Writes a node as plain rows to its place in one image of the output.
fn write_node(plan: &Plan, node: usize, value: &[f32], output: &mut [f32]) {
    let values = output.len() / NODES;
    let output = &mut output[(node - INPUTS) * values..][..values];
    let rows = output.chunks_exact_mut(plan.geometry.pixels());
    for (flat, rows) in value.chunks_exact(plan.geometry.flat).zip(rows) {
        plan.geometry.unflatten(flat, rows);
    }
}
