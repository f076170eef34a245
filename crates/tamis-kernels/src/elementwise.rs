//! Loops that write one plane from a few others: sums with coefficients, ReLU, 3x3 pooling.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Pair, Vector, WIDE, by_level, prefetch};

/// A plane and the factor by which it enters a sum.
pub(crate) type Term<'a> = (f32, &'a [f32]);

/// Terms of one pass of [`combine`]; more terms take several passes over the destination.
pub(crate) const PASS: usize = 6;

/// `to = constant + sum of factor * plane`, zero where `mask` is.
pub(crate) fn combine(level: Level, to: &mut [f32], constant: f32, terms: &[Term], mask: &[u32]) {
    let (first, rest) = terms.split_at(terms.len().min(PASS));
    combine_pass(level, to, false, constant, first, mask);
    if !rest.is_empty() {
        add(level, to, 0.0, rest, mask);
    }
}

/// `to = to + constant + sum of factor * plane`, zero where `mask` is.
pub(crate) fn add(level: Level, to: &mut [f32], mut constant: f32, terms: &[Term], mask: &[u32]) {
    if terms.is_empty() {
        combine_pass(level, to, true, constant, terms, mask);
    }
    for pass in terms.chunks(PASS) {
        combine_pass(level, to, true, constant, pass, mask);
        constant = 0.0;
    }
}

by_level! {
    /// At most `PASS` terms; adds to what is there if `keep`. A cache line at a time, which is asked for
    /// once.
    fn combine_pass(
        to: &mut [f32], keep: bool, constant: f32, terms: &[Term<'_>], mask: &[u32],
    ) = combine_any;
    avx512 [Avx512], avx2 [Pair<Avx2>], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn combine_any<V: Vector>(
    to: &mut [f32],
    keep: bool,
    constant: f32,
    terms: &[Term<'_>],
    mask: &[u32],
) {
    // SAFETY: the caller's promise; the number of terms is matched.
    unsafe {
        match terms.len() {
            0 => combine_terms::<V, 0>(to, keep, constant, terms, mask),
            1 => combine_terms::<V, 1>(to, keep, constant, terms, mask),
            2 => combine_terms::<V, 2>(to, keep, constant, terms, mask),
            3 => combine_terms::<V, 3>(to, keep, constant, terms, mask),
            4 => combine_terms::<V, 4>(to, keep, constant, terms, mask),
            5 => combine_terms::<V, 5>(to, keep, constant, terms, mask),
            _ => combine_terms::<V, PASS>(to, keep, constant, terms, mask),
        }
    }
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn combine_terms<V: Vector, const T: usize>(
    to: &mut [f32],
    keep: bool,
    constant: f32,
    terms: &[Term<'_>],
    mask: &[u32],
) {
    let len = whole(to.len(), terms.iter().map(|term| term.1.len()).min());
    assert!(terms.len() == T && mask.len() >= len);
    // SAFETY: all slices have at least `len` floats, a multiple of the lanes.
    unsafe {
        let mut factors = [V::splat(0.0); T];
        let mut planes = [std::ptr::null(); T];
        for t in 0..T {
            factors[t] = V::splat(terms[t].0);
            planes[t] = terms[t].1.as_ptr();
        }
        let constant = V::splat(constant);
        let mut at = 0;
        while at < len {
            let place = to.as_mut_ptr().add(at);
            let mut sum = if keep { V::load(place).add(constant) } else { constant };
            for t in 0..T {
                prefetch(planes[t].add(at));
                sum = V::load(planes[t].add(at)).mul_add(factors[t], sum);
            }
            sum.and(V::load(mask.as_ptr().add(at).cast())).store(place);
            at += V::LANES;
        }
    }
}

/// The common length of slices that are combined: whole vectors, covered by the shortest other.
#[inline(always)]
fn whole(len: usize, shortest: Option<usize>) -> usize {
    assert!(len.is_multiple_of(WIDE) && shortest.is_none_or(|shortest| shortest >= len));
    len
}

by_level! {
    /// `to = max(from, 0)`.
    fn relu(to: &mut [f32], from: &[f32]) = relu_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn relu_any<V: Vector>(to: &mut [f32], from: &[f32]) {
    let len = whole(to.len(), Some(from.len()));
    let mut at = 0;
    while at < len {
        // SAFETY: both slices have `len` floats, a multiple of the lanes.
        unsafe {
            let from = from.as_ptr().add(at);
            V::load(from).relu().store(to.as_mut_ptr().add(at));
        }
        at += V::LANES;
    }
}

by_level! {
    /// `gradient = gradient where value > 0, else 0`.
    fn relu_backward(gradient: &mut [f32], value: &[f32]) = relu_backward_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn relu_backward_any<V: Vector>(gradient: &mut [f32], value: &[f32]) {
    let len = whole(gradient.len(), Some(value.len()));
    let mut at = 0;
    while at < len {
        // SAFETY: both slices have `len` floats, a multiple of the lanes.
        unsafe {
            let place = gradient.as_mut_ptr().add(at);
            V::load(place).where_positive(V::load(value.as_ptr().add(at))).store(place);
        }
        at += V::LANES;
    }
}

by_level! {
    /// `to = to * factors`.
    fn multiply(to: &mut [f32], factors: &[f32]) = multiply_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn multiply_any<V: Vector>(to: &mut [f32], factors: &[f32]) {
    let len = whole(to.len(), Some(factors.len()));
    let mut at = 0;
    while at < len {
        // SAFETY: both slices have `len` floats, a multiple of the lanes.
        unsafe {
            let place = to.as_mut_ptr().add(at);
            V::load(place).mul(V::load(factors.as_ptr().add(at))).store(place);
        }
        at += V::LANES;
    }
}

by_level! {
    /// `to[p] += factors[p] * (sum of the 3x3 neighbours of p)`.
    ///
    /// `bordered` begins at the upper left neighbour of the first pixel; rows are `stride` apart.
    fn add_neighbours(to: &mut [f32], factors: &[f32], bordered: &[f32], stride: usize) = neighbours_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn neighbours_any<V: Vector>(
    to: &mut [f32],
    factors: &[f32],
    bordered: &[f32],
    stride: usize,
) {
    let len = whole(to.len(), Some(factors.len()));
    assert!(len + 2 * stride + 2 <= bordered.len());
    let mut at = 0;
    while at < len {
        // SAFETY: the largest offset is `2 * stride + 2`, and `len` is a multiple of the lanes.
        unsafe {
            let corner = bordered.as_ptr().add(at);
            let mut sum = V::splat(0.0);
            for row in 0..3 {
                let left = corner.add(row * stride);
                let three = V::load(left).add(V::load(left.add(1))).add(V::load(left.add(2)));
                sum = sum.add(three);
            }
            let place = to.as_mut_ptr().add(at);
            let factor = V::load(factors.as_ptr().add(at));
            sum.mul_add(factor, V::load(place)).store(place);
        }
        at += V::LANES;
    }
}
