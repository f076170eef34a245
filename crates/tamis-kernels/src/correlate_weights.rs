//! The gradient of [`crate::correlate`] with respect to its weights.
//!
//! `sums[o][lane] += sum over pixels of output_gradient[o][pixel] * source[pixel + lane]`, with the
//! source stored pixel by pixel, all channels of a pixel together. Lanes then run over channels
//! and, because the pixels of a row are neighbours, over the taps of a row: a 3x3 kernel on 16
//! channels is nine whole vectors. Nothing is added across lanes, and border pixels are skipped.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

use crate::plane::Geometry;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level};
use std::ops::Range;

/// Pixels that are added up before the result is added to the sums: few enough that what a tile
/// reads stays in the first-level cache and that long sums do not lose digits, enough to pay for
/// reading and writing the sums.
const STRIP: usize = 64;

/// Which weights of one output the lanes belong to.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// Place of each vector relative to a pixel.
    vectors: Vec<usize>,
    /// First lane of each tap; a lane for each channel follows.
    taps: Vec<usize>,
    channels: usize,
}

impl Lanes {
    /// For taps at `offsets`, in floats relative to a pixel, of `channels` floats each. Taps that
    /// touch share vectors.
    pub(crate) fn new(offsets: &[usize], channels: usize) -> Lanes {
        let mut lanes = Lanes { vectors: Vec::new(), taps: Vec::new(), channels };
        let mut run = usize::MAX..usize::MAX;
        for &offset in offsets {
            if offset != run.end {
                run = offset..offset;
                lanes.taps.push(lanes.count());
            } else if let Some(&last) = lanes.taps.last() {
                lanes.taps.push(last + channels);
            }
            run.end += channels;
            let covered = lanes.taps.last().map_or(0, |first| first + channels);
            while lanes.count() < covered {
                let place = lanes.count() - lanes.taps.last().map_or(0, |first| *first);
                lanes.vectors.push(offset + place);
            }
        }
        lanes
    }

    /// Lanes of one output.
    pub(crate) fn count(&self) -> usize {
        self.vectors.len() * WIDE
    }

    /// Adds the sums of whole outputs to their weights, `[output, channel, tap]`.
    pub(crate) fn add_to(&self, weights: &mut [f32], sums: &[f32]) {
        let each = self.channels * self.taps.len();
        for (weights, sums) in weights.chunks_exact_mut(each).zip(sums.chunks_exact(self.count())) {
            for (channel, weights) in weights.chunks_exact_mut(self.taps.len()).enumerate() {
                for (weight, &first) in weights.iter_mut().zip(&self.taps) {
                    *weight += sums[first + channel];
                }
            }
        }
    }
}

/// One image: the output gradient in planes, the source in pixels.
pub(crate) struct WeightCorrelation<'a> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) lanes: &'a Lanes,
    /// Beginning with the upper left neighbour of the first pixel.
    pub(crate) source: &'a [f32],
    /// Floats of a pixel of `source`.
    pub(crate) pixel: usize,
    pub(crate) gradient: &'a [f32],
    /// Floats from one plane of `gradient` to the next.
    pub(crate) plane: usize,
    /// Planes of `gradient`.
    pub(crate) outputs: usize,
}

impl WeightCorrelation<'_> {
    /// Adds to `sums`, `[output, lane]`.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn accumulate(&self, level: Level, sums: &mut [f32]) {
        let last = (self.geometry.height - 1) * self.geometry.stride + self.geometry.width - 1;
        let reach = self.lanes.vectors.iter().max().map_or(0, |place| place + WIDE);
        assert!(last * self.pixel + reach <= self.source.len());
        assert!((self.outputs - 1) * self.plane + last < self.gradient.len());
        assert_eq!(sums.len(), self.outputs * self.lanes.count());
        correlate_weights(level, self, sums);
    }
}

