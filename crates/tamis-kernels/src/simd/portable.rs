//! Vectors without instructions of their own: four floats in an array, and pairs of any vector.

use super::{SIDE, Square, Vector};

/// Four floats, which compilers turn into one register of SSE2 or NEON.
#[derive(Clone, Copy)]
pub(crate) struct Four([f32; 4]);

/// Two vectors used as one of twice the width.
#[derive(Clone, Copy)]
pub(crate) struct Pair<V>(V, V);

macro_rules! lanewise {
    (|$($value:ident = $from:ident),+| $expression:expr) => {{
        let mut lanes = [0.0; 4];
        let mut lane = 0;
        while lane < 4 {
            $(let $value = $from.0[lane];)+
            lanes[lane] = $expression;
            lane += 1;
        }
        Four(lanes)
    }};
}

impl Vector for Four {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Four([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable floats.
        Four(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; 4];
        for (lane, value) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` readable floats.
            *value = unsafe { *from.add(lane) };
        }
        Four(lanes)
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for four writable floats.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` writable floats.
            unsafe { *to.add(lane) = value };
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        lanewise!(|a = self, b = other| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        lanewise!(|a = self, b = other| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        lanewise!(|a = self, b = other| a * b)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // One rounding, as everywhere; without an instruction for it this is slow, and right.
        lanewise!(|a = self, b = factor, c = addend| a.mul_add(b, c))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        lanewise!(|a = self, b = other| if a > b { a } else { b })
    }
    #[inline(always)]
    fn if_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        lanewise!(|a = self, b = other, c = then, d = otherwise| if a == b { c } else { d })
    }
    #[inline(always)]
    fn relu(self) -> Self {
        lanewise!(|value = self| if 0.0 > value { 0.0 } else { value })
    }
    #[inline(always)]
    fn where_positive(self, condition: Self) -> Self {
        lanewise!(|value = self, sign = condition| if sign > 0.0 { value } else { 0.0 })
    }
    #[inline(always)]
    fn and(self, mask: Self) -> Self {
        lanewise!(|value = self, mask = mask| f32::from_bits(value.to_bits() & mask.to_bits()))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
}

impl Square for Four {
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_pitch: usize, to: *mut f32, to_pitch: usize) {
        for row in 0..SIDE {
            for column in 0..SIDE {
                // SAFETY: the caller vouches for every place of the square.
                unsafe {
                    *to.add(column * to_pitch + row) = *from.add(row * from_pitch + column);
                }
            }
        }
    }
}

impl<V: Vector> Vector for Pair<V> {
    const LANES: usize = 2 * V::LANES;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the same contract.
        unsafe { Pair(V::splat(value), V::splat(value)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for both halves.
        unsafe { Pair(V::load(from), V::load(from.add(V::LANES))) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller vouches for `count` readable floats.
        unsafe {
            let rest = count.saturating_sub(V::LANES);
            let upper =
                if rest > 0 { V::load_first(from.add(V::LANES), rest) } else { V::splat(0.0) };
            Pair(V::load_first(from, count.min(V::LANES)), upper)
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for both halves.
        unsafe {
            self.0.store(to);
            self.1.store(to.add(V::LANES));
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: the caller vouches for `count` writable floats.
        unsafe {
            self.0.store_first(to, count.min(V::LANES));
            if count > V::LANES {
                self.1.store_first(to.add(V::LANES), count - V::LANES);
            }
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Pair(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Pair(self.0.sub(other.0), self.1.sub(other.1))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Pair(self.0.mul(other.0), self.1.mul(other.1))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Pair(self.0.mul_add(factor.0, addend.0), self.1.mul_add(factor.1, addend.1))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Pair(self.0.max(other.0), self.1.max(other.1))
    }
    #[inline(always)]
    fn if_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        Pair(
            self.0.if_equal(other.0, then.0, otherwise.0),
            self.1.if_equal(other.1, then.1, otherwise.1),
        )
    }
    #[inline(always)]
    fn relu(self) -> Self {
        Pair(self.0.relu(), self.1.relu())
    }
    #[inline(always)]
    fn where_positive(self, condition: Self) -> Self {
        Pair(self.0.where_positive(condition.0), self.1.where_positive(condition.1))
    }
    #[inline(always)]
    fn and(self, mask: Self) -> Self {
        Pair(self.0.and(mask.0), self.1.and(mask.1))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        self.0.add(self.1).sum()
    }
}
