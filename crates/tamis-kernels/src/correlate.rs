//! The convolution loop: every output plane is a weighted sum of shifted input planes.
//!
//! `destination[o][p] = sum over k of weights[o][k] * source[offsets[k] + p]`, with one offset for
//! each (input channel, tap). A 3x3 or 1x1 kernel, a dilation, several convolutions of one
//! input, and the gradient with respect to the input (taps mirrored) are all lists of offsets.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Instructions, Level, Vector, by_level};
use rayon::prelude::*;

/// Offsets and weights of one correlation, packed for a level.
pub(crate) struct Correlation {
    level: Level,
    offsets: Vec<usize>,
    /// `[outputs / tile][offset][tile]`, zero beyond the last output.
    weights: Vec<f32>,
    outputs: usize,
    /// The largest offset.
    reach: usize,
}

/// Weights from which on packing is shared among threads; fewer are packed sooner than a thread
/// wakes.
const SHARED: usize = 1 << 14;

impl Correlation {
    /// Packs `weight(output, k)` for every output and every offset.
    pub(crate) fn new(
        level: Level,
        offsets: Vec<usize>,
        outputs: usize,
        weight: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Correlation {
        let tile = output_tile(level);
        let each = offsets.len() * tile;
        let mut weights = vec![0.0; outputs.div_ceil(tile) * each];
        let pack = |(number, packed): (usize, &mut [f32])| {
            let of_tile = number * tile..outputs.min((number + 1) * tile);
            for (k, packed) in packed.chunks_exact_mut(tile).enumerate() {
                packed.iter_mut().zip(of_tile.clone()).for_each(|(to, o)| *to = weight(o, k));
            }
        };
        if weights.len() < SHARED {
            weights.chunks_exact_mut(each).enumerate().for_each(pack);
        } else {
            weights.par_chunks_exact_mut(each).enumerate().for_each(pack);
        }
        let reach = offsets.iter().copied().max().unwrap_or(0);
        Correlation { level, offsets, weights, outputs, reach }
    }

    /// Writes `outputs` planes of `plane` floats (whole vectors) at `destination`.
    ///
    /// # Panics
    /// If a slice is too short for that.
    pub(crate) fn apply(&self, source: &[f32], destination: &mut [f32], plane: usize) {
        assert!(plane.is_multiple_of(crate::simd::WIDE));
        assert!(self.reach + plane <= source.len());
        assert!(self.outputs * plane <= destination.len());
        correlate(self.level, self, source, destination, plane);
    }
}

/// Output planes of one register tile.
fn output_tile(level: Level) -> usize {
    match level.0 {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => 8,
        _ => 4,
    }
}

by_level! {
    fn correlate(job: &Correlation, source: &[f32], destination: &mut [f32], plane: usize) = correlate_planes;
    avx512 [Avx512, 8, 3], avx2 [Avx2, 4, 3], portable [Four, 4, 2]
}

/// Runs along the plane in steps of `N` vectors, for all outputs, `O` at a time.
///
/// # Safety
/// The machine has the instructions of `V`, and the slices are as [`Correlation::apply`] asserts.
#[inline(always)]
unsafe fn correlate_planes<V: Vector, const O: usize, const N: usize>(
    job: &Correlation,
    source: &[f32],
    destination: &mut [f32],
    plane: usize,
) {
    let mut at = 0;
    while at < plane {
        let vectors = ((plane - at) / V::LANES).min(N);
        // SAFETY: `at + vectors * LANES <= plane`; the rest is the caller's promise.
        unsafe {
            if vectors == N {
                correlate_strip::<V, O, N>(job, source, destination, plane, at);
            } else if vectors == 2 {
                correlate_strip::<V, O, 2>(job, source, destination, plane, at);
            } else {
                correlate_strip::<V, O, 1>(job, source, destination, plane, at);
            }
        }
        at += vectors * V::LANES;
    }
}

/// # Safety
/// As [`correlate_planes`], and `at + N * LANES <= plane`.
#[inline(always)]
unsafe fn correlate_strip<V: Vector, const O: usize, const N: usize>(
    job: &Correlation,
    source: &[f32],
    destination: &mut [f32],
    plane: usize,
    at: usize,
) {
    let taps = job.offsets.len();
    for (tile, weights) in job.weights.chunks_exact(taps * O).enumerate() {
        // SAFETY: every offset plus `plane` lies in `source`; `weights` has `taps * O` floats;
        // outputs below `job.outputs` lie in `destination`.
        unsafe {
            let from = source.as_ptr().add(at);
            let sums = correlate_tile::<V, O, N>(&job.offsets, from, weights.as_ptr());
            let first = tile * O;
            let to = destination.as_mut_ptr().add(first * plane + at);
            for (output, sums) in sums.iter().enumerate() {
                if first + output < job.outputs {
                    for (n, &sum) in sums.iter().enumerate() {
                        sum.store(to.add(output * plane + n * V::LANES));
                    }
                }
            }
        }
    }
}

/// The register tile: `O` outputs by `N` vectors of pixels.
///
/// # Safety
/// `N * LANES` floats are readable at `source + offset`, and `O` weights for each offset.
#[inline(always)]
unsafe fn correlate_tile<V: Vector, const O: usize, const N: usize>(
    offsets: &[usize],
    source: *const f32,
    mut weights: *const f32,
) -> [[V; N]; O] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; O];
        for &offset in offsets {
            let mut pixels = [V::splat(0.0); N];
            for n in 0..N {
                pixels[n] = V::load(source.add(offset + n * V::LANES));
            }
            for output in 0..O {
                let weight = V::splat(*weights.add(output));
                for n in 0..N {
                    sums[output][n] = pixels[n].mul_add(weight, sums[output][n]);
                }
            }
            weights = weights.add(O);
        }
        sums
    }
}
