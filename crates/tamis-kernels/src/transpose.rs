//! Planes to pixels: the order in which [`crate::correlate_weights`] reads its source.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;
use crate::simd::{Four, SIDE, Square, by_level};

by_level! {
    /// Writes the planes, of `plane` floats each, pixel by pixel: `pixels[p][c] = planes[c][p]`.
    fn planes_to_pixels(planes: &[f32], plane: usize, pixels: &mut [f32]) = transpose;
    avx512 [Avx2], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `S`.
#[inline(always)]
unsafe fn transpose<S: Square>(planes: &[f32], plane: usize, pixels: &mut [f32]) {
    let channels = planes.len() / plane;
    assert!(channels * plane <= pixels.len() && plane.is_multiple_of(SIDE));
    let squares = channels / SIDE * SIDE;
    for first in (0..squares).step_by(SIDE) {
        for p in (0..plane).step_by(SIDE) {
            // SAFETY: `SIDE` channels and `SIDE` pixels from here on exist on both sides.
            unsafe {
                let from = planes.as_ptr().add(first * plane + p);
                S::transpose(from, plane, pixels.as_mut_ptr().add(p * channels + first), channels);
            }
        }
    }
    for (channel, values) in planes.chunks_exact(plane).enumerate().skip(squares) {
        for (pixel, &value) in pixels.chunks_exact_mut(channels).zip(values) {
            pixel[channel] = value;
        }
    }
}
