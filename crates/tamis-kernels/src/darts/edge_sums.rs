//! Sums for the weights of the edges that leave one state, a piece a chunk of images, so that they add
//! up alike for any number of threads.

use super::layout::{Plan, destinations, edge_weights};
use crate::buffer::Buffer;
use rayon::prelude::*;
use std::ops::Range;

/// The images of every chunk.
pub(super) fn in_chunks(plan: &Plan) -> impl Iterator<Item = Range<usize>> {
    let (batch, schedule) = (plan.shape.batch, plan.schedule);
    (0..batch.div_ceil(schedule.chunk)).map(move |chunk| schedule.images(chunk, batch))
}

/// Weights that a thread adds up at a time.
const BLOCK: usize = 4096;

/// Sums for the weights of all edges that leave one source: `[chunk, edge, weight]`, or empty. The
/// first pass over the chunks has to clear them.
pub(super) struct EdgeSums {
    source: usize,
    buffer: Buffer,
    /// Floats of a chunk.
    each: usize,
}

impl EdgeSums {
    pub(super) fn new(plan: &Plan, source: usize, wanted: bool) -> EdgeSums {
        let edges = destinations(source).count();
        let each = usize::from(wanted) * edges * edge_weights(&plan.shape, source);
        EdgeSums { source, buffer: Buffer::take(in_chunks(plan).count() * each), each }
    }

    /// The sums of every chunk.
    pub(super) fn chunks(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let mut pieces = crate::schedule::Pieces(&mut self.buffer, self.each);
        std::iter::repeat_with(move || pieces.next())
    }

    /// Adds the chunks in order to the gradient of all weights.
    pub(super) fn add_to(&self, plan: &Plan, weights: &mut [f32]) {
        let edge = edge_weights(&plan.shape, self.source);
        for (ordinal, node) in destinations(self.source).enumerate() {
            let weights = weights[plan.edge_weights(self.source, node)].par_chunks_mut(BLOCK);
            weights.enumerate().for_each(|(block, weights)| {
                for sums in self.buffer.chunks_exact(self.each) {
                    let sums = &sums[ordinal * edge + block * BLOCK..];
                    weights.iter_mut().zip(sums).for_each(|(weight, sum)| *weight += sum);
                }
            });
        }
    }
}
