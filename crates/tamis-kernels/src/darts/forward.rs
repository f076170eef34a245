//! The forward pass: each state in turn is formed and taken through its first stages, then through
//! its second ones, image by image; then the last node is formed.

use super::bypass;
use super::layout::Plan;
use super::mixture::Mixture;
use super::numbering::{FIRST, INPUTS, LAST, NODES, POOLS, SECOND};
use super::reduction::Reduction;
use super::stage::StageOf;
use super::{CellShape, EDGES, Kept, OPERATIONS, Operands, Results, Saved, Source};
use crate::Level;
use crate::buffer::Buffer;
use crate::frame::Map;
use crate::schedule::{Pieces, item};
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
    let plan = Plan::new(level, *shape, operands.runs);
    let mut sources = Vec::with_capacity(LAST);
    for state in 0..LAST {
        if !plan.is_read(state) {
            if state >= INPUTS {
                write_unread(&plan, operands, &sources, output);
            }
            sources.push(Source::default());
            continue;
        }
        let kept = Arc::new(first_pass(&plan, operands, &sources, state, output));
        let second = Arc::new(second_pass(&plan, operands.weights, state, &kept));
        sources.push(Source { kept, second });
    }
    write_unread(&plan, operands, &sources, output);
    let (sources, seconds) = sources.into_iter().map(|of| (of.kept, of.second)).unzip();
    keep.then_some(Saved { plan, sources, seconds })
}

fn check(shape: &CellShape, operands: &Operands<'_>, output: &[f32]) {
    assert!(shape.state_values() > 0, "a cell of no values");
    assert!(shape.channels.is_multiple_of(shape.partial), "channels that do not divide");
    let even = [shape.mixed_channels(), shape.height, shape.width].iter().all(|size| size % 2 == 0);
    assert!(even || !shape.reduction, "a reduction of an odd number");
    for state in operands.states {
        assert_eq!(state.len(), shape.state_values(), "length of a state");
    }
    assert_eq!(operands.weights.len(), shape.weights(), "length of the weights");
    assert_eq!(operands.shares.len(), EDGES * OPERATIONS, "length of the shares");
    assert_eq!(output.len(), shape.output_values(), "length of the output");
}

