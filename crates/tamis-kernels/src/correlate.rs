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
    reading: Reading,
}

/// What a correlation does with its source and its destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether what is read goes through a ReLU first.
    pub(crate) relu: bool,
    /// Whether to add to what is there.
    pub(crate) keep: bool,
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
        let reading = Reading::default();
        Correlation { level, offsets, weights, outputs, reach, reading }
    }

    /// The same weights at other offsets.
    pub(crate) fn from(self, offsets: Vec<usize>) -> Correlation {
        assert_eq!(offsets.len(), self.offsets.len(), "number of offsets");
        let reach = offsets.iter().copied().max().unwrap_or(0);
        Correlation { offsets, reach, ..self }
    }

    /// The same with another way to read and write.
    pub(crate) fn reading(self, reading: Reading) -> Correlation {
        Correlation { reading, ..self }
    }

    /// Writes, or adds to, `outputs` planes of `plane` floats (whole vectors) at `destination`.
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

/// Output planes of one register tile, as `correlate` below has them: so many that sums, pixels, a
/// weight and the zero of the ReLU fit the registers, of which AVX-512 has 32 and AVX2 has 16.
fn output_tile(level: Level) -> usize {
    match level.0 {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => 8,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2Fma => 6,
        Instructions::Portable => 4,
    }
}

by_level! {
    fn correlate(job: &Correlation, source: &[f32], destination: &mut [f32], plane: usize) = correlate_any;
    avx512 [Avx512, 8, 3], avx2 [Avx2, 6, 2], portable [Four, 4, 2]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as [`Correlation::apply`] asserts.
#[inline(always)]
unsafe fn correlate_any<V: Vector, const O: usize, const N: usize>(
    job: &Correlation,
    source: &[f32],
    destination: &mut [f32],
    plane: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match job.reading {
            Reading { relu: false, keep: false } => {
                correlate_planes::<V, O, N, false, false>(job, source, destination, plane);
            }
            Reading { relu: true, keep: false } => {
                correlate_planes::<V, O, N, true, false>(job, source, destination, plane);
            }
            Reading { relu, keep: true } => {
                debug_assert!(relu, "no caller adds without a ReLU");
                correlate_planes::<V, O, N, true, true>(job, source, destination, plane);
            }
        }
    }
}

/// Runs along the plane in steps of `N` vectors, for all outputs, `O` at a time.
///
/// # Safety
/// The machine has the instructions of `V`, and the slices are as [`Correlation::apply`] asserts.
#[inline(always)]
unsafe fn correlate_planes<
    V: Vector,
    const O: usize,
    const N: usize,
    const RELU: bool,
    const KEEP: bool,
>(
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
                correlate_strip::<V, O, N, RELU, KEEP>(job, source, destination, plane, at);
            } else if N > 2 && vectors == 2 {
                correlate_strip::<V, O, 2, RELU, KEEP>(job, source, destination, plane, at);
            } else {
                correlate_strip::<V, O, 1, RELU, KEEP>(job, source, destination, plane, at);
            }
        }
        at += vectors * V::LANES;
    }
}

/// # Safety
/// As [`correlate_planes`], and `at + N * LANES <= plane`.
#[inline(always)]
unsafe fn correlate_strip<
    V: Vector,
    const O: usize,
    const N: usize,
    const RELU: bool,
    const KEEP: bool,
>(
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
            let first = tile * O;
            let to = destination.as_mut_ptr().add(first * plane + at);
            let mut sums = [[V::splat(0.0); N]; O];
            if KEEP {
                for output in 0..O {
                    // Beyond the last output anything will do.
                    let row = output.min(job.outputs - 1 - first) * plane;
                    for n in 0..N {
                        sums[output][n] = V::load(to.add(row + n * V::LANES));
                    }
                }
            }
            let offsets = &job.offsets;
            let sums = correlate_tile::<V, O, N, RELU>(offsets, from, weights.as_ptr(), sums);
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
unsafe fn correlate_tile<V: Vector, const O: usize, const N: usize, const RELU: bool>(
    offsets: &[usize],
    source: *const f32,
    mut weights: *const f32,
    mut sums: [[V; N]; O],
) -> [[V; N]; O] {
    // SAFETY: the caller's promise.
    unsafe {
        for &offset in offsets {
            let mut pixels = [V::splat(0.0); N];
            for n in 0..N {
                pixels[n] = V::load(source.add(offset + n * V::LANES));
                if RELU {
                    pixels[n] = pixels[n].relu();
                }
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
