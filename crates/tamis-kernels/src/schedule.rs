//! Who works on which chunk of a batch: chunks are the unit of work of a thread and of a partial sum of
//! weight gradients. How many there are, and how they are added up, is said in [`crate::chunks`].

use crate::buffer::Buffer;
use crate::chunks::Chunks;
use rayon::prelude::*;
use std::ops::Range;

/// Runs `work` on every chunk of a batch with its images, its part of `values`, which is of all images
/// or empty, and a partial sum of `sum` floats that starts at zero. Returns the partial sums in order.
pub(crate) fn in_chunks(
    batch: usize,
    values: &mut [f32],
    sum: usize,
    work: impl Fn(Range<usize>, &mut [f32], &mut [f32]) + Sync,
) -> Buffer {
    let chunks = Chunks::of(batch);
    let mut sums = Buffer::take(chunks.count() * sum);
    let each = values.len() / batch;
    let mut values = Pieces(values, chunks.size() * each);
    let mut pieces = Pieces(&mut sums, sum);
    let tasks: Vec<_> =
        chunks.iter().map(|images| (images, values.next(), pieces.next())).collect();
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
