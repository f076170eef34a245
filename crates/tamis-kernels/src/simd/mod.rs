//! Vectors of `f32` and the choice, at run time, of the widest the machine has.
//!
//! Kernels are written once over [`Vector`], forced inline, and compiled three times inside
//! functions that enable the instructions ([`by_level!`]). Results do not depend on the level: loops whose
//! lanes are results use the native width, those whose lanes are added up use [`WIDE`] lanes at every level,
//! and multiply-and-add rounds once everywhere, which costs the portable level a call where the target has no
//! instruction for it.

#![allow(unsafe_code)]
// Register tiles are indexed by counters that are constants after unrolling.
#![allow(clippy::needless_range_loop)]

mod portable;
#[cfg(target_arch = "x86_64")]
mod twelve;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;
use std::sync::OnceLock;

pub(crate) use portable::{Four, Pair};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// Lanes of every reduction, and the unit to which planes are rounded up.
pub(crate) const WIDE: usize = 16;

/// The instructions that the kernels may use. A value exists only if this machine has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(pub(crate) Instructions);

/// See [`Level`], whose private field keeps this from being chosen where it cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
    Portable,
}

/// The level that kernels use, once any asked or one was chosen.
static USED: OnceLock<Level> = OnceLock::new();

/// A level that cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// This machine has no level of that name.
    #[error("choosing instructions: found `{found}`, expected one of this machine: {expected}")]
    Unavailable {
        /// The name.
        found: String,
        /// The names of the levels that there are, the fastest first.
        expected: String,
    },
    /// Kernels use another level already.
    #[error("choosing instructions: found kernels that use {used} already, expected none yet")]
    InUse {
        /// The name of the level that they use.
        used: &'static str,
    },
}

impl Level {
    /// The level that kernels use: the fastest of this machine, unless another was chosen.
    pub fn best() -> Level {
        *USED.get_or_init(|| Level::available()[0])
    }

    /// Has kernels use the level of this name in the whole process: to see on one machine what another
    /// computes. Before any kernel runs.
    ///
    /// # Errors
    ///
    /// [`ChoiceError`] if this machine has no such level, or kernels use another one already.
    pub fn choose(name: &str) -> Result<(), ChoiceError> {
        let available = Level::available();
        let Some(&level) = available.iter().find(|level| level.name() == name) else {
            let names: Vec<&str> = available.into_iter().map(Level::name).collect();
            return Err(ChoiceError::Unavailable {
                found: name.to_owned(),
                expected: names.join(", "),
            });
        };
        match *USED.get_or_init(|| level) {
            used if used == level => Ok(()),
            used => Err(ChoiceError::InUse { used: used.name() }),
        }
    }

    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2Fma => "avx2",
            Instructions::Portable => "portable",
        }
    }

    /// Every level that this machine can run, the fastest first, for tests and benchmarks.
    pub fn available() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
            let avx512 = std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512vl");
            if avx2 && avx512 {
                levels.push(Level(Instructions::Avx512));
            }
            if avx2 {
                levels.push(Level(Instructions::Avx2Fma));
            }
        }
        levels.push(Level(Instructions::Portable));
        levels
    }
}

/// A vector register, or a few of them.
///
/// Holding a value proves that the machine has the instructions, so only the functions that make
/// one from nothing are unsafe.
pub(crate) trait Vector: Copy {
    const LANES: usize;

