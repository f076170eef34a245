//! How a batch is cut into chunks, the unit of work of a thread and of a partial sum of weight
//! gradients. It depends on the size of the batch only, never on the number of threads.

use crate::buffer::Buffer;
use rayon::prelude::*;
use std::ops::Range;

/// At most so many chunks, each of which owns a partial sum of the weight gradients.
const MAX_CHUNKS: usize = 16;

/// The cutting of one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// Images of a chunk; the last may have fewer.
    pub(crate) chunk: usize,
}

impl Schedule {
    /// For `batch` images.
    pub(crate) fn new(batch: usize) -> Schedule {
        Schedule { chunk: batch.div_ceil(MAX_CHUNKS) }
    }

    /// The images of one chunk of a batch.
    pub(crate) fn images(&self, chunk: usize, batch: usize) -> Range<usize> {
        chunk * self.chunk..((chunk + 1) * self.chunk).min(batch)
    }
}

/// Runs `work` on every chunk of a batch with its images, its part of `values`, which is of all images
/// or empty, and a partial sum of `sum` floats that starts at zero. Returns the partial sums in order.
pub(crate) fn in_chunks(
    batch: usize,
    values: &mut [f32],
    sum: usize,
    work: impl Fn(Range<usize>, &mut [f32], &mut [f32]) + Sync,
) -> Buffer {
    let schedule = Schedule::new(batch);
    let chunks = batch.div_ceil(schedule.chunk);
    let mut sums = Buffer::take(chunks * sum);
    let each = values.len() / batch;
    let mut values = Pieces(values, schedule.chunk * each);
    let mut pieces = Pieces(&mut sums, sum);
    let tasks: Vec<_> = (0..chunks)
        .map(|chunk| (schedule.images(chunk, batch), values.next(), pieces.next()))
        .collect();
    tasks.into_par_iter().for_each(|(images, values, sum)| {
        sum.fill(0.0);
        work(images, values, sum);
    });
    sums
}

/// Hands out a slice piece by piece, of so many items; pieces of nothing when it is empty.
pub(crate) struct Pieces<'a, T = f32>(pub(crate) &'a mut [T], pub(crate) usize);

impl<'a, T> Pieces<'a, T> {
    /// The next piece; the last may be shorter.
    pub(crate) fn next(&mut self) -> &'a mut [T] {
        let rest = std::mem::take(&mut self.0);
        let (piece, rest) = rest.split_at_mut(self.1.min(rest.len()));
        self.0 = rest;
        piece
    }
}

/// One of the pieces of `len` items in a slice, or nothing of an empty one.
pub(crate) fn item<T>(slice: &mut [T], number: usize, len: usize) -> &mut [T] {
    if slice.is_empty() { slice } else { &mut slice[number * len..(number + 1) * len] }
}
