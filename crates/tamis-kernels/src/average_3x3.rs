//! 3x3 means with stride 1 and a border of one over plain planes, and their gradient.
//!
//! Neither needs a frame: columns of three are added first, with a zero at either end of each row, then
//! rows of three of those. The gradient is the same sum, of values that are divided before instead of after.

#![allow(unsafe_code)]

use crate::buffer::Buffer;
use crate::destination::put;
use crate::simd::{Level, by_level};

/// The means of planes of one size.
pub(crate) struct Average {
    level: Level,
    width: usize,
    /// One over the number of pixels of each window that lie in the image.
    inverse_count: Vec<f32>,
}

/// Buffers of one thread.
pub(crate) struct AverageScratch {
    /// Sums of three pixels below one another, each row between two zeros.
    columns: Buffer,
    /// A plane of divided values.
    divided: Buffer,
}

impl Average {
    pub(crate) fn new(level: Level, [height, width]: [usize; 2]) -> Average {
        let reach = |at: usize, size: usize| (at + 2).min(size) - at.saturating_sub(1);
        let counts =
            (0..height * width).map(|at| reach(at / width, height) * reach(at % width, width));
        Average { level, width, inverse_count: counts.map(|count| 1.0 / count as f32).collect() }
    }

    pub(crate) fn scratch(&self) -> AverageScratch {
        let pixels = self.inverse_count.len();
        AverageScratch {
            columns: Buffer::zeros(pixels + 2 * pixels / self.width),
            divided: Buffer::take(pixels),
        }
    }

    /// Writes the means of one plane, or adds them (`keep`).
    pub(crate) fn forward(
        &self,
        from: &[f32],
        to: &mut [f32],
        keep: bool,
        scratch: &mut AverageScratch,
    ) {
        let AverageScratch { columns, divided } = scratch;
        sum_neighbours(self.level, self.width, from, columns, divided, false);
        multiply(self.level, divided, &self.inverse_count, to, keep);
    }

    /// Writes what comes back through the means of one plane, or adds it (`keep`).
    pub(crate) fn backward(
        &self,
        gradient: &[f32],
        to: &mut [f32],
        keep: bool,
        scratch: &mut AverageScratch,
    ) {
        let AverageScratch { columns, divided } = scratch;
        multiply(self.level, gradient, &self.inverse_count, divided, false);
        sum_neighbours(self.level, self.width, divided, columns, to, keep);
    }
}

by_level! {
    /// The sum of the 3x3 neighbours of each pixel.
    fn sum_neighbours(
        width: usize, from: &[f32], columns: &mut [f32], to: &mut [f32], keep: bool,
    ) = sum_neighbours_any;
    avx512 [], avx2 [], portable []
}

by_level! {
    fn multiply(from: &[f32], factors: &[f32], to: &mut [f32], keep: bool) = multiply_any;
    avx512 [], avx2 [], portable []
}

/// # Safety
/// None is needed: plain code, which the compiler turns into the vectors of a level.
#[inline(always)]
unsafe fn sum_neighbours_any(
    width: usize,
    from: &[f32],
    columns: &mut [f32],
    to: &mut [f32],
    keep: bool,
) {
    // All columns before all rows: what was just stored is not read at another offset at once.
    for (y, columns) in columns.chunks_exact_mut(width + 2).enumerate() {
        let columns = &mut columns[1..=width];
        let row = |y: usize| &from[y * width..][..width];
        columns.copy_from_slice(row(y));
        if y > 0 {
            columns.iter_mut().zip(row(y - 1)).for_each(|(sum, above)| *sum += above);
        }
        if (y + 2) * width <= from.len() {
            columns.iter_mut().zip(row(y + 1)).for_each(|(sum, below)| *sum += below);
        }
    }
    for (to, columns) in to.chunks_exact_mut(width).zip(columns.chunks_exact(width + 2)) {
        let (left, middle, right) = (columns, &columns[1..], &columns[2..]);
        for (((to, left), middle), right) in to.iter_mut().zip(left).zip(middle).zip(right) {
            put(to, left + middle + right, keep);
        }
    }
}

/// # Safety
/// As [`sum_neighbours_any`].
#[inline(always)]
unsafe fn multiply_any(from: &[f32], factors: &[f32], to: &mut [f32], keep: bool) {
    for ((to, from), factor) in to.iter_mut().zip(from).zip(factors) {
        put(to, from * factor, keep);
    }
}
