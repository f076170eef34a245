//! Sums for the weights of the edges that leave one state, a piece a chunk of images, so that they add
//! up alike for any number of threads.

use super::layout::Plan;
use crate::buffer::Buffer;
use crate::chunks;
use crate::schedule::Pieces;
use rayon::prelude::*;

/// Weights that a thread adds up at a time.
const BLOCK: usize = 4096;

/// Sums for the weights of everything that runs on the edges that leave one source: `[chunk, weight]` in
/// the order of [`Plan::sums`], or empty. The first pass over the chunks has to clear them.
pub(super) struct EdgeSums {
    source: usize,
    buffer: Buffer,
    /// Floats of a chunk.
    each: usize,
}

impl EdgeSums {
    pub(super) fn new(plan: &Plan, source: usize, wanted: bool) -> EdgeSums {
        let len = plan.sums(source).last().map_or(0, |(_, _, place)| place.end);
        let each = usize::from(wanted) * len;
        EdgeSums { source, buffer: Buffer::take(plan.chunks.count() * each), each }
    }

    /// The sums of every chunk.
    pub(super) fn chunks(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let mut pieces = Pieces(&mut self.buffer, self.each);
        std::iter::repeat_with(move || pieces.next())
    }

    /// Clears all of them.
    pub(super) fn clear(&mut self) {
        self.buffer.fill(0.0);
    }

    /// Writes the sums of all chunks to the gradient of all weights.
    pub(super) fn write_to(&self, plan: &Plan, weights: &mut [f32]) {
        if self.each == 0 {
            return;
        }
        let (mut rest, mut passed) = (weights, 0);
        let mut blocks = Vec::new();
        for (edge, part, place) in plan.sums(self.source) {
            let range = plan.part_weights(self.source, edge.node, part);
            let (_, from) = rest.split_at_mut(range.start - passed);
            let (weights, after) = from.split_at_mut(range.len());
            (rest, passed) = (after, range.end);
            blocks.extend(place.step_by(BLOCK).zip(weights.chunks_mut(BLOCK)));
        }
        blocks.into_par_iter().for_each(|(first, weights)| {
            chunks::add(&self.buffer, self.each, first, weights);
        });
    }
}