/// Kernels of everything that reads a state directly, with the first planes of their results.
struct FirstStages {
    pooling: Window,
    pools: [Option<usize>; POOLS.len()],
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
        let (mut stages, mut reductions) = (Vec::new(), Vec::new());
        for edge in plan.entries.leaving(source) {
            let node = edge.node;
            for entry in &edge.entries {
                if let (Some(half), Some(convolution)) = (entry.half, entry.convolution()) {
                    let of = StageOf { source, node, stage: FIRST[convolution], stride };
                    stages.push((half.first, of.kernel(plan, weights)));
                }
                if let Some(first) = entry.reduction() {
                    reductions.push((first, Reduction::new(plan, weights, source, node)));
                }
            }
        }
        let pools = plan.entries.results(source).pools;
        FirstStages { pooling: plan.window(source), pools, stages, reductions }
    }

    /// Writes all results of one image from what of it is mixed.
    fn apply(&self, plan: &Plan, value: &[f32], scratch: &mut Scratch, results: &mut [f32]) {
        let (flat, node) = (plan.geometry.flat, plan.mixed_node());
        let [maxima, means] = self.pools;
        for (channel, value) in value.chunks_exact(value.len() / plan.mixed()).enumerate() {
            let place = |first: usize| (first + channel) * flat..(first + channel + 1) * flat;
            if let Some(first) = maxima {
                let to = &mut results[place(first)];
                self.pooling.maximum(plan.planes(), value, &mut scratch.pool, to);
            }
            if let Some(first) = means {
                let to = &mut results[place(first)];
                self.pooling.mean(plan.planes(), value, &mut scratch.pool, to);
            }
        }
        if !self.stages.is_empty() {
            frame_state(plan, value, &mut scratch.framed);
        }
        for (first, kernel) in &self.stages {
            let framed = scratch.framed.chunks_exact(scratch.framed.len() / plan.mixed());
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
    let (values, planes) = (phases * plan.node(), plan.entries.results(state).first);
    let bypass = if plan.strided(state) { plan.bypass().len() * geometry.flat } else { 0 };
    let mut value = Buffer::take(shape.batch * values);
    let mut halved = Buffer::take(shape.batch * bypass);
    let kernels = FirstStages::new(plan, operands.weights, state);
    let mixture = (state >= INPUTS).then(|| Mixture::new(plan, operands, before));
    let input = operands.states.get(state).copied().unwrap_or_default();
    let input_values = shape.channels * shape.height * shape.width;
    let output_values = output.len() / shape.batch;
    let chunk = plan.chunks.size();
    let mut of_value = Pieces(&mut value, chunk * values);
    let mut of_halved = Pieces(&mut halved, chunk * bypass);
    let mut of_output = Pieces(output, chunk * output_values);
    let extra = plan.chunks.iter().map(|_| [of_value.next(), of_halved.next(), of_output.next()]);
    let extra = extra.collect::<Vec<_>>().into_par_iter();
    let first = results(plan, planes, extra, |images, [value, halved, output], work| {
        let mut scratch = Scratch {
            framed: plan.frame.take(phases * plan.mixed(), 0.0),
            between: Buffer::zeros(plan.mixed_node()),
            rectified: Buffer::take(2 * plan.mixed_node()),
            pool: WindowScratch::new(plan.planes(), phases),
        };
        for (local, work) in work.enumerate() {
            let image = images + local;
            let value = item(value, local, values);
            let output = item(output, local, output_values);
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
            if bypass > 0 {
                bypass::halve(plan, value, item(halved, local, bypass));
            }
            let mixed = &value[..phases * plan.mixed_node()];
            work.run(plan, |to| kernels.apply(plan, mixed, &mut scratch, to));
        }
    });
    Kept { value, halved, first }
}

/// The second halves of the separable convolutions, and the dilated ones, that leave a state.
pub(super) fn second_pass(plan: &Plan, weights: &[f32], source: usize, kept: &Kept) -> Results {
    let planes = plan.entries.results(source).second;
    if planes == 0 {
        return Results::default();
    }
    let (phases, channels) = (plan.phases(source), plan.mixed());
    let stages = second_stages(plan, weights, source);
    let reads_state = stages.iter().any(|(first, _)| first.is_none());
    let extra = (0..plan.chunks.count()).into_par_iter();
    results(plan, planes, extra, |images, _, work| {
        let mut of_state = plan.frame.take(phases * channels, 0.0);
        let mut hidden = plan.frame.take(1, 0.0);
        let mut between = Buffer::zeros(plan.mixed_node());
        for (image, work) in (images..).zip(work) {
            if reads_state {
                let value = &kept.value[image * phases * plan.node()..];
                frame_state(plan, &value[..phases * plan.mixed_node()], &mut of_state);
            }
            work.run(plan, |to| {
                for ((first, kernel), to) in
                    stages.iter().zip(to.chunks_exact_mut(plan.mixed_node()))
                {
                    let of_channels = of_state.chunks_exact(of_state.len() / channels);
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

/// The kernels of [`second_pass`] in the order of their planes, and of second halves the first plane of
/// what they read.
fn second_stages(plan: &Plan, weights: &[f32], source: usize) -> Vec<(Option<usize>, StageKernel)> {
    let edges = plan.entries.leaving(source);
    let stages = edges.flat_map(|edge| {
        edge.entries.iter().filter_map(|entry| {
            let stage = SECOND[entry.convolution()?];
            let stride = if entry.half.is_some() { 1 } else { plan.stride(source) };
            let of = StageOf { source, node: edge.node, stage, stride };
            Some((entry.half.map(|half| half.first), of.kernel(plan, weights)))
        })
    });
    stages.collect()
}

/// What normalisation does to one plane.
fn normalise(statistics: &Statistics) -> Map {
    let factor = statistics.inverse_deviation();
    let constant = -factor * statistics.mean;
    Map { factor: factor as f32, constant: constant as f32, relu: true }
}

/// Frames the ReLU of what is mixed of one image of a state, `[channel, phase]`.
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
    let (batch, chunk) = (plan.shape.batch, plan.chunks.size());
    let values = planes * plan.geometry.flat;
    let mut buffer = Buffer::take(batch * values);
    let mut moments = vec![Moments::default(); batch * planes];
    let mut of_buffer = Pieces(&mut buffer, chunk * values);
    let mut of_moments = Pieces(&mut moments, chunk * planes);
    let chunks = plan.chunks.iter().map(|images| (images, of_buffer.next(), of_moments.next()));
    let chunks = chunks.collect::<Vec<_>>().into_par_iter().zip(extra);
    chunks.for_each(|((images, buffer, moments), extra)| {
        let (mut buffer, mut moments) = (Pieces(buffer, values), Pieces(moments, planes));
        let work = || Work { planes: buffer.next(), moments: moments.next() };
        let mut work = std::iter::repeat_with(work).take(images.len());
        of_chunk(images.start, extra, &mut work);
    });
    let statistics = Statistics::of_channels(plan.chunks, &moments, plan.geometry.pixels());
    Results { planes: buffer, statistics }
}

/// Forms the node after `sources`, which nothing reads, and writes it.
fn write_unread(plan: &Plan, operands: &Operands<'_>, sources: &[Source], output: &mut [f32]) {
    let mixture = Mixture::new(plan, operands, sources);
    let values = output.len() / plan.shape.batch;
    output.par_chunks_mut(values).enumerate().for_each(|(image, output)| {
        let mut value = Buffer::take(plan.node());
        mixture.form(image, &mut value);
        write_node(plan, sources.len(), &value, output);
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
