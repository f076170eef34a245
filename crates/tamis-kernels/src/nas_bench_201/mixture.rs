//! How a node is formed from the nodes before it: one weighted sum of everything that enters it.

use super::layout::{Convolution, OUTPUT, POINTWISE, POOL, Plan, SKIP, SPATIAL, share};
use super::{Operands, Source};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::elementwise::{Term, add, add_neighbours, combine};

/// The sum that forms one node.
pub(super) struct Mixture<'a> {
    plan: &'a Plan,
    sources: &'a [Source],
    skip: Vec<f32>,
    pool: Vec<f32>,
    /// Factors of the planes of the 3x3 convolutions: `[channel, source]`.
    spatial: Vec<f32>,
    /// The 1x1 convolution of each source, normalised but for its constant; the first writes, the
    /// others add.
    pointwise: Vec<Correlation>,
    /// Minus the means times the factors, summed: `[channel]`.
    constants: Vec<f32>,
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
        let of_operation = |operation| -> Vec<f32> {
            (0..node).map(|source| share(operands.shares, source, node, operation)).collect()
        };
        let affine = |of: Convolution, channel: usize, source: usize| {
            let statistics = sources[source].statistics[plan.plane(source, node, of) + channel];
            let share = share(operands.shares, source, node, of.operation);
            let factor = f64::from(share) * statistics.inverse_deviation();
            (factor, -factor * statistics.mean)
        };
        let channels = 0..plan.shape.channels;
        let factor = |of, channel, source: usize| affine(of, channel, source).0 as f32;
        let spatial = channels
            .clone()
            .flat_map(|channel| (0..node).map(move |source| factor(SPATIAL, channel, source)));
        let pointwise = (0..node).map(|source| {
            plan.pointwise(
                operands.weights,
                (source, node),
                |channel| factor(POINTWISE, channel, source),
                source > 0,
            )
        });
        let constants = channels.map(|channel| {
            let of_sources = (0..node).map(|source| {
                affine(SPATIAL, channel, source).1 + affine(POINTWISE, channel, source).1
            });
            of_sources.sum::<f64>() as f32
        });
        Mixture {
            plan,
            sources,
            skip: of_operation(SKIP),
            pool: of_operation(POOL),
            spatial: spatial.collect(),
            pointwise: pointwise.collect(),
            constants: constants.collect(),
        }
    }

    /// Writes the flat planes of one image of the node.
    pub(super) fn form(&self, image: usize, to: &mut [f32], scratch: &mut Scratch) {
        let geometry = &self.plan.geometry;
        for (source, kernel) in self.sources.iter().zip(&self.pointwise) {
            kernel.apply(self.plan.image(&source.value, image), to, geometry.flat);
        }
        for (channel, to) in to.chunks_exact_mut(geometry.flat).enumerate() {
            self.add_spatial(image, channel, to);
            self.add_pooled(image, channel, to, &mut scratch.pooled);
        }
    }

    /// Skip connections, normalised 3x3 convolutions, and the constants of both convolutions.
    fn add_spatial(&self, image: usize, channel: usize, to: &mut [f32]) {
        let Plan { level, ref geometry, .. } = *self.plan;
        let node = self.sources.len();
        let mut terms: [Term; OUTPUT * 2] = [(0.0, &[]); OUTPUT * 2];
        for (number, source) in self.sources.iter().enumerate() {
            let plane = self.plan.plane(number, node, SPATIAL) + channel;
            let factor = self.spatial[channel * node + number];
            terms[2 * number] = (factor, source.convolved(self.plan, image, plane));
            terms[2 * number + 1] = (self.skip[number], source.value(self.plan, image, channel));
        }
        add(level, to, self.constants[channel], &terms[..2 * node], &geometry.mask);
    }

    /// Pooling is linear: the sources are added first and pooled once.
    fn add_pooled(&self, image: usize, channel: usize, to: &mut [f32], pooled: &mut [f32]) {
        let Plan { level, ref geometry, .. } = *self.plan;
        let mut terms: [Term; OUTPUT] = [(0.0, &[]); OUTPUT];
        for (number, source) in self.sources.iter().enumerate() {
            terms[number] = (self.pool[number], source.value(self.plan, image, channel));
        }
        let terms = &terms[..self.sources.len()];
        combine(level, geometry.inner(pooled), 0.0, terms, &geometry.mask);
        let corner = &pooled[geometry.tap(0, 0)..];
        add_neighbours(level, to, &geometry.inverse_count, corner, geometry.stride);
    }
}
