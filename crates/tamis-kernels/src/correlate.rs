//! The convolution loop: every output plane is a weighted sum of shifted input planes.
//!
//! `destination[o][p] = sum over k of weights[o][k] * source[offsets[k] + p]`, with one offset for
//! each (input channel, tap). A 3x3 or 1x1 kernel, a dilation, several convolutions of one
//! input, and the gradient with respect to the input (taps mirrored) are all lists of offsets.
//!
//! Each output is one chain of multiply-adds in the order of the offsets, whatever tile it is computed in.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

use crate::plane::Geometry;
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
    /// Floats of a plane of the destination, whole vectors.
    plane: usize,
    /// Where in a plane the vectors of a strip begin.
    places: Vec<usize>,
    /// Rows of a plane and floats from one to the next, if the column between them is in no vector.
    rows: Option<[usize; 2]>,
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

/// Offsets from which on it pays to leave out the column between rows and write it by itself.
const GAPS_PAY: usize = 48;

/// Floats from one row to the next of planes of which two rows are a vector of AVX-512.
const NARROW_STRIDE: usize = 9;

impl Correlation {
    /// Packs `weight(output, k)` for every output and every offset, for flat planes of `geometry`.
    pub(crate) fn new(
        level: Level,
        geometry: &Geometry,
        offsets: Vec<usize>,
        outputs: usize,
        weight: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Correlation {
        let Tile { outputs: tile, lanes } = Tile::of(level);
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
        let (reading, plane) = (Reading::default(), geometry.flat);
        let (places, rows) = places(geometry, lanes, offsets.len());
        Correlation { level, offsets, weights, outputs, reach, reading, plane, places, rows }
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

    /// Writes, or adds to, the output planes at `destination`. What lies between and after the rows of a
    /// plane becomes any number.
    ///
    /// # Panics
    /// If a slice is too short for that.
    pub(crate) fn apply(&self, source: &[f32], destination: &mut [f32]) {
        assert!(self.reach + self.plane <= source.len());
        let destination = &mut destination[..self.outputs * self.plane];
        correlate(self.level, self, source, destination);
        if let (Some(rows), false) = (self.rows, self.reading.keep) {
            self.clear_gaps(rows, destination);
        }
    }

    /// Zeroes what no vector covers: memory may hold anything there, and no number of it may be a NaN.
    fn clear_gaps(&self, [height, stride]: [usize; 2], destination: &mut [f32]) {
        for plane in destination.chunks_exact_mut(self.plane) {
            let (rows, rest) = plane.split_at_mut(height * stride);
            rows.chunks_exact_mut(stride).for_each(|row| row[stride - 1] = 0.0);
            rest.fill(0.0);
        }
    }
}

/// Where vectors of so many lanes begin in a plane, and its rows if they are worked one by one, or, where a
/// vector is two rows, two by two.
fn places(geometry: &Geometry, lanes: usize, offsets: usize) -> (Vec<usize>, Option<[usize; 2]>) {
    let Geometry { height, width, stride, flat, .. } = *geometry;
    let two = 2 * width == lanes && stride == NARROW_STRIDE && height.is_multiple_of(2);
    let whole = width.is_multiple_of(lanes) || two;
    if stride == width || !whole || offsets < GAPS_PAY {
        return ((0..flat).step_by(lanes).collect(), None);
    }
    let of_row = |row: usize| (0..width).step_by(lanes).map(move |x| row * stride + x);
    let rows = (0..height).step_by(1 + usize::from(two));
    (rows.flat_map(of_row).collect(), Some([height, stride]))
}

/// Output planes of one register tile, as `correlate` below has them, and lanes of its vectors.
struct Tile {
    outputs: usize,
    lanes: usize,
}

impl Tile {
    fn of(level: Level) -> Tile {
        let [outputs, lanes] = match level.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => [8, <Avx512>::LANES],
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2Fma => [4, Avx2::LANES],
            Instructions::Portable => [4, Four::LANES],
        };
        Tile { outputs, lanes }
    }
}

by_level! {
    /// Tiles of so many outputs, by so many vectors without and with a ReLU: sums, pixels, a weight and the
    /// zero of the ReLU fit the registers, of which AVX-512 has 32 and AVX2 has 16.
    fn correlate(job: &Correlation, source: &[f32], destination: &mut [f32]) = correlate_any;
    avx512 [Avx512, Avx512<NARROW_STRIDE>, 8, 3], avx2 [Avx2, Avx2, 4, 3], portable [Four, Four, 4, 2]
}

/// `H` has the lanes of two rows where `V` has those of one.
///
/// # Safety
/// The machine has the instructions of `V` and `H`, and the slices are as [`Correlation::apply`] asserts.
#[inline(always)]
unsafe fn correlate_any<V: Vector, H: Vector, const O: usize, const N: usize>(
    job: &Correlation,
    source: &[f32],
    destination: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        if V::LANES == 2 * (NARROW_STRIDE - 1)
            && job.rows.is_some_and(|[_, stride]| stride == NARROW_STRIDE)
        {
            correlate_reading::<H, O, N>(job, source, destination);
        } else {
            correlate_reading::<V, O, N>(job, source, destination);
        }
    }
}

