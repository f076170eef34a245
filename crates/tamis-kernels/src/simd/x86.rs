//! The vectors of AVX2 (with FMA) and AVX-512 (foundation instructions, and those on all 32 registers of
//! shorter vectors).

use super::{Rows, Square, Vector, twelve};
use std::arch::x86_64::*;
use std::ops::Range;

/// One 256-bit register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Avx2(__m256);

/// One 512-bit register. In memory its halves are `APART` floats apart: side by side, or in two rows.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const APART: usize = 8>(__m512);

/// Evaluates intrinsics where a vector at hand proves that the machine has them.
macro_rules! intrinsic {
    ($expression:expr) => {
        // SAFETY: a vector of this type exists only where its instructions do.
        unsafe { $expression }
    };
}

/// A mask of the first lanes of eight.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn first_lanes(count: usize) -> __m256i {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
    }
}

impl Vector for Avx2 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller vouches for the instructions.
        Avx2(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the instructions and the memory.
        Avx2(unsafe { _mm256_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller vouches for `count` readable floats; the others are masked off.
        unsafe { Avx2(_mm256_maskload_ps(from, first_lanes(count))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: the caller vouches for `count` writable floats; the others are masked off.
        unsafe { _mm256_maskstore_ps(to, first_lanes(count), self.0) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Avx2(intrinsic!(_mm256_add_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Avx2(intrinsic!(_mm256_sub_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Avx2(intrinsic!(_mm256_mul_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Avx2(intrinsic!(_mm256_fmadd_ps(self.0, factor.0, addend.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx2(intrinsic!(_mm256_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn if_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        Avx2(intrinsic!({
            let equal = _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0);
            _mm256_blendv_ps(otherwise.0, then.0, equal)
        }))
    }
    #[inline(always)]
    fn relu(self) -> Self {
        // The instruction returns its second operand when one is a NaN.
        Avx2(intrinsic!(_mm256_max_ps(_mm256_setzero_ps(), self.0)))
    }
    #[inline(always)]
    fn where_positive(self, condition: Self) -> Self {
        let positive = intrinsic!(_mm256_cmp_ps::<_CMP_GT_OQ>(condition.0, _mm256_setzero_ps()));
        self.and(Avx2(positive))
    }
    #[inline(always)]
    fn and(self, mask: Self) -> Self {
        Avx2(intrinsic!(_mm256_and_ps(self.0, mask.0)))
    }
    #[inline(always)]
    unsafe fn add_products<const O: usize, const N: usize, const RELU: bool>(
        mut sums: [[Self; N]; O],
        from: [*const f32; N],
        offsets: &[usize],
        factors: *const f32,
    ) -> [[Self; N]; O] {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(twelve) = twelve::of(&mut sums) {
                twelve::add_products::<RELU>(twelve, [from[0], from[1], from[2]], offsets, factors);
                return sums;
            }
            super::add_products::<Self, O, N, RELU>(sums, from, offsets, factors)
        }
    }
    #[inline(always)]
    unsafe fn add_outer_products<const O: usize, const N: usize>(
        mut sums: [[Self; N]; O],
        from: [*const f32; N],
        factors: [*const f32; O],
        rows: Rows,
    ) -> [[Self; N]; O] {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(twelve) = twelve::of(&mut sums) {
                let factors = [factors[0], factors[1], factors[2], factors[3]];
                twelve::add_outer_products(twelve, [from[0], from[1], from[2]], factors, rows);
                return sums;
            }
            super::add_outer_products(sums, from, factors, rows)
        }
    }
    #[inline(always)]
    unsafe fn add_plane_products<const O: usize, const N: usize>(
        mut sums: [[Self; N]; O],
        left: [*const f32; O],
        right: [*const f32; N],
        places: Range<usize>,
    ) -> [[Self; N]; O] {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(twelve) = twelve::of(&mut sums) {
                let (left, right) =
                    ([left[0], left[1], left[2], left[3]], [right[0], right[1], right[2]]);
                twelve::add_plane_products(twelve, left, right, places);
                return sums;
            }
            super::add_plane_products(sums, left, right, places)
        }
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        intrinsic!({
            let four =
                _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        })
    }
}

impl Square for Avx2 {
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_pitch: usize, to: *mut f32, to_pitch: usize) {
        // SAFETY: the caller vouches for the instructions and for every place of the square.
        unsafe {
            for half in 0..2 {
                // Columns 4 * half to 4 * half + 3 of rows n and n + 4, in the two halves of a register.
                let from = from.add(4 * half);
                let mut rows = [_mm256_setzero_ps(); 4];
                for (n, row) in rows.iter_mut().enumerate() {
                    let lower = _mm256_castps128_ps256(_mm_loadu_ps(from.add(n * from_pitch)));
                    let upper = _mm_loadu_ps(from.add((n + 4) * from_pitch));
                    *row = _mm256_insertf128_ps::<1>(lower, upper);
                }
                let [a, b, c, d] = rows;
                let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                let columns = [
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
                ];
                for (n, column) in columns.into_iter().enumerate() {
                    _mm256_storeu_ps(to.add((4 * half + n) * to_pitch), column);
                }
            }
        }
    }
}

impl<const APART: usize> Vector for Avx512<APART> {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller vouches for the instructions.
        Avx512(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the instructions and the memory.
        unsafe {
            if APART == 8 {
                return Avx512(_mm512_loadu_ps(from));
            }
            let lower = _mm512_castps256_ps512(_mm256_loadu_ps(from));
            let upper = _mm256_loadu_ps(from.add(APART));
            let halves = _mm512_castps_pd(lower);
            let halves = _mm512_insertf64x4::<1>(halves, _mm256_castps_pd(upper));
            Avx512(_mm512_castpd_ps(halves))
        }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        const { assert!(APART == 8, "the first lanes of two rows") };
        let read = ((1_u32 << count) - 1) as u16;
        // SAFETY: the caller vouches for `count` readable floats; the others are masked off.
        unsafe { Avx512(_mm512_maskz_loadu_ps(read, from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe {
            if APART == 8 {
                return _mm512_storeu_ps(to, self.0);
            }
            let upper = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(self.0));
            _mm256_storeu_ps(to, _mm512_castps512_ps256(self.0));
            _mm256_storeu_ps(to.add(APART), _mm256_castpd_ps(upper));
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        const { assert!(APART == 8, "the first lanes of two rows") };
        let written = ((1_u32 << count) - 1) as u16;
        // SAFETY: the caller vouches for `count` writable floats; the others are masked off.
        unsafe { _mm512_mask_storeu_ps(to, written, self.0) };
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Avx512(intrinsic!(_mm512_add_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Avx512(intrinsic!(_mm512_sub_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Avx512(intrinsic!(_mm512_mul_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Avx512(intrinsic!(_mm512_fmadd_ps(self.0, factor.0, addend.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx512(intrinsic!(_mm512_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn if_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        Avx512(intrinsic!({
            let equal = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0);
            _mm512_mask_blend_ps(equal, otherwise.0, then.0)
        }))
    }
    #[inline(always)]
    fn relu(self) -> Self {
        // The instruction returns its second operand when one is a NaN.
        Avx512(intrinsic!(_mm512_max_ps(_mm512_setzero_ps(), self.0)))
    }
    #[inline(always)]
    fn where_positive(self, condition: Self) -> Self {
        Avx512(intrinsic!({
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(condition.0, _mm512_setzero_ps());
            _mm512_maskz_mov_ps(positive, self.0)
        }))
    }
    #[inline(always)]
    fn and(self, mask: Self) -> Self {
        Avx512(intrinsic!(_mm512_castsi512_ps(_mm512_and_si512(
            _mm512_castps_si512(self.0),
            _mm512_castps_si512(mask.0)
        ))))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let eight = intrinsic!({
            let upper = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(self.0));
            _mm256_add_ps(_mm512_castps512_ps256(self.0), _mm256_castpd_ps(upper))
        });
        Avx2(eight).sum()
    }
}
