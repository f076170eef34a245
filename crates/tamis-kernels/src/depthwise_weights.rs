//! The gradient of [`crate::depthwise`] with respect to its weights.
//!
//! `sums[channel][tap] += sum over pixels of gradient[channel][pixel] * source[channel][pixel + tap]`.
//! Lanes are pixels, `WIDE` or [`NARROW`] of a row; they are added up once for each image, channel and tap.
//! A lane adds its pixels column by column of vectors, so that the order does not depend on how many rows a
//! tile has.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

use crate::depthwise::Columns;
use crate::frame::Frame;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level};

/// Lanes for planes of at most so many columns, fewer of which lie beyond the row.
const NARROW: usize = WIDE / 2;

/// What a kernel reads, and where.
pub(crate) struct DepthwiseWeights<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) columns: &'a Columns,
}

impl DepthwiseWeights<'_> {
    /// Adds one channel of one image to `sums`, a float for each tap: from its framed planes, as the
    /// convolution read them, and the dense plane of the gradient.
    ///
    /// # Panics
    /// If a slice is too short.
    pub(crate) fn channel(&self, level: Level, source: &[f32], gradient: &[f32], sums: &mut [f32]) {
        let source = &source[..self.columns.planes * self.frame.len];
        let gradient = &gradient[..self.frame.height * self.frame.width];
        if self.columns.rows > 5 {
            return accumulate_tall(level, self, source, gradient, sums);
        }
        accumulate_channel(level, self, source, gradient, sums);
    }
}

by_level! {
    fn accumulate_channel(
        job: &DepthwiseWeights<'_>, source: &[f32], gradient: &[f32], sums: &mut [f32],
    ) = accumulate_any;
    avx512 [Avx512, Avx2, 4], avx2 [Avx2, Avx2, 2], portable [Pair<Pair<Four>>, Pair<Four>, 4]
}

/// # Safety
/// The machine has the instructions of `V` and `H`, the latter of [`NARROW`] lanes; the slices are one
/// channel of a valid job.
#[inline(always)]
unsafe fn accumulate_any<V: Vector, H: Vector, const R: usize>(
    job: &DepthwiseWeights<'_>,
    source: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
) {
    // SAFETY: the caller's promise; the height of columns is matched.
    unsafe {
        match (job.columns.rows, job.frame.width <= NARROW) {
            (2, false) => all_columns::<V, R, 3, 2, WIDE>(job, source, gradient, sums),
            (3, false) => all_columns::<V, R, 3, 3, WIDE>(job, source, gradient, sums),
            (5, false) => all_columns::<V, R, 2, 5, WIDE>(job, source, gradient, sums),
            (_, false) => all_columns::<V, R, 1, 7, WIDE>(job, source, gradient, sums),
            (2, true) => all_columns::<H, R, 3, 2, NARROW>(job, source, gradient, sums),
            (3, true) => all_columns::<H, R, 3, 3, NARROW>(job, source, gradient, sums),
            (5, true) => all_columns::<H, R, 2, 5, NARROW>(job, source, gradient, sums),
            (_, true) => all_columns::<H, R, 1, 7, NARROW>(job, source, gradient, sums),
        }
    }
}

by_level! {
    /// Columns of seven taps. A function of its own: in that of the others they were measured to cost
    /// those 8 % on AVX2.
    fn accumulate_tall(
        job: &DepthwiseWeights<'_>, source: &[f32], gradient: &[f32], sums: &mut [f32],
    ) = accumulate_tall_any;
    avx512 [Avx512, Avx2, 4], avx2 [Avx2, Avx2, 2], portable [Pair<Pair<Four>>, Pair<Four>, 4]
}

/// # Safety
/// As [`accumulate_any`].
#[inline(always)]
unsafe fn accumulate_tall_any<V: Vector, H: Vector, const R: usize>(
    job: &DepthwiseWeights<'_>,
    source: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
) {
    for column in 0..job.columns.offsets.len() {
        // SAFETY: the caller's promise; the column exists, with a tile of its height.
        unsafe {
            if job.frame.width <= NARROW {
                some_columns::<H, R, 1, 7, NARROW>(job, source, gradient, sums, column);
            } else {
                some_columns::<V, R, 1, 7, WIDE>(job, source, gradient, sums, column);
            }
        }
    }
}

/// `G` columns and up to `R` rows at a time: on AVX2 no more than its sixteen registers hold.
///
/// # Safety
/// As [`accumulate_any`], with columns of `K` taps.
#[inline(always)]
unsafe fn all_columns<
    V: Vector,
    const R: usize,
    const G: usize,
    const K: usize,
    const LANES: usize,
>(
    job: &DepthwiseWeights<'_>,
    source: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
) {
    let columns = job.columns.offsets.len();
    for first in (0..columns).step_by(G) {
        // SAFETY: the columns from `first` exist, at most as many as named.
        unsafe {
            match columns - first {
                1 if G > 1 => some_columns::<V, R, 1, K, LANES>(job, source, gradient, sums, first),
                2 if G > 2 => some_columns::<V, R, 2, K, LANES>(job, source, gradient, sums, first),
                _ => some_columns::<V, R, G, K, LANES>(job, source, gradient, sums, first),
            }
        }
    }
}

/// A vector of half of the `LANES` takes a second pass for the upper ones.
///
/// # Safety
/// As [`all_columns`], and `G` columns from `first` exist.
#[inline(always)]
unsafe fn some_columns<
    V: Vector,
    const R: usize,
    const G: usize,
    const K: usize,
    const LANES: usize,
