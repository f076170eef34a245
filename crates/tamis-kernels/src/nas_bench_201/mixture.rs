//! How a node is formed from the nodes before it: one weighted sum of everything that enters it.

use super::layout::{
    CONVOLUTIONS, Convolution, OUTPUT, POINTWISE, POOL, Plan, SKIP, SPATIAL, share,
};
use super::{Operands, Source};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::elementwise::{Term, add, add_neighbours, combine};

/// The sum that forms one node.
pub(super) struct Mixture<'a> {
    plan: &'a Plan,
    sources: &'a [Source],
    /// What enters as it is, by source.
    entries: Vec<(usize, Entry)>,
    /// `[channel, entry]`.
    factors: Vec<f32>,
    /// Sources that are pooled and their shares.
    pools: Vec<(usize, f32)>,
    /// Sources and their 1x1 convolutions that are not kept, normalised but for their constants; the first
    /// writes, the others add.
    pointwise: Vec<(usize, Correlation)>,
    /// Minus the means times the factors, summed: `[channel]`.
    constants: Vec<f32>,
}

/// Planes that are added without further work.
#[derive(Clone, Copy)]
enum Entry {
    /// Of a convolution whose results are kept, from this plane of its source on.
    Convolved(Convolution, usize),
    /// Of the source.
    Skip,
}

/// One bordered plane of one thread.
pub(super) struct Scratch {
    pooled: Buffer,
}

impl Scratch {
    pub(super) fn new(plan: &Plan) -> Self {
        Scratch { pooled: plan.geometry.take_bordered(1) }
    }
}

impl<'a> Mixture<'a> {
    /// The node after `sources`.
    pub(super) fn new(plan: &'a Plan, operands: &Operands<'_>, sources: &'a [Source]) -> Self {
        let node = sources.len();
        let running = |operation| (0..node).filter(move |&from| plan.runs(from, node, operation));
        let share = |source, operation| share(operands.shares, source, node, operation);
        let affine = Affine { plan, sources, shares: operands.shares };
        let entries = (0..node).flat_map(|source| entries(plan, source, node));
        let entries: Vec<(usize, Entry)> = entries.collect();
        let factors = (0..plan.shape.channels).flat_map(|channel| {
            let factor = move |&(source, entry): &(usize, Entry)| match entry {
                Entry::Convolved(of, _) => affine.of(of, channel, source).0 as f32,
                Entry::Skip => share(source, SKIP),
            };
            entries.iter().map(factor)
        });
        let computed_again =
            running(POINTWISE.operation).filter(|_| !plan.keeps(POINTWISE)).enumerate();
        let pointwise = computed_again.map(|(number, source)| {
            let factor = |channel| affine.of(POINTWISE, channel, source).0 as f32;
            (source, plan.pointwise(operands.weights, (source, node), factor, number > 0))
        });
        let constants = (0..plan.shape.channels).map(|channel| {
            let of_sources = (0..node).map(|source| {
                affine.of(SPATIAL, channel, source).1 + affine.of(POINTWISE, channel, source).1
            });
            of_sources.sum::<f64>() as f32
        });
        Mixture {
            plan,
            sources,
            factors: factors.collect(),
            pools: running(POOL).map(|source| (source, share(source, POOL))).collect(),
            pointwise: pointwise.collect(),
            constants: constants.collect(),
            entries,
        }
    }

    /// Writes the flat planes of one image of the node.
    pub(super) fn form(&self, image: usize, to: &mut [f32], scratch: &mut Scratch) {
        let geometry = &self.plan.geometry;
        for (source, kernel) in &self.pointwise {
            let value = self.plan.image(&self.sources[*source].value, image);
            kernel.apply(value, to);
        }
        for (channel, to) in to.chunks_exact_mut(geometry.flat).enumerate() {
            self.add_entries(image, channel, to);
            self.add_pooled(image, channel, to, &mut scratch.pooled);
        }
    }

    /// Adds skip connections, normalised convolutions that are kept, and the constants of all; writes
    /// them if there is nothing yet.
    fn add_entries(&self, image: usize, channel: usize, to: &mut [f32]) {
        let Plan { level, ref geometry, .. } = *self.plan;
        let mut terms: [Term; OUTPUT * 3] = [(0.0, &[]); OUTPUT * 3];
        let count = self.entries.len();
        let factors = &self.factors[channel * count..][..count];
        for ((term, &factor), &(number, entry)) in terms.iter_mut().zip(factors).zip(&self.entries)
        {
            let source = &self.sources[number];
            let plane = match entry {
                Entry::Convolved(_, first) => source.convolved(self.plan, image, first + channel),
                Entry::Skip => source.value(self.plan, image, channel),
            };
            *term = (factor, plane);
        }
        let (constant, terms) = (self.constants[channel], &terms[..count]);
        if self.pointwise.is_empty() {
            combine(level, to, constant, terms, &geometry.mask);
        } else {
            add(level, to, constant, terms, &geometry.mask);
        }
    }

    /// Pooling is linear: the sources are added first and pooled once.
    fn add_pooled(&self, image: usize, channel: usize, to: &mut [f32], pooled: &mut [f32]) {
        if self.pools.is_empty() {
            return;
        }
        let Plan { level, ref geometry, .. } = *self.plan;
        let mut terms: [Term; OUTPUT] = [(0.0, &[]); OUTPUT];
        for (term, &(source, share)) in terms.iter_mut().zip(&self.pools) {
            *term = (share, self.sources[source].value(self.plan, image, channel));
        }
        let terms = &terms[..self.pools.len()];
        combine(level, geometry.inner(pooled), 0.0, terms, &geometry.mask);
        let corner = &pooled[geometry.tap(0, 0)..];
        add_neighbours(level, to, &geometry.inverse_count, corner, geometry.stride);
    }
}

/// What of one edge is added without further work.
fn entries(plan: &Plan, source: usize, node: usize) -> impl Iterator<Item = (usize, Entry)> {
    let runs = move |operation| plan.runs(source, node, operation);
    let kept = CONVOLUTIONS.into_iter().filter(move |&of| plan.keeps(of) && runs(of.operation));
    let convolved = kept.map(move |of| Entry::Convolved(of, plan.plane(source, node, of)));
    let skip = runs(SKIP).then_some(Entry::Skip);
    convolved.chain(skip).map(move |entry| (source, entry))
}

/// What normalisation and share make of the convolutions that enter a node.
#[derive(Clone, Copy)]
struct Affine<'a> {
    plan: &'a Plan,
    /// All before the node.
    sources: &'a [Source],
    shares: &'a [f32],
}

impl Affine<'_> {
    /// Factor and constant of one channel; zeros for what does not run.
    fn of(&self, of: Convolution, channel: usize, source: usize) -> (f64, f64) {
        let node = self.sources.len();
        if !self.plan.runs(source, node, of.operation) {
            return (0.0, 0.0);
        }
        let plane = self.plan.plane(source, node, of) + channel;
        let statistics = self.sources[source].statistics[plane];
        let share = share(self.shares, source, node, of.operation);
        let factor = f64::from(share) * statistics.inverse_deviation();
        (factor, -factor * statistics.mean)
    }
}
