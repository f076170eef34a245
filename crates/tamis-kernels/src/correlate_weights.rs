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
use crate::simd::{Four, Level, Pair, Rows, Vector, WIDE, by_level};
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
    /// Those vectors, and those halves of them, in which some lane is a tap's.
    pieces: [Vec<Piece>; 2],
}

/// A vector, or half of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Relative to a pixel.
    place: usize,
    /// Its first lane.
    lane: usize,
}

impl Lanes {
    /// For taps at `offsets`, in floats relative to a pixel, of `channels` floats each. Taps that
    /// touch share vectors.
    pub(crate) fn new(offsets: &[usize], channels: usize) -> Lanes {
        let (vectors, taps, pieces) = Default::default();
        let mut lanes = Lanes { vectors, taps, channels, pieces };
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
        lanes.pieces = [lanes.pieces(WIDE), lanes.pieces(WIDE / 2)];
        lanes
    }

    /// Pieces of so many lanes.
    fn pieces(&self, width: usize) -> Vec<Piece> {
        let is_read = |piece: &Piece| {
            let of_tap =
                |&first: &usize| first < piece.lane + width && piece.lane < first + self.channels;
            self.taps.iter().any(of_tap)
        };
        let of_vector = |(number, place): (usize, &usize)| {
            let (first, place) = (number * WIDE, *place);
            let parts = (0..WIDE).step_by(width);
            parts.map(move |part| Piece { place: place + part, lane: first + part })
        };
        self.vectors.iter().enumerate().flat_map(of_vector).filter(is_read).collect()
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

by_level! {
    /// Tiles of so many outputs by up to three vectors, and by one.
    fn correlate_weights(job: &WeightCorrelation<'_>, sums: &mut [f32]) = all_tiles;
    avx512 [Avx512, 8, 8], avx2 [Avx2, 4, 8], portable [Pair<Pair<Four>>, 1, 1]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as `accumulate` asserts.
#[inline(always)]
unsafe fn all_tiles<V: Vector, const O: usize, const S: usize>(
    job: &WeightCorrelation<'_>,
    sums: &mut [f32],
) {
    let Geometry { height, width, .. } = *job.geometry;
    let strip = STRIP.div_ceil(width);
    let [whole, halves] = &job.lanes.pieces;
    let pieces = if V::LANES == WIDE { whole } else { halves };
    for row in (0..height).step_by(strip) {
        let rows = row..(row + strip).min(height);
        let mut rest = &pieces[..];
        while !rest.is_empty() {
            // Two by two are more chains of multiply-adds than three and one.
            let count = if rest.len() == 4 { 2 } else { rest.len().min(3) };
            // SAFETY: the caller's promise; the pieces exist.
            unsafe {
                match count {
                    1 => add_tiles::<V, S, 1>(job, rest, &rows, sums),
                    2 => add_tiles::<V, O, 2>(job, rest, &rows, sums),
                    _ => add_tiles::<V, O, 3>(job, rest, &rows, sums),
                }
            }
            rest = &rest[count..];
        }
    }
}

/// Adds tiles of all outputs by the first `N` pieces.
///
/// # Safety
/// As [`all_tiles`], with `rows` of the image and `N` existing pieces.
#[inline(always)]
unsafe fn add_tiles<V: Vector, const O: usize, const N: usize>(
    job: &WeightCorrelation<'_>,
    pieces: &[Piece],
    rows: &Range<usize>,
    sums: &mut [f32],
) {
    for output in (0..job.outputs).step_by(O) {
        // SAFETY: the caller's promise.
        unsafe { add_tile::<V, O, N>(job, output, pieces, rows, sums) };
    }
}

/// Adds one tile of `O` outputs by `N` pieces. Beyond the last output it repeats the last one
/// and drops its sums.
///
/// # Safety
/// As [`add_tiles`].
#[inline(always)]
unsafe fn add_tile<V: Vector, const O: usize, const N: usize>(
    job: &WeightCorrelation<'_>,
    output: usize,
    pieces: &[Piece],
    rows: &Range<usize>,
    sums: &mut [f32],
) {
    let Geometry { stride, width, .. } = *job.geometry;
    let mut planes = [std::ptr::null(); O];
    for (o, plane) in planes.iter_mut().enumerate() {
        *plane = job.gradient[(output + o).min(job.outputs - 1) * job.plane..].as_ptr();
    }
    let mut places = [std::ptr::null(); N];
    for (place, piece) in places.iter_mut().zip(pieces) {
        *place = job.source[piece.place..].as_ptr();
    }
    let rows = Rows { first: rows.start, end: rows.end, width, stride, pixel: job.pixel };
    // SAFETY: the pointers are to planes and pieces of the first pixel; the sums of a valid
    // output are `count` floats.
    unsafe {
        let tile = V::add_outer_products([[V::splat(0.0); N]; O], places, planes, rows);
        for (o, tile) in tile.iter().enumerate().take(job.outputs - output) {
            for (&sum, piece) in tile.iter().zip(pieces) {
                let place = (output + o) * job.lanes.count() + piece.lane;
                let to = sums.as_mut_ptr().add(place);
                V::load(to).add(sum).store(to);
            }
        }
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
        let pieces = [[0, 0], [8, 8], [16, 16], [60, 32], [68, 40], [76, 48]];
        let pieces = pieces.map(|[place, lane]| Piece { place, lane });
        assert_eq!(lanes.pieces[1], pieces, "the last halves are no tap's");
        assert_eq!(lanes.pieces[0].len(), 4);
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