// Tiles whose sums, pixels and gradient fit the registers: a `Pair` takes two.
by_level! {
    fn correlate_weights(job: &WeightCorrelation<'_>, sums: &mut [f32]) = all_tiles;
    avx512 [Avx512, 8, 3], avx2 [Pair<Avx2>, 6, 1], portable [Pair<Pair<Four>>, 1, 3]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as `accumulate` asserts.
#[inline(always)]
unsafe fn all_tiles<V: Vector, const O: usize, const N: usize>(
    job: &WeightCorrelation<'_>,
    sums: &mut [f32],
) {
    let Geometry { height, width, .. } = *job.geometry;
    let strip = STRIP.div_ceil(width);
    let vectors = job.lanes.vectors.len();
    for row in (0..height).step_by(strip) {
        let rows = row..(row + strip).min(height);
        for vector in (0..vectors).step_by(N) {
            for output in (0..job.outputs).step_by(O) {
                let (rows, from) = (rows.clone(), [output, vector]);
                // SAFETY: the caller's promise; the vectors exist.
                unsafe {
                    match vectors - vector {
                        1 if N > 1 => add_tile::<V, O, 1>(job, from, rows, sums),
                        2 if N > 2 => add_tile::<V, O, 2>(job, from, rows, sums),
                        _ => add_tile::<V, O, N>(job, from, rows, sums),
                    }
                }
            }
        }
    }
}

/// Adds one tile of `O` outputs by `N` vectors. Beyond the last output it repeats the last one
/// and drops its sums.
///
/// # Safety
/// As [`all_tiles`], with `rows` of the image and `N` existing vectors.
#[inline(always)]
unsafe fn add_tile<V: Vector, const O: usize, const N: usize>(
    job: &WeightCorrelation<'_>,
    [output, vector]: [usize; 2],
    rows: Range<usize>,
    sums: &mut [f32],
) {
    let mut planes = [std::ptr::null(); O];
    for (o, plane) in planes.iter_mut().enumerate() {
        *plane = job.gradient[(output + o).min(job.outputs - 1) * job.plane..].as_ptr();
    }
    let mut places = [std::ptr::null(); N];
    for (place, &vector) in places.iter_mut().zip(&job.lanes.vectors[vector..]) {
        *place = job.source[vector..].as_ptr();
    }
    // SAFETY: the pointers are to planes and vectors of the first pixel; the sums of a valid
    // output are `count` floats.
    unsafe {
        let tile = tile_sums::<V, O, N>(job, planes, places, rows);
        for (o, tile) in tile.iter().enumerate().take(job.outputs - output) {
            for (n, &sum) in tile.iter().enumerate() {
                let place = (output + o) * job.lanes.count() + (vector + n) * WIDE;
                let to = sums.as_mut_ptr().add(place);
                V::load(to).add(sum).store(to);
            }
        }
    }
}

/// # Safety
/// As [`add_tile`], with pointers to the first pixel of its planes and vectors.
#[inline(always)]
unsafe fn tile_sums<V: Vector, const O: usize, const N: usize>(
    job: &WeightCorrelation<'_>,
    planes: [*const f32; O],
    places: [*const f32; N],
    rows: Range<usize>,
) -> [[V; N]; O] {
    let Geometry { stride, width, .. } = *job.geometry;
    // SAFETY: every pixel of these rows lies in the planes and in the source.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; O];
        for row in rows {
            for at in row * stride..row * stride + width {
                let mut pixels = [V::splat(0.0); N];
                for n in 0..N {
                    pixels[n] = V::load(places[n].add(at * job.pixel));
                }
                for o in 0..O {
                    let gradient = V::splat(*planes[o].add(at));
                    for n in 0..N {
                        sums[o][n] = pixels[n].mul_add(gradient, sums[o][n]);
                    }
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_that_touch_share_vectors_and_others_do_not() {
        let lanes = Lanes::new(&[0, 6, 12, 60, 66, 72], 6);
        assert_eq!(lanes.vectors, [0, 16, 60, 76]);
        assert_eq!(lanes.taps, [0, 6, 12, 32, 38, 44]);
    }

    #[test]
    fn a_tap_wider_than_a_vector_takes_several() {
        let lanes = Lanes::new(&[5, 100], 40);
        assert_eq!(lanes.vectors, [5, 21, 37, 100, 116, 132]);
        assert_eq!(lanes.taps, [0, 48]);
    }

    #[test]
    fn lanes_are_added_to_the_weights_they_belong_to() {
        let lanes = Lanes::new(&[0, 2], 2);
        let sums: Vec<f32> = (0..32_u8).map(f32::from).collect();
        let mut weights = [100.0; 8];
        lanes.add_to(&mut weights, &sums);
        assert_eq!(weights, [100.0, 102.0, 101.0, 103.0, 116.0, 118.0, 117.0, 119.0]);
    }
}
