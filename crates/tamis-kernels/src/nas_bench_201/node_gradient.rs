//! The gradient of one node, and what the node before it needs of its sums over the batch.

use super::Saved;
use super::forward::flatten;
use super::layout::{CONVOLUTIONS, Convolution, OUTPUT, Plan};
use super::summation::{Summation, sums_of};
use crate::buffer::Buffer;
use rayon::prelude::*;

/// The gradient of a node and its sums over the batch.
pub(super) struct NodeGradient {
    node: usize,
    /// Flat planes, `[image, channel]`.
    pub(super) planes: Buffer,
    /// `[channel, sum]`; see [`Summation`].
    totals: Vec<f64>,
}

impl NodeGradient {
    /// Adds `sums`, `[image, channel, sum]`, over the batch; zeros if there are none.
    pub(super) fn new(saved: &Saved, node: usize, planes: Buffer, sums: &[f32]) -> Self {
        let each = sums_of(node) * saved.plan.shape.channels;
        let totals = match sums {
            [] => vec![0.0; each],
            sums => saved.plan.chunks.totals(sums, each),
        };
        NodeGradient { node, planes, totals }
    }

    /// Of a node that nothing leaves.
    pub(super) fn none(saved: &Saved, node: usize) -> Self {
        NodeGradient::new(saved, node, Buffer::default(), &[])
    }

    /// Of the output, from the gradient of the loss.
    pub(super) fn of_output(saved: &Saved, weights: &[f32], gradient: &[f32]) -> Self {
        let Plan { shape, chunks, .. } = saved.plan;
        let (values, image_sum_values) = (saved.plan.node(), sums_of(OUTPUT) * shape.channels);
        let mut planes = Buffer::take(shape.batch * values);
        let mut sums = vec![0.0; shape.batch * image_sum_values];
        let summation = Summation::new(saved, weights, OUTPUT);
        let pieces = planes
            .par_chunks_mut(chunks.size() * values)
            .zip(sums.par_chunks_mut(chunks.size() * image_sum_values));
        pieces.enumerate().for_each(|(number, (planes, sums))| {
            let mut scratch = summation.scratch();
            let of_images =
                planes.chunks_exact_mut(values).zip(sums.chunks_exact_mut(image_sum_values));
            for (image, (planes, sums)) in (number * chunks.size()..).zip(of_images) {
                flatten(&saved.plan, gradient, image, planes);
                summation.image(image, planes, sums, &mut scratch);
            }
        });
        NodeGradient::new(saved, OUTPUT, planes, &sums)
    }

    /// `sum(g)` of a channel.
    pub(super) fn total(&self, channel: usize) -> f64 {
        self.totals[channel * sums_of(self.node)]
    }

    /// `sum(g (y - mean))` of a channel of one convolution.
    pub(super) fn product(&self, channel: usize, source: usize, of: Convolution) -> f64 {
        let place = 1 + source * CONVOLUTIONS.len() + of.number;
        self.totals[channel * sums_of(self.node) + place]
    }
}
