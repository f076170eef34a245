//! Depthwise convolution, and its gradient with respect to its input: every channel by itself.
//!
//! A kernel is a set of *columns*, each a run of taps below one another. A tile of output rows is
//! held in registers, and every source vector that is read serves all taps of its column. Strides
//! are phases: with stride 2 a kernel reads four planes of the output's size, even or odd rows by
//! even or odd columns. The mirrored kernel gives the gradient of each phase. Weights are the
//! caller's; their gradient is in [`crate::depthwise_weights`].

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

use crate::frame::{Frame, load_within, store_row};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Vector, by_level};
use std::collections::BTreeMap;

/// What one tap reads, relative to an output pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    /// Twice the parity of the row, plus that of the column; 0 with stride 1.
    pub(crate) phase: usize,
    pub(crate) row: isize,
    pub(crate) column: isize,
}

/// The taps of a square kernel, along rows, with the border that keeps the size.
pub(crate) fn taps(size: usize, dilation: usize, stride: usize) -> Vec<Tap> {
    let split = |place| split(place, size, dilation, stride);
    let taps = (0..size * size).map(|tap| {
        let ((row_phase, row), (column_phase, column)) = (split(tap / size), split(tap % size));
        Tap { phase: 2 * row_phase + column_phase, row, column }
    });
    taps.collect()
}

/// The phase of a row or column of a kernel, and which of that phase it reads.
fn split(place: usize, size: usize, dilation: usize, stride: usize) -> (usize, isize) {
    let position = (place * dilation) as isize - ((size - 1) * dilation / 2) as isize;
    let stride = stride as isize;
    (position.rem_euclid(stride) as usize, position.div_euclid(stride))
}

/// The taps of a kernel in columns of equal height.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// Taps of a column: 2, 3 or 5.
    pub(crate) rows: usize,
    /// Rows from one tap of a column to the next.
    pub(crate) spacing: usize,
    /// Place of each column's first tap for the first pixel.
    pub(crate) offsets: Vec<usize>,
    /// `[column, row]`: which tap of the kernel it is; absent where a column has fewer.
    pub(crate) taps: Vec<Option<usize>>,
    /// Framed planes of a channel of the source.
    pub(crate) planes: usize,
}

impl Columns {
    /// Of `taps`, each with its number, on a source of so many framed planes a channel.
    fn new(frame: &Frame, taps: impl Iterator<Item = (usize, Tap)>, planes: usize) -> Columns {
        let mut columns = BTreeMap::<(usize, isize), Vec<(isize, usize)>>::new();
        for (number, tap) in taps {
            columns.entry((tap.phase, tap.column)).or_default().push((tap.row, number));
        }
        columns.values_mut().for_each(|rows| rows.sort_unstable());
        let longest = columns.values().max_by_key(|rows| rows.len());
        let spacing = match longest.map(Vec::as_slice) {
            Some([first, second, ..]) => (second.0 - first.0) as usize,
            _ => 1,
        };
        // Tiles are compiled for these heights.
        let rows = match longest.map_or(0, Vec::len) {
            0..=2 => 2,
            3 => 3,
            _ => 5,
        };
        let offsets = columns
            .iter()
            .map(|(&(phase, column), taps)| phase * frame.len + frame.place(taps[0].0, column));
        let numbers = columns
            .values()
            .flat_map(|taps| (0..rows).map(move |row| taps.get(row).map(|tap| tap.1)));
        Columns { rows, spacing, offsets: offsets.collect(), taps: numbers.collect(), planes }
    }

    /// Of a convolution: all taps, on a source of so many phases.
    pub(crate) fn forward(frame: &Frame, taps: &[Tap], phases: usize) -> Columns {
        Columns::new(frame, taps.iter().copied().enumerate(), phases)
    }

    /// Of the gradient of one phase of its input: the taps that read it, mirrored.
    pub(crate) fn backward(frame: &Frame, taps: &[Tap], phase: usize) -> Columns {
        let of_phase = taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase);
        let mirrored = of_phase
            .map(|(number, tap)| (number, Tap { phase: 0, row: -tap.row, column: -tap.column }));
        Columns::new(frame, mirrored, 1)
    }
}

/// A kernel with its weights.
#[derive(Clone, Debug)]
pub(crate) struct Depthwise {
    level: Level,
    frame: Frame,
    pub(crate) columns: Columns,
    /// `[channel, column, row]`.
    weights: Vec<f32>,
}

impl Depthwise {
    /// Packs `weights`, `[channel, tap]`, of kernels of `taps` taps.
    pub(crate) fn new(
        level: Level,
        frame: &Frame,
        columns: Columns,
        weights: &[f32],
        taps: usize,
    ) -> Depthwise {
        let weights = weights.chunks_exact(taps).flat_map(|weights| {
            columns.taps.iter().map(move |tap| tap.map_or(0.0, |tap| weights[tap]))
        });
        let weights = weights.collect();
        Depthwise { level, frame: frame.clone(), columns, weights }
    }

