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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    #[test]
    fn every_float_lands_in_its_pixel_at_every_level() {
        for (channels, plane) in [(1, 16), (8, 32), (21, 48)] {
            let planes: Vec<f32> = (0..channels * plane).map(|at| at as f32).collect();
            for level in Level::available() {
                let mut pixels = vec![0.0; planes.len()];
                planes_to_pixels(level, &planes, plane, &mut pixels);
                for (at, &value) in pixels.iter().enumerate() {
                    assert_eq!(value, planes[at % channels * plane + at / channels]);
                }
            }
        }
    }
}
