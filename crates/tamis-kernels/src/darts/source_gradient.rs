//! Everything that flows back into one state from the edges that leave it.

use super::Cell;
use super::bypass::{self, BypassGradient};
use super::edge_sums::EdgeSums;
use super::entries::{self, Half, Part, Place};
use super::forward::frame_state;
use super::hidden::Hidden;
use super::layout::Plan;
use super::node_gradient::{NodeGradient, Summation, output_rows};
use super::numbering::{FIRST, INPUTS, LAST, POOLS, SECOND, SKIP, share};
use super::reduction::Reduction;
use super::stage::{self, StageGradient, StageOf};
use crate::buffer::Buffer;
use crate::elementwise::{Term, add, combine, relu_backward};
use crate::schedule::{Pieces, item};
use crate::stage::StageScratch;
use crate::statistics::Normalisation;
use crate::window::{Window, WindowScratch};
use rayon::prelude::*;
use std::ops::Range;

/// One pass over the images for one source.
pub(super) struct SourceGradient<'a> {
    cell: &'a Cell,
    source: usize,
    hidden: &'a Hidden,
    output_gradient: &'a [f32],
    edges: Vec<Edge<'a>>,
    bypass: BypassGradient<'a>,
    /// Absent if the gradient of the state is not needed.
    pooling: Option<Window>,
}

/// One edge that leaves the source, as far as it runs.
struct Edge<'a> {
    node: &'a NodeGradient,
    /// What reads the state: first halves of separable convolutions and dilated ones.
    stages: Vec<(Flow, StageGradient)>,
    pools: [Option<Vec<Normalisation>>; POOLS.len()],
    skip: Option<Skip>,
}

/// How the gradient of the planes of a stage comes about.
enum Flow {
    /// From that of the hidden planes, from one plane on of [`Hidden`].
    Hidden(Place, usize),
    /// From that of the node.
    Node(Place, Vec<Normalisation>),
}

enum Skip {
    /// The share.
    Identity(f32),
    Reduction(Box<ReductionGradient>),
}

struct ReductionGradient {
    first: usize,
    kernels: Reduction,
    normalisations: Vec<Normalisation>,
    /// Of its weights, among those of the source.
    sums: Range<usize>,
}

/// Buffers of one thread.
struct Scratch {
    /// The framed ReLU of the state.
    framed: Buffer,
    /// The ReLU of what reductions read.
    rectified: Buffer,
    /// Planes of one result.
    planes: Buffer,
    stage: StageScratch,
    pool: WindowScratch,
}

