//! The gradient of a 1x1 convolution with respect to its weights: products of all pairs of planes.
//!
//! Lanes are pixels, `WIDE` of them, added up once for each pair and call. Unlike
//! [`crate::correlate_weights`] it needs no transposed source, which was measured to weigh up the additions
//! even for planes of 8x8.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level};
use std::ops::Range;

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
    avx512 [Avx512, 4, 4], avx2 [Avx2, 4, 3], portable [Pair<Pair<Four>>, 2, 4]
}

/// Beyond the last plane a tile repeats it and drops its sums. A vector of half of the lanes takes a second
/// pass for the upper ones.
///
/// # Safety
/// The machine has the instructions of `V`, and the slices are whole planes of whole vectors.
#[inline(always)]
unsafe fn products_any<V: Vector, const L: usize, const R: usize>(
    plane: usize,
    left: &[f32],
    right: &[f32],
    sums: &mut [f32],
) {
    let (lefts, rights) = (left.len() / plane, right.len() / plane);
    for l in (0..lefts).step_by(L) {
        for r in (0..rights).step_by(R) {
            let of_left = std::array::from_fn(|n| left[(l + n).min(lefts - 1) * plane..].as_ptr());
            let of_right =
                std::array::from_fn(|n| right[(r + n).min(rights - 1) * plane..].as_ptr());
            // SAFETY: every pointer is to a whole plane.
            let mut tile = unsafe { add_up::<V, L, R>(of_left, of_right, 0..plane) };
            if V::LANES < WIDE {
                const { assert!(WIDE <= 2 * V::LANES) };
                // SAFETY: as above.
                let upper = unsafe { add_up::<V, L, R>(of_left, of_right, V::LANES..plane) };
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

/// The sums of as many lanes as `V` has at all these places.
///
/// # Safety
/// The machine has the instructions of `V`, and a vector is readable at each place of every plane.
#[inline(always)]
unsafe fn add_up<V: Vector, const L: usize, const R: usize>(
    left: [*const f32; L],
    right: [*const f32; R],
    places: Range<usize>,
) -> [[V; R]; L] {
    // SAFETY: the caller's promise.
    unsafe { V::add_plane_products([[V::splat(0.0); R]; L], left, right, places) }
}