    /// # Safety
    /// The machine has this type's instructions.
    unsafe fn splat(value: f32) -> Self;
    /// # Safety
    /// As [`Vector::splat`], and `LANES` floats may be read at `from`, of any alignment.
    unsafe fn load(from: *const f32) -> Self;
    /// Loads the first `count` lanes, less than `LANES`; the others are 0.
    ///
    /// # Safety
    /// As [`Vector::splat`], and `count` floats may be read at `from`, of any alignment.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// # Safety
    /// `LANES` floats may be written at `to`, of any alignment.
    unsafe fn store(self, to: *mut f32);
    /// Stores the first `count` lanes, at most `LANES`.
    ///
    /// # Safety
    /// `count` floats may be written at `to`, of any alignment.
    unsafe fn store_first(self, to: *mut f32, count: usize);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self * factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The larger of two; `other` if one is a NaN, or they are equal.
    fn max(self, other: Self) -> Self;
    /// `then` where `self == other`, else `otherwise`.
    fn if_equal(self, other: Self, then: Self, otherwise: Self) -> Self;
    /// `max(self, 0)`; a NaN stays a NaN, and a negative zero what it is.
    fn relu(self) -> Self;
    /// `self` where `condition > 0`, else 0.
    fn where_positive(self, condition: Self) -> Self;
    /// Bitwise and, with a mask of all-one or all-zero lanes.
    fn and(self, mask: Self) -> Self;
    /// For each offset adds to `sums` the products of `N` vectors, read at `from` plus the offset and taken
    /// through a ReLU or not, with `O` factors.
    ///
    /// # Safety
    /// A vector is readable at all these places, and `O` floats at `factors` for each offset.
    #[inline(always)]
    unsafe fn add_products<const O: usize, const N: usize, const RELU: bool>(
        sums: [[Self; N]; O],
        from: [*const f32; N],
        offsets: &[usize],
        factors: *const f32,
    ) -> [[Self; N]; O] {
        // SAFETY: the same contract.
        unsafe { add_products::<Self, O, N, RELU>(sums, from, offsets, factors) }
    }
    /// For each pixel of some rows adds to `sums` the products of `N` vectors, read at `from` plus the
    /// pixel's place, with `O` factors, read at `factors` plus the pixel's number.
    ///
    /// # Safety
    /// All these places are readable.
    #[inline(always)]
    unsafe fn add_outer_products<const O: usize, const N: usize>(
        sums: [[Self; N]; O],
        from: [*const f32; N],
        factors: [*const f32; O],
        rows: Rows,
    ) -> [[Self; N]; O] {
        // SAFETY: the same contract.
        unsafe { add_outer_products(sums, from, factors, rows) }
    }
    /// Adds to `sums` the products of `O` and `N` planes at some places, [`WIDE`] floats apart.
    ///
    /// # Safety
    /// A vector is readable at all these places of every plane.
    #[inline(always)]
    unsafe fn add_plane_products<const O: usize, const N: usize>(
        sums: [[Self; N]; O],
        left: [*const f32; O],
        right: [*const f32; N],
        places: Range<usize>,
    ) -> [[Self; N]; O] {
        // SAFETY: the same contract.
        unsafe { add_plane_products(sums, left, right, places) }
    }
    /// Sum of the lanes: upper half added to lower half, until one is left.
    fn sum(self) -> f32;
}

/// [`Vector::add_products`] for any tile, as far as compilers find registers for it.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn add_products<V: Vector, const O: usize, const N: usize, const RELU: bool>(
    mut sums: [[V; N]; O],
    from: [*const f32; N],
    offsets: &[usize],
    mut factors: *const f32,
) -> [[V; N]; O] {
    // SAFETY: the caller's promise.
    unsafe {
        for &offset in offsets {
            let mut vectors = [V::splat(0.0); N];
            for n in 0..N {
                vectors[n] = V::load(from[n].add(offset));
                if RELU {
                    vectors[n] = vectors[n].relu();
                }
            }
            for o in 0..O {
                let factor = V::splat(*factors.add(o));
                for n in 0..N {
                    sums[o][n] = vectors[n].mul_add(factor, sums[o][n]);
                }
            }
            factors = factors.add(O);
        }
        sums
    }
}

/// Pixels of whole rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// Pixels of a row.
    pub(crate) width: usize,
    /// From the number of a pixel to that of the one below it.
    pub(crate) stride: usize,
    /// Floats from one pixel to the next.
    pub(crate) pixel: usize,
}