impl<'a> SourceGradient<'a> {
    pub(super) fn new(
        cell: &'a Cell,
        source: usize,
        [weights, shares, output_gradient]: [&'a [f32]; 3],
        nodes: &'a [NodeGradient],
        (hidden, wanted): (&'a Hidden, bool),
    ) -> Self {
        let plan = &cell.plan;
        let edges = plan.entries.leaving(source);
        let edges = edges.map(|edge| Edge::new(cell, edge, [weights, shares], nodes));
        SourceGradient {
            cell,
            source,
            hidden,
            output_gradient,
            edges: edges.collect(),
            bypass: BypassGradient::new(shares, source, nodes),
            pooling: wanted.then(|| plan.window(source)),
        }
    }

    /// The gradient of a node.
    pub(super) fn node(&self, weights: &mut EdgeSums, of_bypass: bool) -> NodeGradient {
        let plan = &self.cell.plan;
        let (chunk, batch) = (plan.chunks.size(), plan.shape.batch);
        let summation = Summation::new(self.cell, self.source, of_bypass);
        let (values, each) = (plan.node(), summation.len());
        let mut planes = Buffer::take(batch * values);
        let mut sums = vec![0.0; batch * each];
        let tasks: Vec<_> = plan
            .chunks
            .iter()
            .zip(planes.chunks_mut(chunk * values))
            .zip(sums.chunks_mut(chunk * each))
            .zip(weights.chunks())
            .collect();
        tasks.into_par_iter().for_each(|(((images, planes), sums), weights)| {
            let mut scratch = Scratch::new(plan, self.source);
            let of_images = planes.chunks_exact_mut(values).zip(sums.chunks_exact_mut(each));
            for (image, (planes, sums)) in images.zip(of_images) {
                self.image(image, &mut scratch, weights, planes);
                for (channel, to) in planes.chunks_exact_mut(plan.geometry.flat).enumerate() {
                    let place = [image, self.source, channel];
                    let plane = &mut scratch.pool.plane;
                    plan.geometry.flatten(output_rows(plan, self.output_gradient, place), plane);
                    add(plan.level, to, 0.0, &[(1.0, plane)], &plan.geometry.mask);
                }
                summation.image(image, planes, sums);
            }
        });
        NodeGradient::new(plan, self.source, planes, &sums)
    }

    /// Writes the gradient of an input, unless `input` is empty.
    pub(super) fn input(&self, input: &mut [f32], weights: &mut EdgeSums) {
        let plan = &self.cell.plan;
        let phases = plan.phases(self.source);
        let values = input.len() / plan.shape.batch;
        let mut pieces = Pieces(input, plan.chunks.size() * values);
        let tasks: Vec<_> = plan
            .chunks
            .iter()
            .zip(weights.chunks())
            .map(|(images, weights)| (images, weights, pieces.next()))
            .collect();
        tasks.into_par_iter().for_each(|(images, weights, input)| {
            let mut scratch = Scratch::new(plan, self.source);
            let mut planes = Buffer::take(usize::from(values > 0) * phases * plan.node());
            for (local, image) in images.enumerate() {
                self.image(image, &mut scratch, weights, &mut planes);
                let rows = item(input, local, values);
                let rows = rows.chunks_exact_mut(plan.shape.height * plan.shape.width);
                for (planes, rows) in planes.chunks_exact(phases * plan.geometry.flat).zip(rows) {
                    plan.scatter(self.source, planes, rows);
                }
            }
        });
    }

    /// Adds to the weights of one image, and writes the gradient of the state, `[channel, phase]`;
    /// either may be empty.
    fn image(&self, image: usize, scratch: &mut Scratch, weights: &mut [f32], to: &mut [f32]) {
        let plan = &self.cell.plan;
        let value = self.value(image);
        let mixed = plan.phases(self.source) * plan.mixed_node();
        let (value, _) = value.split_at(mixed);
        if self.edges.iter().any(|edge| !edge.stages.is_empty()) {
            frame_state(plan, value, &mut scratch.framed);
        }
        if self.edges.iter().any(|edge| matches!(edge.skip, Some(Skip::Reduction(_)))) {
            Reduction::rectify(plan, value, &mut scratch.rectified);
        }
        to.fill(0.0);
        for edge in &self.edges {
            self.stages(image, edge, scratch, weights, to);
            self.reduction(image, edge, scratch, weights, to);
        }
        if to.is_empty() {
            return;
        }
        let (mixed, around) = to.split_at_mut(mixed);
        relu_backward(plan.level, mixed, value);
        self.identity(image, mixed);
        self.pools(image, scratch, mixed);
        self.around(image, scratch, around);
    }

    /// Writes what comes back around the operations.
    fn around(&self, image: usize, scratch: &mut Scratch, to: &mut [f32]) {
        let plan = &self.cell.plan;
        let source = &self.cell.sources[self.source];
        let planes = plan.phases(self.source) * plan.geometry.flat;
        for (channel, to) in plan.bypass().zip(to.chunks_exact_mut(planes)) {
            if !plan.strided(self.source) {
                self.bypass.plane(plan, image, channel, to);
                continue;
            }
            let gradient = &mut scratch.pool.plane;
            self.bypass.plane(plan, image, channel, gradient);
            let phases = &self.value(image)[channel * planes..][..planes];
            bypass::halve_backward([phases, source.bypass(plan, image, channel)], gradient, to);
        }
    }

    /// The planes of one image of the state.
    fn value(&self, image: usize) -> &[f32] {
        let plan = &self.cell.plan;
        let values = plan.phases(self.source) * plan.node();
        &self.cell.sources[self.source].kept.value[image * values..][..values]
    }

    fn stages(
        &self,
        image: usize,
        edge: &Edge<'_>,
        scratch: &mut Scratch,
        weights: &mut [f32],
        to: &mut [f32],
    ) {
        let Plan { level, ref geometry, .. } = self.cell.plan;
        let plan = &self.cell.plan;
        for (flow, kernel) in &edge.stages {
            let results = scratch.stage.results.chunks_exact_mut(geometry.flat);
            for (channel, result) in results.enumerate() {
                let normalisation = match flow {
                    Flow::Hidden(_, first) => &self.hidden.normalisations[first + channel],
                    Flow::Node(_, normalisations) => &normalisations[channel],
                };
                let planes = self.flow_planes(edge, flow, [image, channel]);
                normalisation.apply(level, geometry, planes, result);
            }
            kernel.begin(&mut scratch.stage);
            let framed = scratch.framed.chunks_exact(scratch.framed.len() / plan.mixed());
            for of_channel in framed.enumerate() {
                let to = item(to, of_channel.0, plan.phases(self.source) * geometry.flat);
                kernel.channel(plan, of_channel, &mut scratch.stage, weights, (to, true));
            }
            kernel.end(plan, &mut scratch.stage, weights);
        }
    }

    /// The gradient of one plane of a stage's results, and the plane.
    fn flow_planes<'b>(
        &'b self,
        edge: &'b Edge<'_>,
        flow: &Flow,
        [image, channel]: [usize; 2],
    ) -> [&'b [f32]; 2] {
        let plan = &self.cell.plan;
        let value = |place| self.cell.sources[self.source].plane(plan, image, place, channel);
        match *flow {
            Flow::Hidden(place, first) => {
                let number = image * self.hidden.normalisations.len() + first + channel;
                [plan.geometry.plane(&self.hidden.planes, number), value(place)]
            }
            Flow::Node(place, _) => [edge.node.plane(plan, image, channel), value(place)],
        }
    }

    fn reduction(
        &self,
        image: usize,
        edge: &Edge<'_>,
        scratch: &mut Scratch,
        weights: &mut [f32],
        to: &mut [f32],
    ) {
        let Some(Skip::Reduction(of)) = &edge.skip else { return };
        let plan = &self.cell.plan;
        let results = scratch.stage.results.chunks_exact_mut(plan.geometry.flat);
        let first = &self.cell.sources[self.source].kept.first;
        for ((channel, result), normalisation) in results.enumerate().zip(&of.normalisations) {
            let value = first.plane(plan, image, of.first + channel);
            let planes = [edge.node.plane(plan, image, channel), value];
            normalisation.apply(plan.level, &plan.geometry, planes, result);
        }
        let from = [&scratch.stage.results[..], &scratch.rectified[..]];
        let weights = if weights.is_empty() { weights } else { &mut weights[of.sums.clone()] };
        of.kernels.backward(plan, from, &mut scratch.planes, weights, to);
    }

    /// Adds what comes back through skip connections that change nothing.
    fn identity(&self, image: usize, to: &mut [f32]) {
        let Plan { level, ref geometry, .. } = self.cell.plan;
        for (channel, to) in to.chunks_exact_mut(geometry.flat).enumerate() {
            let mut terms: Vec<Term<'_>> = Vec::with_capacity(self.edges.len());
            for edge in &self.edges {
                if let Some(Skip::Identity(share)) = edge.skip {
                    terms.push((share, edge.node.plane(&self.cell.plan, image, channel)));
                }
            }
            if terms.is_empty() {
                return;
            }
            add(level, to, 0.0, &terms, &geometry.mask);
        }
    }

    /// Adds what comes back through the pools.
    fn pools(&self, image: usize, scratch: &mut Scratch, to: &mut [f32]) {
        let (Some(pooling), plan) = (&self.pooling, &self.cell.plan) else { return };
        let each = plan.phases(self.source) * plan.geometry.flat;
        let channels = to.chunks_exact_mut(each).zip(self.value(image).chunks_exact(each));
        for (channel, (to, value)) in channels.enumerate() {
            if let Some(maximum) = self.pool_gradient(image, channel, 0, &mut scratch.pool.plane) {
                pooling.maximum_backward(plan.planes(), [value, maximum], &mut scratch.pool, to);
            }
            if self.pool_gradient(image, channel, 1, &mut scratch.pool.plane).is_some() {
                pooling.mean_backward(plan.planes(), &mut scratch.pool, to);
            }
        }
    }

    /// Writes the gradient of one plane of a pool, of all edges together; returns the plane, unless the
    /// pool does not run.
    fn pool_gradient(
        &self,
        image: usize,
        channel: usize,
        pool: usize,
        to: &mut [f32],
    ) -> Option<&[f32]> {
        let Plan { level, ref geometry, ref entries, .. } = self.cell.plan;
        let plan = &self.cell.plan;
        let of_source = &self.cell.sources[self.source].kept.first;
        let first = entries.results(self.source).pools[pool]?;
        let pooled = of_source.plane(plan, image, first + channel);
        let (mut slope, mut constant) = (0.0, 0.0);
        let mut terms: Vec<Term<'_>> = Vec::with_capacity(1 + self.edges.len());
        for edge in &self.edges {
            let Some(normalisations) = &edge.pools[pool] else { continue };
            let normalisation = normalisations[channel];
            slope += normalisation.slope;
            constant += normalisation.constant;
            terms.push((normalisation.factor, edge.node.plane(plan, image, channel)));
        }
        terms.push((slope, pooled));
        combine(level, to, constant, &terms, &geometry.mask);
        Some(pooled)
    }
}

impl<'a> Edge<'a> {
    fn new(
        cell: &Cell,
        edge: &entries::Edge,
        [weights, shares]: [&[f32]; 2],
        nodes: &'a [NodeGradient],
    ) -> Self {
        let plan = &cell.plan;
        let (source, node) = (edge.source, &nodes[LAST - edge.node]);
        let stride = plan.stride(source);
        let mut found = Edge { node, stages: Vec::new(), pools: [None, None], skip: None };
        for (number, entry) in edge.entries.iter().enumerate() {
            let normalisations = || node.normalisations(cell, shares, edge, number);
            if let Some(convolution) = entry.convolution() {
                let (flow, stage) = match entry.half {
                    Some(Half { first, gradient }) => {
                        (Flow::Hidden(Place::First(first), gradient), FIRST[convolution])
                    }
                    None => (Flow::Node(entry.place, normalisations()), SECOND[convolution]),
                };
                let of = StageOf { source, node: edge.node, stage, stride };
                found.stages.push((flow, of.gradient(plan, weights)));
            } else if let Some(pool) = POOLS.iter().position(|&of| of == entry.operation) {
                found.pools[pool] = Some(normalisations());
            } else {
                found.skip = Some(match entry.reduction() {
                    Some(first) => Skip::Reduction(Box::new(ReductionGradient {
                        first,
                        kernels: Reduction::new(plan, weights, source, edge.node),
                        normalisations: normalisations(),
                        sums: plan.sums_of(source, edge.node, Part::Reduction),
                    })),
                    None => Skip::Identity(share(shares, source, edge.node, SKIP)),
                });
            }
        }
        found
    }
}

impl Scratch {
    fn new(plan: &Plan, source: usize) -> Scratch {
        Scratch {
            framed: plan.frame.take(plan.phases(source) * plan.mixed(), 0.0),
            rectified: Buffer::take(if source < INPUTS { 2 * plan.mixed_node() } else { 0 }),
            planes: Buffer::take(plan.mixed_node()),
            stage: stage::scratch(plan),
            pool: WindowScratch::new(plan.planes(), plan.phases(source)),
        }
    }
}
