//! Register tiles of AVX2 that take all of its sixteen registers: sums of four by three vectors, three
//! vectors and a factor of them, a number or a vector.
//!
//! In assembly, because compilers read factors ahead, then lack a register and keep a sum in memory, which
//! was measured to halve the speed. What is added to what in which order is that of [`super::add_products`]
//! and its neighbours.

use super::{Rows, WIDE};
use std::arch::asm;
use std::arch::x86_64::__m256;
use std::ops::Range;

/// The sums of a tile.
pub(super) type Twelve = [[__m256; 3]; 4];

/// The sums, if they are of such a tile.
///
/// # Safety
/// `V` is a 256-bit register and nothing else.
#[inline(always)]
pub(super) unsafe fn of<V, const O: usize, const N: usize>(
    sums: &mut [[V; N]; O],
) -> Option<&mut Twelve> {
    // SAFETY: by the caller's promise it is the same type.
    (O == 4 && N == 3).then(|| unsafe { &mut *std::ptr::from_mut(sums).cast() })
}

/// Adds the products of three vectors and four factors, given how to read both.
macro_rules! add {
    ($sums:ident, [$($read:literal),+], [$f:literal, $g:literal, $h:literal, $i:literal],
     $($name:ident = $value:expr),+ $(,)?) => {
        asm!(
            $($read,)+
            $f,
            "vfmadd231ps {s00}, {w}, {x}",
            "vfmadd231ps {s01}, {w}, {y}",
            "vfmadd231ps {s02}, {w}, {z}",
            $g,
            "vfmadd231ps {s10}, {w}, {x}",
            "vfmadd231ps {s11}, {w}, {y}",
            "vfmadd231ps {s12}, {w}, {z}",
            $h,
            "vfmadd231ps {s20}, {w}, {x}",
            "vfmadd231ps {s21}, {w}, {y}",
            "vfmadd231ps {s22}, {w}, {z}",
            $i,
            "vfmadd231ps {s30}, {w}, {x}",
            "vfmadd231ps {s31}, {w}, {y}",
            "vfmadd231ps {s32}, {w}, {z}",
            $($name = in(reg) $value,)+
            w = out(ymm_reg) _,
            x = out(ymm_reg) _,
            y = out(ymm_reg) _,
            z = out(ymm_reg) _,
            s00 = inout(ymm_reg) $sums[0][0],
            s01 = inout(ymm_reg) $sums[0][1],
            s02 = inout(ymm_reg) $sums[0][2],
            s10 = inout(ymm_reg) $sums[1][0],
            s11 = inout(ymm_reg) $sums[1][1],
            s12 = inout(ymm_reg) $sums[1][2],
            s20 = inout(ymm_reg) $sums[2][0],
            s21 = inout(ymm_reg) $sums[2][1],
            s22 = inout(ymm_reg) $sums[2][2],
            s30 = inout(ymm_reg) $sums[3][0],
            s31 = inout(ymm_reg) $sums[3][1],
            s32 = inout(ymm_reg) $sums[3][2],
            options(pure, readonly, nostack, preserves_flags),
        )
    };
}

