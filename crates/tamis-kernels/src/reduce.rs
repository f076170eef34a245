//! Loops that turn planes into numbers: sums, sums of squares, products of two planes.
//!
//! All of them add in `WIDE` lanes whatever the machine.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level, prefetch};

/// Independent running sums of a long reduction, to hide the latency of the additions.
const CHAINS: usize = 4;

/// A plane and the value subtracted from each of its elements.
pub(crate) type Centred<'a> = (f32, &'a [f32]);

/// Runs `$step` for every vector of `0..$len`, with the index of a chain that is constant after
/// unrolling, so that the running sums stay in registers.
macro_rules! in_chains {
    ($len:expr, $lanes:expr, $chains:expr, |$at:ident, $chain:ident| $step:expr) => {
        let (len, lanes) = ($len, $lanes);
        let mut start = 0;
        while start + $chains * lanes <= len {
            for $chain in 0..$chains {
                let $at = start + $chain * lanes;
                $step
            }
            start += $chains * lanes;
        }
        for $chain in 0..$chains {
            let $at = start + $chain * lanes;
            if $at < len {
                $step
            }
        }
    };
}

/// Sum of the chains.
#[inline(always)]
fn joined<V: Vector>(chains: [V; CHAINS]) -> V {
    chains[0].add(chains[1]).add(chains[2].add(chains[3]))
}

/// Sum of the chains and of their lanes.
#[inline(always)]
fn total<V: Vector>(chains: [V; CHAINS]) -> f32 {
    joined(chains).sum()
}

by_level! {
    /// Sum of a plane.
    fn sum(plane: &[f32]) -> f32 = sum_any;
    avx512 [Avx512], avx2 [Pair<Avx2>], portable [Pair<Pair<Four>>]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn sum_any<V: Vector>(plane: &[f32]) -> f32 {
    assert!(plane.len().is_multiple_of(WIDE));
    // SAFETY: the length is a multiple of the lanes.
    unsafe {
        let mut sums = [V::splat(0.0); CHAINS];
        in_chains!(plane.len(), V::LANES, CHAINS, |at, chain| {
            sums[chain] = sums[chain].add(V::load(plane.as_ptr().add(at)));
        });
        total(sums)
    }
}

by_level! {
    /// Sum and sum of squares of `plane - pilot` over the pixels of `mask`.
    fn shifted_moments(plane: &[f32], pilot: f32, mask: &[u32]) -> [f32; 2] = moments_any;
    avx512 [Avx512], avx2 [Pair<Avx2>], portable [Pair<Pair<Four>>]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn moments_any<V: Vector>(plane: &[f32], pilot: f32, mask: &[u32]) -> [f32; 2] {
    assert!(plane.len().is_multiple_of(WIDE) && mask.len() >= plane.len());
    // SAFETY: both slices have whole vectors up to the length of `plane`.
    unsafe {
        let pilot = V::splat(pilot);
        let mut sums = [V::splat(0.0); CHAINS];
        let mut squares = [V::splat(0.0); CHAINS];
        in_chains!(plane.len(), V::LANES, CHAINS, |at, chain| {
            let mask = V::load(mask.as_ptr().add(at).cast());
            let value = V::load(plane.as_ptr().add(at)).sub(pilot).and(mask);
            sums[chain] = sums[chain].add(value);
            squares[chain] = value.mul_add(value, squares[chain]);
        });
        [total(sums), total(squares)]
    }
}

/// `sum of plane * (other - its centre)`.
pub(crate) fn product(level: Level, plane: &[f32], other: Centred) -> f32 {
    products(level, plane, [other; 2])[0]
}

/// [`product`] with each of two others, 0 for one that is absent.
pub(crate) fn products_of(level: Level, plane: &[f32], others: [Option<Centred>; 2]) -> [f32; 2] {
    match others {
        [Some(first), Some(second)] => products(level, plane, [first, second]),
        [Some(first), None] => [product(level, plane, first), 0.0],
        [None, Some(second)] => [0.0, product(level, plane, second)],
        [None, None] => [0.0; 2],
    }
}

by_level! {
    /// [`product`] with each of two others.
    fn products(plane: &[f32], others: [Centred<'_>; 2]) -> [f32; 2] = products_any;
    avx512 [Avx512], avx2 [Avx2], portable [Pair<Pair<Four>>]
}

/// A vector of half of the lanes takes a second pass for the upper ones: the sums of both do not fit AVX2's
/// registers.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn products_any<V: Vector>(plane: &[f32], others: [Centred<'_>; 2]) -> [f32; 2] {
    const { assert!(V::LANES <= WIDE && WIDE <= 2 * V::LANES) };
    let len = plane.len();
    assert!(len.is_multiple_of(WIDE) && others.iter().all(|other| other.1.len() >= len));
    // SAFETY: the three slices have whole vectors up to `len`.
    unsafe {
        let lower = products_of_lanes::<V>(plane, others, 0);
        if V::LANES == WIDE {
            return [lower[0].sum(), lower[1].sum()];
        }
        let upper = products_of_lanes::<V>(plane, others, V::LANES);
        [lower[0].add(upper[0]).sum(), lower[1].add(upper[1]).sum()]
    }
}

/// The products of as many of the `WIDE` lanes as `V` has, from `first` on.
///
/// # Safety
/// As [`products_any`], which checks the lengths.
#[inline(always)]
unsafe fn products_of_lanes<V: Vector>(
    plane: &[f32],
    [a, b]: [Centred<'_>; 2],
    first: usize,
) -> [V; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let centres = [V::splat(a.0), V::splat(b.0)];
        let mut left = [V::splat(0.0); CHAINS];
        let mut right = [V::splat(0.0); CHAINS];
        in_chains!(plane.len(), WIDE, CHAINS, |at, chain| {
            let at = at + first;
            let value = V::load(plane.as_ptr().add(at));
            // The second pass finds what the first one read.
            if first == 0 {
                prefetch(a.1.as_ptr().add(at));
                prefetch(b.1.as_ptr().add(at));
            }
            let of_left = V::load(a.1.as_ptr().add(at)).sub(centres[0]);
            let of_right = V::load(b.1.as_ptr().add(at)).sub(centres[1]);
            left[chain] = value.mul_add(of_left, left[chain]);
            right[chain] = value.mul_add(of_right, right[chain]);
        });
        [joined(left), joined(right)]
    }
}