/// [`Vector::add_outer_products`] for any tile, as far as compilers find registers for it.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn add_outer_products<V: Vector, const O: usize, const N: usize>(
    mut sums: [[V; N]; O],
    from: [*const f32; N],
    factors: [*const f32; O],
    rows: Rows,
) -> [[V; N]; O] {
    // SAFETY: the caller's promise.
    unsafe {
        for row in rows.first..rows.end {
            let first = row * rows.stride;
            for at in first..first + rows.width {
                let mut vectors = [V::splat(0.0); N];
                for n in 0..N {
                    vectors[n] = V::load(from[n].add(at * rows.pixel));
                }
                for o in 0..O {
                    let factor = V::splat(*factors[o].add(at));
                    for n in 0..N {
                        sums[o][n] = vectors[n].mul_add(factor, sums[o][n]);
                    }
                }
            }
        }
        sums
    }
}

/// [`Vector::add_plane_products`] for any tile, as far as compilers find registers for it.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn add_plane_products<V: Vector, const O: usize, const N: usize>(
    mut sums: [[V; N]; O],
    left: [*const f32; O],
    right: [*const f32; N],
    places: Range<usize>,
) -> [[V; N]; O] {
    for at in places.step_by(WIDE) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut values = [V::splat(0.0); N];
            for n in 0..N {
                values[n] = V::load(right[n].add(at));
            }
            for o in 0..O {
                let factor = V::load(left[o].add(at));
                for n in 0..N {
                    sums[o][n] = values[n].mul_add(factor, sums[o][n]);
                }
            }
        }
    }
    sums
}

/// Floats between what a loop reads and what it asks for; twice as many were measured to gain less.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 512;

/// Asks for what lies `AHEAD` behind `from`: a loop over planes that follow each other will read it.
/// The machine's own prefetching ends with every page, which is a plane of 32x32.
#[inline(always)]
pub(crate) fn prefetch(from: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: part of every x86-64 machine; reads nothing that the program could see.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(AHEAD).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = from;
}

/// Rows and columns of a [`Square`].
pub(crate) const SIDE: usize = 8;

/// The transposition of a square of floats.
pub(crate) trait Square {
    /// `to[column * to_pitch + row] = from[row * from_pitch + column]` for `SIDE` rows and columns.
    ///
    /// # Safety
    /// The machine has this type's instructions, and all these places may be read and written.
    unsafe fn transpose(from: *const f32, from_pitch: usize, to: *mut f32, to_pitch: usize);
}

