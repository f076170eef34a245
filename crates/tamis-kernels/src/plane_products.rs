//! The gradient of a 1x1 convolution with respect to its weights: products of all pairs of planes.
//!
//! Lanes are pixels, `WIDE` of them, added up once for each pair and call. Unlike
//! [`crate::correlate_weights`] it needs no transposed source, which was measured to weigh up the additions
//! even for planes of 8x8.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level};

/// `sums[l][r] += sum of left[l] * right[r]` over planes of `plane` floats.
///
/// # Panics
/// If the planes are not whole vectors, or `sums` does not have a float for each pair.
pub(crate) fn plane_products(
    level: Level,
    plane: usize,
    [left, right]: [&[f32]; 2],
    sums: &mut [f32],
) {
    assert!(plane.is_multiple_of(WIDE) && plane > 0);
    assert_eq!(sums.len(), left.len() / plane * (right.len() / plane));
    products(level, plane, left, right, sums);
}

by_level! {
    fn products(plane: usize, left: &[f32], right: &[f32], sums: &mut [f32]) = products_any;
    avx512 [Avx512, 4], avx2 [Avx2, 2], portable [Pair<Pair<Four>>, 2]
}

/// Columns of a tile.
const RIGHT: usize = 4;

/// Beyond the last plane a tile repeats it and drops its sums. A vector of half of the lanes takes a second
/// pass for the upper ones.
///
/// # Safety
/// The machine has the instructions of `V`, and the slices are whole planes of whole vectors.
#[inline(always)]
unsafe fn products_any<V: Vector, const L: usize>(
    plane: usize,
    left: &[f32],
    right: &[f32],
    sums: &mut [f32],
) {
    let (lefts, rights) = (left.len() / plane, right.len() / plane);
    for l in (0..lefts).step_by(L) {
        for r in (0..rights).step_by(RIGHT) {
            let of_left = std::array::from_fn(|n| left[(l + n).min(lefts - 1) * plane..].as_ptr());
            let of_right =
                std::array::from_fn(|n| right[(r + n).min(rights - 1) * plane..].as_ptr());
            // SAFETY: every pointer is to a whole plane.
            let mut tile = unsafe { products_tile::<V, L>(plane, 0, of_left, of_right) };
            if V::LANES < WIDE {
                const { assert!(WIDE <= 2 * V::LANES) };
                // SAFETY: as above.
                let upper = unsafe { products_tile::<V, L>(plane, V::LANES, of_left, of_right) };
                for (tile, upper) in tile.iter_mut().flatten().zip(upper.iter().flatten()) {
                    *tile = tile.add(*upper);
                }
            }
            for (n, tile) in tile.iter().enumerate().take(lefts - l) {
                let sums = &mut sums[(l + n) * rights + r..(l + n + 1) * rights];
                sums.iter_mut().zip(tile).for_each(|(sum, lanes)| *sum += lanes.sum());
            }
        }
    }
}

/// The sums of as many lanes as `V` has, from `first` on, of all that `WIDE` is.
///
/// # Safety
/// The machine has the instructions of `V`, and `plane` floats are readable at every pointer.
#[inline(always)]
unsafe fn products_tile<V: Vector, const L: usize>(
    plane: usize,
    first: usize,
    left: [*const f32; L],
    right: [*const f32; RIGHT],
) -> [[V; RIGHT]; L] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::splat(0.0); RIGHT]; L];
        for at in (first..plane).step_by(WIDE) {
            let mut values = [V::splat(0.0); RIGHT];
            for r in 0..RIGHT {
                values[r] = V::load(right[r].add(at));
            }
            for l in 0..L {
                let factor = V::load(left[l].add(at));
                for r in 0..RIGHT {
                    sums[l][r] = values[r].mul_add(factor, sums[l][r]);
                }
            }
        }
        sums
    }
}
