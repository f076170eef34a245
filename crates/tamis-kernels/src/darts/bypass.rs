//! Channels that go around the operations of an edge (PC-DARTS: Xu et al., "PC-DARTS: partial channel
//! connections for memory-efficient architecture search", ICLR 2020).
//!
//! Of every state only the first channels are mixed, one in [`super::CellShape::partial`]. The others enter
//! the node as they are, or, on an edge of stride 2, as the maxima of squares of 2x2 pixels, times the sum of
//! the edge's shares: the shares of an edge add up to its edge weight. Then the channels of the node are
//! shuffled; see [`Plan::shuffled`].

use super::Source;
use super::layout::Plan;
use super::node_gradient::NodeGradient;
use super::numbering::{LAST, OPERATIONS, edge};
use crate::elementwise::{Term, combine};

/// The factor of what goes around an edge: the sum of its shares, running or not.
pub(super) fn factor(shares: &[f32], source: usize, node: usize) -> f32 {
    let shares = &shares[edge(source, node) * OPERATIONS..][..OPERATIONS];
    shares.iter().map(|&share| f64::from(share)).sum::<f64>() as f32
}

/// What goes around the edges that enter one node.
pub(super) struct Bypass<'a> {
    plan: &'a Plan,
    sources: &'a [Source],
    /// Of every source.
    factors: Vec<f32>,
}

impl<'a> Bypass<'a> {
    /// Of the node after `sources`.
    pub(super) fn new(plan: &'a Plan, shares: &[f32], sources: &'a [Source]) -> Self {
        let node = sources.len();
        let factors = (0..node).map(|source| factor(shares, source, node));
        Bypass { plan, sources, factors: factors.collect() }
    }

    /// Writes the planes of one image of the node that are not mixed.
    pub(super) fn form(&self, image: usize, to: &mut [f32]) {
        let Plan { level, ref geometry, .. } = *self.plan;
        for channel in self.plan.bypass() {
            let mut terms: [Term<'_>; LAST] = [(0.0, &[]); LAST];
            let sources = self.factors.iter().zip(self.sources);
            for (term, (&factor, source)) in terms.iter_mut().zip(sources) {
                *term = (factor, source.bypass(self.plan, image, channel));
            }
            let terms = &terms[..self.sources.len()];
            let to = &mut to[self.plan.shuffled(channel) * geometry.flat..][..geometry.flat];
            combine(level, to, 0.0, terms, &geometry.mask);
        }
    }
}

/// What comes back around the edges that leave one state.
pub(super) struct BypassGradient<'a> {
    /// Nodes and factors.
    edges: Vec<(&'a NodeGradient, f32)>,
}

impl<'a> BypassGradient<'a> {
    /// Of edges from `source` to `nodes`.
    pub(super) fn new(shares: &[f32], source: usize, nodes: &'a [NodeGradient]) -> Self {
        let edges = nodes.iter().map(|node| (node, factor(shares, source, node.node)));
        BypassGradient { edges: edges.collect() }
    }

    /// Writes the gradient of the planes of one channel that is not mixed, before it was halved.
    pub(super) fn plane(&self, plan: &Plan, image: usize, channel: usize, to: &mut [f32]) {
        let mut terms: [Term<'_>; LAST] = [(0.0, &[]); LAST];
        for (term, &(node, factor)) in terms.iter_mut().zip(&self.edges) {
            *term = (factor, node.plane(plan, image, channel));
        }
        combine(plan.level, to, 0.0, &terms[..self.edges.len()], &plan.geometry.mask);
    }
}

/// Writes the largest of the four phases of every channel that is not mixed.
pub(super) fn halve(plan: &Plan, value: &[f32], to: &mut [f32]) {
    let flat = plan.geometry.flat;
    let value = &value[4 * plan.mixed() * flat..];
    for (to, phases) in to.chunks_exact_mut(flat).zip(value.chunks_exact(4 * flat)) {
        let (first, rest) = phases.split_at(flat);
        to.copy_from_slice(first);
        for phase in rest.chunks_exact(flat) {
            to.iter_mut().zip(phase).for_each(|(to, &value)| *to = larger(*to, value));
        }
    }
}

/// The larger of two numbers, one that is none before any other.
fn larger(a: f32, b: f32) -> f32 {
    if a >= b || a.is_nan() { a } else { b }
}

/// Adds the gradient of one plane of [`halve`] to those of its four phases: to the first that is largest.
/// Zeroes it on the way.
pub(super) fn halve_backward([phases, halved]: [&[f32]; 2], gradient: &mut [f32], to: &mut [f32]) {
    let flat = halved.len();
    for (phase, to) in phases.chunks_exact(flat).zip(to.chunks_exact_mut(flat)) {
        let pixels = to.iter_mut().zip(&mut *gradient);
        for ((to, gradient), (value, largest)) in pixels.zip(phase.iter().zip(halved)) {
            let passed = if value == largest { *gradient } else { 0.0 };
            *to += passed;
            *gradient = if value == largest { 0.0 } else { *gradient };
        }
    }
}