>(
    job: &DepthwiseWeights<'_>,
    source: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
    first: usize,
) {
    const { assert!(V::LANES <= LANES && LANES <= 2 * V::LANES) };
    let mut block = Block { job, source, gradient, first, x: 0 };
    // SAFETY: the caller's promise.
    unsafe {
        let mut lanes = block.all::<V, G, K, R, LANES>();
        if V::LANES < LANES {
            block.x = V::LANES;
            let upper = block.all::<V, G, K, R, LANES>();
            for (lanes, upper) in lanes.iter_mut().flatten().zip(upper.iter().flatten()) {
                *lanes = lanes.add(*upper);
            }
        }
        for (column, lanes) in lanes.into_iter().enumerate() {
            for (k, lanes) in lanes.into_iter().enumerate() {
                if let Some(tap) = job.columns.taps[(first + column) * K + k] {
                    sums[tap] += lanes.sum();
                }
            }
        }
    }
}

/// One vector of pixels of every row, against a few columns of taps.
#[derive(Clone, Copy)]
struct Block<'a> {
    job: &'a DepthwiseWeights<'a>,
    source: &'a [f32],
    gradient: &'a [f32],
    /// The first of the columns.
    first: usize,
    /// The first pixel.
    x: usize,
}

impl Block<'_> {
    /// The sums of all rows of every vector from column `x` on that begins a whole number of `LANES` after
    /// it.
    ///
    /// # Safety
    /// As [`some_columns`].
    #[inline(always)]
    unsafe fn all<V: Vector, const G: usize, const K: usize, const R: usize, const LANES: usize>(
        mut self,
    ) -> [[V; K]; G] {
        let Frame { height, width, .. } = *self.job.frame;
        // SAFETY: every vector begins at a pixel, and the rows exist.
        unsafe {
            let mut lanes = [[V::splat(0.0); K]; G];
            while self.x < width {
                for first_row in 0..self.job.columns.spacing.min(height) {
                    lanes = if width - self.x >= V::LANES {
                        self.add_rows::<V, G, K, R, true>(lanes, first_row)
                    } else {
                        self.add_rows::<V, G, K, R, false>(lanes, first_row)
                    };
                }
                self.x += LANES;
            }
            lanes
        }
    }

    /// Adds every row that is a whole number of spacings after one, `R` at a time; `WHOLE` if all lanes of
    /// the vector are pixels.
    ///
    /// # Safety
    /// As [`some_columns`], and the pixel exists.
    #[inline(always)]
    unsafe fn add_rows<
        V: Vector,
        const G: usize,
        const K: usize,
        const R: usize,
        const WHOLE: bool,
    >(
        self,
        mut lanes: [[V; K]; G],
        first_row: usize,
    ) -> [[V; K]; G] {
        let Frame { height, width, pitch, .. } = *self.job.frame;
        let spacing = self.job.columns.spacing;
        let mut rows = Walk {
            source: std::array::from_fn(|g| {
                let place = self.job.columns.offsets[self.first + g] + first_row * pitch;
                self.source.as_ptr().wrapping_add(place + self.x)
            }),
            step: spacing * pitch,
            gradient: self.gradient.as_ptr().wrapping_add(first_row * width + self.x),
            gradient_step: spacing * width,
            pixels: width - self.x,
        };
        let mut left = (height - first_row).div_ceil(spacing);
        // SAFETY: the rows exist.
        unsafe {
            while left >= R {
                lanes = rows.add::<V, K, R, WHOLE>(lanes);
                left -= R;
            }
            while left > 0 {
                lanes = rows.add::<V, K, 1, WHOLE>(lanes);
                left -= 1;
            }
        }
        lanes
    }
}

/// Where the next row is.
struct Walk<const G: usize> {
    /// The first tap of each column.
    source: [*const f32; G],
    step: usize,
    gradient: *const f32,
    gradient_step: usize,
    /// Lanes that are pixels, and more.
    pixels: usize,
}

impl<const G: usize> Walk<G> {
    /// Adds `R` rows and goes on to the next. Every vector of the source is read once for all taps of its
    /// column.
    ///
    /// # Safety
    /// As [`Block::add_rows`], and the rows exist.
    #[inline(always)]
    unsafe fn add<V: Vector, const K: usize, const R: usize, const WHOLE: bool>(
        &mut self,
        mut lanes: [[V; K]; G],
    ) -> [[V; K]; G] {
        // SAFETY: margins and the slack of a frame cover every tap of every lane.
        unsafe {
            let mut gradients = [V::splat(0.0); R];
            for r in 0..R {
                let from = self.gradient.wrapping_add(r * self.gradient_step);
                gradients[r] = if WHOLE { V::load(from) } else { V::load_first(from, self.pixels) };
            }
            for g in 0..G {
                for row in 0..R + K - 1 {
                    let value = V::load(self.source[g].wrapping_add(row * self.step));
                    for k in 0..K {
                        if (k..k + R).contains(&row) {
                            lanes[g][k] = value.mul_add(gradients[row - k], lanes[g][k]);
                        }
                    }
                }
                self.source[g] = self.source[g].wrapping_add(R * self.step);
            }
            self.gradient = self.gradient.wrapping_add(R * self.gradient_step);
        }
        lanes
    }
}