/// # Safety
/// As [`super::Vector::add_products`], and the machine has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) unsafe fn add_products<const RELU: bool>(
    to: &mut Twelve,
    [from_x, from_y, from_z]: [*const f32; 3],
    offsets: &[usize],
    mut factors: *const f32,
) {
    let mut sums = *to;
    for &offset in offsets {
        // SAFETY: the caller's promise.
        unsafe {
            if RELU {
                // The register of the factor is the zero of the ReLU first.
                add!(
                    sums,
                    [
                        "vxorps {w}, {w}, {w}",
                        "vmaxps {x}, {w}, ymmword ptr [{from_x} + 4*{offset}]",
                        "vmaxps {y}, {w}, ymmword ptr [{from_y} + 4*{offset}]",
                        "vmaxps {z}, {w}, ymmword ptr [{from_z} + 4*{offset}]"
                    ],
                    [
                        "vbroadcastss {w}, dword ptr [{factors}]",
                        "vbroadcastss {w}, dword ptr [{factors} + 4]",
                        "vbroadcastss {w}, dword ptr [{factors} + 8]",
                        "vbroadcastss {w}, dword ptr [{factors} + 12]"
                    ],
                    from_x = from_x,
                    from_y = from_y,
                    from_z = from_z,
                    offset = offset,
                    factors = factors,
                );
            } else {
                add!(
                    sums,
                    [
                        "vmovups {x}, ymmword ptr [{from_x} + 4*{offset}]",
                        "vmovups {y}, ymmword ptr [{from_y} + 4*{offset}]",
                        "vmovups {z}, ymmword ptr [{from_z} + 4*{offset}]"
                    ],
                    [
                        "vbroadcastss {w}, dword ptr [{factors}]",
                        "vbroadcastss {w}, dword ptr [{factors} + 4]",
                        "vbroadcastss {w}, dword ptr [{factors} + 8]",
                        "vbroadcastss {w}, dword ptr [{factors} + 12]"
                    ],
                    from_x = from_x,
                    from_y = from_y,
                    from_z = from_z,
                    offset = offset,
                    factors = factors,
                );
            }
            factors = factors.add(4);
        }
    }
    *to = sums;
}

/// # Safety
/// As [`super::Vector::add_outer_products`], and the machine has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) unsafe fn add_outer_products(
    to: &mut Twelve,
    [from_x, from_y, from_z]: [*const f32; 3],
    [a, b, c, d]: [*const f32; 4],
    rows: Rows,
) {
    let mut sums = *to;
    for row in rows.first..rows.end {
        let first = row * rows.stride;
        for at in first..first + rows.width {
            // SAFETY: the caller's promise.
            unsafe {
                add!(
                    sums,
                    [
                        "vmovups {x}, ymmword ptr [{from_x} + 4*{offset}]",
                        "vmovups {y}, ymmword ptr [{from_y} + 4*{offset}]",
                        "vmovups {z}, ymmword ptr [{from_z} + 4*{offset}]"
                    ],
                    [
                        "vbroadcastss {w}, dword ptr [{a} + 4*{at}]",
                        "vbroadcastss {w}, dword ptr [{b} + 4*{at}]",
                        "vbroadcastss {w}, dword ptr [{c} + 4*{at}]",
                        "vbroadcastss {w}, dword ptr [{d} + 4*{at}]"
                    ],
                    from_x = from_x,
                    from_y = from_y,
                    from_z = from_z,
                    offset = at * rows.pixel,
                    a = a,
                    b = b,
                    c = c,
                    d = d,
                    at = at,
                );
            }
        }
    }
    *to = sums;
}

/// # Safety
/// As [`super::Vector::add_plane_products`], and the machine has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) unsafe fn add_plane_products(
    to: &mut Twelve,
    [a, b, c, d]: [*const f32; 4],
    [from_x, from_y, from_z]: [*const f32; 3],
    places: Range<usize>,
) {
    let mut sums = *to;
    for at in places.step_by(WIDE) {
        // SAFETY: the caller's promise.
        unsafe {
            add!(
                sums,
                [
                    "vmovups {x}, ymmword ptr [{from_x} + 4*{at}]",
                    "vmovups {y}, ymmword ptr [{from_y} + 4*{at}]",
                    "vmovups {z}, ymmword ptr [{from_z} + 4*{at}]"
                ],
                [
                    "vmovups {w}, ymmword ptr [{a} + 4*{at}]",
                    "vmovups {w}, ymmword ptr [{b} + 4*{at}]",
                    "vmovups {w}, ymmword ptr [{c} + 4*{at}]",
                    "vmovups {w}, ymmword ptr [{d} + 4*{at}]"
                ],
                from_x = from_x,
                from_y = from_y,
                from_z = from_z,
                a = a,
                b = b,
                c = c,
                d = d,
                at = at,
            );
        }
    }
    *to = sums;
}