/// Compiles a generic kernel once for each level and chooses among them by a [`Level`].
///
/// The three copies are never inlined into each other or into callers: merged into one large
/// function they were measured to lose a factor of 2 to 5 to register spills.
macro_rules! by_level {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $body:ident;
     avx512 [$($avx512:tt)*], avx2 [$($avx2:tt)*], portable [$($portable:tt)*]) => {
        $(#[$doc])*
        pub(crate) fn $name(level: $crate::simd::Level, $($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
            #[inline(never)]
            fn avx512($($arg: $type),*) $(-> $result)? {
                // SAFETY: the instructions are enabled here.
                unsafe { $body::<$($avx512)*>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[inline(never)]
            fn avx2($($arg: $type),*) $(-> $result)? {
                // SAFETY: the instructions are enabled here.
                unsafe { $body::<$($avx2)*>($($arg),*) }
            }
            #[inline(never)]
            fn portable($($arg: $type),*) $(-> $result)? {
                // SAFETY: needs no instructions beyond the target's.
                unsafe { $body::<$($portable)*>($($arg),*) }
            }
            match level.0 {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Level` exists only where its instructions were detected.
                $crate::simd::Instructions::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::simd::Instructions::Avx2Fma => unsafe { avx2($($arg),*) },
                $crate::simd::Instructions::Portable => portable($($arg),*),
            }
        }
    };
}
pub(crate) use by_level;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of these meets in some lane.
    const SPECIAL: [f32; WIDE] = {
        let mut values = [0.0; WIDE];
        let (negative, tiny) = (f32::from_bits(0xffc0_1234), f32::from_bits(1));
        let some =
            [0.0, -0.0, f32::NAN, negative, 1.5, -1.5, tiny, f32::INFINITY, f32::NEG_INFINITY];
        let mut lane = 0;
        while lane < WIDE {
            values[lane] = some[lane % some.len()];
            lane += 1;
        }
        values
    };

    by_level! {
        /// What the operations make of `WIDE` lanes, one after another.
        fn operations(left: &[f32; WIDE], right: &[f32; WIDE], to: &mut [f32]) = operations_any;
        avx512 [Avx512], avx2 [Pair<Avx2>], portable [Pair<Pair<Four>>]
    }

    /// # Safety
    /// The machine has the instructions of `V`, of `WIDE` lanes.
    #[inline(always)]
    unsafe fn operations_any<V: Vector>(left: &[f32; WIDE], right: &[f32; WIDE], to: &mut [f32]) {
        // SAFETY: the slices have so many floats.
        unsafe {
            let [a, b] = [left, right].map(|values| V::load(values.as_ptr()));
            let chosen = a.if_equal(b, V::splat(1.0), b);
            let mut to = to.chunks_exact_mut(WIDE);
            for result in [a.max(b), a.relu(), a.where_positive(b), chosen, a.and(b)] {
                result.store(to.next().unwrap().as_mut_ptr());
            }
            for (count, to) in to.enumerate().take(WIDE) {
                a.store_first(to.as_mut_ptr(), count + 1);
            }
        }
    }

    #[test]
    fn zeros_and_nans_come_out_alike_at_every_level() {
        for turn in 0..WIDE {
            let mut right = SPECIAL;
            right.rotate_left(turn);
            let found = Level::available().into_iter().map(|level| {
                let mut to = vec![7.0; (5 + WIDE) * WIDE];
                operations(level, &SPECIAL, &right, &mut to);
                to.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            });
            let found: Vec<_> = found.collect();
            assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "turned by {turn}");
            assert_eq!(found[0][5 * WIDE], SPECIAL[0].to_bits());
            assert_eq!(
                found[0][5 * WIDE + 1],
                7.0_f32.to_bits(),
                "a lane beyond the first was stored"
            );
        }
    }

    by_level! {
        fn sums(values: &[f32; WIDE], factors: &[f32; WIDE]) -> [f32; 2] = sums_any;
        avx512 [Avx512], avx2 [Pair<Avx2>], portable [Pair<Pair<Four>>]
    }

    /// # Safety
    /// As [`operations_any`].
    #[inline(always)]
    unsafe fn sums_any<V: Vector>(values: &[f32; WIDE], factors: &[f32; WIDE]) -> [f32; 2] {
        // SAFETY: both have so many floats.
        unsafe {
            let [a, b] = [values, factors].map(|values| V::load(values.as_ptr()));
            [a.sum(), a.mul_add(b, a).sum()]
        }
    }

    #[test]
    fn lanes_are_added_halves_onto_halves_and_products_are_rounded_once() {
        let values: [f32; WIDE] = std::array::from_fn(|lane| (lane as f32 * 1.7).sin() * 100.0);
        let factors = values.map(|value| value.cos());
        let halves = |mut lanes: Vec<f32>| {
            while lanes.len() > 1 {
                let (lower, upper) = lanes.split_at(lanes.len() / 2);
                lanes = lower.iter().zip(upper).map(|(lower, upper)| lower + upper).collect();
            }
            lanes[0]
        };
        let fused = values.iter().zip(&factors).map(|(a, b)| a.mul_add(*b, *a)).collect();
        let expected = [halves(values.to_vec()), halves(fused)].map(f32::to_bits);
        for level in Level::available() {
            let found = sums(level, &values, &factors).map(f32::to_bits);
            assert_eq!(found, expected, "{level:?}");
        }
    }
}