/// # Safety
/// As [`correlate_any`].
#[inline(always)]
unsafe fn correlate_reading<V: Vector, const O: usize, const N: usize>(
    job: &Correlation,
    source: &[f32],
    destination: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        match job.reading {
            Reading { relu: false, keep: false } => {
                correlate_planes::<V, O, N, false, false>(job, source, destination);
            }
            Reading { relu: true, keep: false } => {
                correlate_planes::<V, O, N, true, false>(job, source, destination);
            }
            Reading { relu, keep: true } => {
                debug_assert!(relu, "no caller adds without a ReLU");
                correlate_planes::<V, O, N, true, true>(job, source, destination);
            }
        }
    }
}

/// Runs along the plane in strips of `N` vectors, for all outputs, `O` at a time. Where one vector would be
/// left the last two strips have two instead of three, which keeps more chains of multiply-adds going.
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
) {
    let mut rest = &job.places[..];
    while !rest.is_empty() {
        let vectors = if rest.len() == 4 && N == 3 { 2 } else { rest.len().min(N) };
        // SAFETY: the rest is the caller's promise.
        unsafe {
            if vectors == N {
                correlate_strip::<V, O, N, RELU, KEEP>(job, source, destination, rest);
            } else if N > 2 && vectors == 2 {
                correlate_strip::<V, O, 2, RELU, KEEP>(job, source, destination, rest);
            } else {
                correlate_strip::<V, O, 1, RELU, KEEP>(job, source, destination, rest);
            }
        }
        rest = &rest[vectors..];
    }
}

/// # Safety
/// As [`correlate_planes`], and `places` has at least `N` of the job's.
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
    places: &[usize],
) {
    let taps = job.offsets.len();
    // SAFETY: every offset plus a plane lies in `source`; `weights` has `taps * O` floats; outputs
    // below `job.outputs` lie in `destination`; places are those of whole vectors in a plane.
    unsafe {
        let mut from = [source.as_ptr(); N];
        for n in 0..N {
            from[n] = source.as_ptr().add(places[n]);
        }
        for (tile, weights) in job.weights.chunks_exact(taps * O).enumerate() {
            let first = tile * O;
            let to = destination.as_mut_ptr().add(first * job.plane);
            let mut sums = [[V::splat(0.0); N]; O];
            if KEEP {
                for output in 0..O {
                    // Beyond the last output anything will do.
                    let row = output.min(job.outputs - 1 - first) * job.plane;
                    for n in 0..N {
                        sums[output][n] = V::load(to.add(row + places[n]));
                    }
                }
            }
            let offsets = &job.offsets;
            let sums = V::add_products::<O, N, RELU>(sums, from, offsets, weights.as_ptr());
            for (output, sums) in sums.iter().enumerate() {
                if first + output < job.outputs {
                    for (n, &sum) in sums.iter().enumerate() {
                        sum.store(to.add(output * job.plane + places[n]));
                    }
                }
            }
        }
    }
}