    /// Writes the dense plane of one channel, or adds to it (`keep`), from the channel's framed
    /// planes. What lies after the pixels of a plane stays as it is.
    ///
    /// # Panics
    /// If a slice is too short for that.
    pub(crate) fn channel(&self, channel: usize, source: &[f32], to: &mut [f32], keep: bool) {
        let each = self.columns.taps.len();
        let weights = &self.weights[channel * each..][..each];
        let source = &source[..self.columns.planes * self.frame.len];
        let to = &mut to[..self.frame.height * self.frame.width];
        convolve(self.level, self, source, weights, to, keep);
    }
}

by_level! {
    /// One channel.
    fn convolve(
        job: &Depthwise, source: &[f32], weights: &[f32], to: &mut [f32], keep: bool,
    ) = convolve_any;
    avx512 [Avx512, Avx2, 8], avx2 [Avx2, Avx2, 4], portable [Four, Four, 2]
}

/// Rows of the largest source block: those of a tile and what a column reaches below them.
const BLOCK: usize = 12;

/// Narrow planes are worked in the narrower vector `H`, so that fewer lanes lie beyond the row.
///
/// # Safety
/// The machine has the instructions of `V` and `H`; the slices are one channel of a valid job.
#[inline(always)]
unsafe fn convolve_any<V: Vector, H: Vector, const R: usize>(
    job: &Depthwise,
    source: &[f32],
    weights: &[f32],
    to: &mut [f32],
    keep: bool,
) {
    // SAFETY: the caller's promise; the height of columns is matched.
    unsafe {
        match (job.columns.rows, job.frame.width <= H::LANES) {
            (2, false) => convolve_plane::<V, R, 2>(job, source, weights, to, keep),
            (3, false) => convolve_plane::<V, R, 3>(job, source, weights, to, keep),
            (_, false) => convolve_plane::<V, R, 5>(job, source, weights, to, keep),
            (2, true) => convolve_plane::<H, R, 2>(job, source, weights, to, keep),
            (3, true) => convolve_plane::<H, R, 3>(job, source, weights, to, keep),
            (_, true) => convolve_plane::<H, R, 5>(job, source, weights, to, keep),
        }
    }
}

/// Rows that are `spacing` apart share source rows, so tiles are made of such rows.
///
/// # Safety
/// As [`convolve_any`], with columns of `K` taps.
#[inline(always)]
unsafe fn convolve_plane<V: Vector, const R: usize, const K: usize>(
    job: &Depthwise,
    source: &[f32],
    weights: &[f32],
    to: &mut [f32],
    keep: bool,
) {
    let Frame { height, width, .. } = job.frame;
    let spacing = job.columns.spacing;
    for first in 0..spacing.min(height) {
        let mut y = first;
        while y < height {
            let left = (height - y).div_ceil(spacing);
            let rows = [R, 4, 2].into_iter().find(|&rows| rows <= left.min(R)).unwrap_or(1);
            for x in (0..width).step_by(V::LANES) {
                // SAFETY: `rows` rows from `y` and the pixel `x` exist; so do their neighbours.
                unsafe {
                    match rows {
                        1 => convolve_tile::<V, 1, K>(job, source, weights, to, keep, [y, x]),
                        2 => convolve_tile::<V, 2, K>(job, source, weights, to, keep, [y, x]),
                        4 => convolve_tile::<V, 4, K>(job, source, weights, to, keep, [y, x]),
                        _ => convolve_tile::<V, R, K>(job, source, weights, to, keep, [y, x]),
                    }
                }
            }
            y += rows * spacing;
        }
    }
}

/// # Safety
/// As [`convolve_plane`], and the `R` rows from `y` and the column `x` exist.
#[inline(always)]
unsafe fn convolve_tile<V: Vector, const R: usize, const K: usize>(
    job: &Depthwise,
    source: &[f32],
    weights: &[f32],
    to: &mut [f32],
    keep: bool,
    [y, x]: [usize; 2],
) {
    let Frame { width, pitch, .. } = job.frame;
    let spacing = job.columns.spacing;
    // SAFETY: margins and the slack of a frame cover every tap of every lane.
    unsafe {
        let mut sums = [V::splat(0.0); R];
        if keep {
            for r in 0..R {
                sums[r] = load_within(to, (y + r * spacing) * width + x);
            }
        }
        for (column, &offset) in job.columns.offsets.iter().enumerate() {
            let mut from = source.as_ptr().add(offset + y * pitch + x);
            let mut block = [V::splat(0.0); BLOCK];
            for row in 0..R + K - 1 {
                block[row] = V::load(from);
                from = from.wrapping_add(spacing * pitch);
            }
            for k in 0..K {
                let weight = V::splat(*weights.as_ptr().add(column * K + k));
                for r in 0..R {
                    sums[r] = block[r + k].mul_add(weight, sums[r]);
                }
            }
        }
        for r in 0..R {
            store_row(sums[r], to.as_mut_ptr().add((y + r * spacing) * width + x), width - x);
        }
    }
}
