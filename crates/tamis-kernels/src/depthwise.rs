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

use crate::frame::{Frame, MARGIN, load_within, store_row};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, by_level};
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
    let split = |place: usize| {
        let position = (place * dilation) as isize - ((size - 1) * dilation / 2) as isize;
        let stride = stride as isize;
        (position.rem_euclid(stride) as usize, position.div_euclid(stride))
    };
    let of = |tap: usize| {
        let ((row_phase, row), (column_phase, column)) = (split(tap / size), split(tap % size));
        Tap { phase: 2 * row_phase + column_phase, row, column }
    };
    (0..size * size).map(of).collect()
}

/// The taps of a kernel in columns of equal height.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// Taps of a column: one of [`HEIGHTS`].
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

/// Taps of a column for which tiles are compiled. Shorter columns are filled up with weights of 0.
const HEIGHTS: [usize; 4] = [2, 3, 5, 7];

impl Columns {
    /// Of `taps`, each with its number, on a source of so many framed planes a channel.
    ///
    /// # Panics
    /// If a column has more taps than any of [`HEIGHTS`], or they are not evenly spaced; if a tap lies
    /// outside the frame's margin.
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
        let most = longest.map_or(0, Vec::len);
        let rows = HEIGHTS.into_iter().find(|&rows| most <= rows).unwrap_or(0);
        assert!(rows > 0, "a column of {most} taps, more than any tile has");
        for (&(_, column), taps) in &columns {
            check_column(column, taps, [rows, spacing]);
        }
        let place = |(&(phase, column), taps): (&(usize, isize), &Vec<(isize, usize)>)| {
            phase * frame.len + frame.place(taps[0].0, column)
        };
        let numbers = |taps: &Vec<(isize, usize)>| -> Vec<Option<usize>> {
            (0..rows).map(|row| taps.get(row).map(|tap| tap.1)).collect()
        };
        Columns {
            rows,
            spacing,
            offsets: columns.iter().map(place).collect(),
            taps: columns.values().flat_map(numbers).collect(),
            planes,
        }
    }

    /// Of a convolution: all taps, on a source of so many phases.
    pub(crate) fn forward(frame: &Frame, taps: &[Tap], phases: usize) -> Columns {
        Columns::new(frame, taps.iter().copied().enumerate(), phases)
    }

    /// Of the gradient of one phase of its input: the taps that read it, mirrored.
    pub(crate) fn backward(frame: &Frame, taps: &[Tap], phase: usize) -> Columns {
        let of_phase = taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase);
        let mirror = |(number, tap): (usize, &Tap)| {
            (number, Tap { phase: 0, row: -tap.row, column: -tap.column })
        };
        Columns::new(frame, of_phase.map(mirror), 1)
    }
}

/// Asserts that the taps, and what fills their column up, lie where a tile of so many rows, so far
/// apart, reads.
fn check_column(column: isize, taps: &[(isize, usize)], [rows, spacing]: [usize; 2]) {
    let place = |row: usize| taps[0].0 + (row * spacing) as isize;
    let even = taps.iter().enumerate().all(|(row, tap)| tap.0 == place(row));
    assert!(even, "taps at {taps:?} are not {spacing} rows apart");
    let reach = column.abs().max(place(0).abs()).max(place(rows - 1).abs());
    let inside = reach <= MARGIN as isize;
    assert!(inside, "a tap {reach} pixels from its output, outside a margin of {MARGIN}");
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
        let of_channel = |weights: &[f32]| -> Vec<f32> {
            columns.taps.iter().map(|tap| tap.map_or(0.0, |tap| weights[tap])).collect()
        };
        let weights = weights.chunks_exact(taps).flat_map(of_channel).collect();
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
    avx512 [Avx512, Avx2, 8, 8], avx2 [Pair<Avx2>, Avx2, 4, 8], portable [Four, Four, 2, 2]
}

/// Narrow planes are worked in the narrower vector `H`, so that fewer lanes lie beyond the row.
///
/// # Safety
/// The machine has the instructions of `V` and `H`; the slices are one channel of a valid job.
#[inline(always)]
unsafe fn convolve_any<V: Vector, H: Vector, const R: usize, const S: usize>(
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
            (5, false) => convolve_plane::<V, R, 5>(job, source, weights, to, keep),
            (_, false) => convolve_plane::<V, R, 7>(job, source, weights, to, keep),
            (2, true) => convolve_plane::<H, S, 2>(job, source, weights, to, keep),
            (3, true) => convolve_plane::<H, S, 3>(job, source, weights, to, keep),
            (5, true) => convolve_plane::<H, S, 5>(job, source, weights, to, keep),
            (_, true) => convolve_plane::<H, S, 7>(job, source, weights, to, keep),
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
            let mut factors = [V::splat(0.0); K];
            for k in 0..K {
                factors[k] = V::splat(*weights.as_ptr().add(column * K + k));
            }
            let mut from = source.as_ptr().add(offset + y * pitch + x);
            for row in 0..R + K - 1 {
                let value = V::load(from);
                from = from.wrapping_add(spacing * pitch);
                for k in 0..K {
                    if (k..k + R).contains(&row) {
                        sums[row - k] = value.mul_add(factors[k], sums[row - k]);
                    }
                }
            }
        }
        for r in 0..R {
            store_row(sums[r], to.as_mut_ptr().add((y + r * spacing) * width + x), width - x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Size, dilation and stride of every kernel that the margin allows.
    fn kernels() -> impl Iterator<Item = [usize; 3]> {
        let sizes = [3, 5, 7].into_iter().flat_map(|size| [[size, 1], [size, 2]]);
        let all = sizes.flat_map(|[size, dilation]| [[size, dilation, 1], [size, dilation, 2]]);
        all.filter(|[size, dilation, stride]| (size - 1) * dilation / 2 <= MARGIN * stride)
    }

    /// Number and place of every tap, in order.
    fn places(frame: &Frame, columns: &Columns) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        for (at, tap) in columns.taps.iter().enumerate() {
            let (column, row) = (at / columns.rows, at % columns.rows);
            let place = columns.offsets[column] + row * columns.spacing * frame.pitch;
            places.extend(tap.map(|tap| (tap, place)));
        }
        places.sort_unstable();
        places
    }

    #[test]
    fn columns_have_every_tap_of_a_kernel_at_its_place() {
        let frame = Frame::new(9, 11);
        assert_eq!(kernels().count(), 11);
        for [size, dilation, stride] in kernels() {
            let taps = taps(size, dilation, stride);
            let place = |tap: &Tap| tap.phase * frame.len + frame.place(tap.row, tap.column);
            let expected: Vec<_> = taps.iter().map(place).enumerate().collect();
            let forward = Columns::forward(&frame, &taps, stride * stride);
            assert_eq!(places(&frame, &forward), expected, "{size} {dilation} {stride}");

            let phases = (0..stride * stride).map(|phase| Columns::backward(&frame, &taps, phase));
            let mut mirrored: Vec<_> = phases.flat_map(|of| places(&frame, &of)).collect();
            mirrored.sort_unstable();
            let place = |tap: &Tap| frame.place(-tap.row, -tap.column);
            let expected: Vec<_> = taps.iter().map(place).enumerate().collect();
            assert_eq!(mirrored, expected, "{size} {dilation} {stride}, mirrored");
        }
    }

    #[test]
    #[should_panic(expected = "a column of 9 taps")]
    fn columns_that_no_tile_holds_are_refused() {
        Columns::forward(&Frame::new(9, 9), &taps(9, 1, 1), 1);
    }

    #[test]
    #[should_panic(expected = "a tap 6 pixels from its output")]
    fn taps_outside_the_margin_are_refused() {
        Columns::forward(&Frame::new(9, 9), &taps(7, 2, 1), 1);
    }

    #[test]
    #[should_panic(expected = "are not 2 rows apart")]
    fn taps_that_are_not_evenly_spaced_are_refused() {
        let taps = [-4, -2, 1].map(|row| Tap { phase: 0, row, column: 0 });
        Columns::forward(&Frame::new(9, 9), &taps, 1);
    }
}
