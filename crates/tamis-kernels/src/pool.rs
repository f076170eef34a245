//! Maximum pooling over the places that a few offsets name, and its gradient.
//!
//! The gradient goes to the first maximum in the order of the offsets, as in PyTorch. It is
//! gathered, not scattered: the number of each window's maximum is written once, and every pixel
//! asks the windows that contain it.

#![allow(unsafe_code)]

use crate::frame::{Frame, load_within, store_row};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Vector, by_level};

/// `to = maximum over the offsets`, for a framed source whose margin is minus infinity.
///
/// `offsets` are places of the first pixel's window in `source`; `to` is a dense plane.
pub(crate) fn max_pool(
    level: Level,
    frame: &Frame,
    offsets: &[usize],
    source: &[f32],
    to: &mut [f32],
) {
    check(frame, offsets.iter(), &[source], to);
    max_pool_rows(level, frame, offsets, source, to);
}

/// Writes into the framed plane `to` which offset, counted from 0, gave each of `maxima`, a dense
/// plane made by [`max_pool`].
pub(crate) fn first_maximum(
    level: Level,
    frame: &Frame,
    offsets: &[usize],
    [source, maxima]: [&[f32]; 2],
    to: &mut [f32],
) {
    check(frame, offsets.iter(), &[source], maxima);
    assert!(to.len() >= frame.len);
    first_maximum_rows(level, frame, offsets, [source, maxima], to);
}

/// `to += the gradient of the windows whose maximum it is`.
///
/// `windows` are pairs of an offset's number and the place, in the framed `gradient` and `numbers`,
/// of the window that reads the first pixel of the dense plane `to` by it.
pub(crate) fn max_pool_backward(
    level: Level,
    frame: &Frame,
    windows: &[(usize, usize)],
    [gradient, numbers]: [&[f32]; 2],
    to: &mut [f32],
) {
    check(frame, windows.iter().map(|window| &window.1), &[gradient, numbers], to);
    max_pool_backward_rows(level, frame, windows, [gradient, numbers], to);
}

/// Every vector of every row at every offset lies in the sources, and every row in the plane.
fn check<'a>(
    frame: &Frame,
    offsets: impl Iterator<Item = &'a usize>,
    sources: &[&[f32]],
    plane: &[f32],
) {
    let reach = offsets.max().copied().unwrap_or(0) + frame.height * frame.pitch;
    assert!(sources.iter().all(|source| reach + crate::simd::WIDE <= source.len()));
    assert!(plane.len() >= frame.height * frame.width);
}

by_level! {
    fn max_pool_rows(
        frame: &Frame, offsets: &[usize], source: &[f32], to: &mut [f32],
    ) = max_pool_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as `check` asserts.
#[inline(always)]
unsafe fn max_pool_any<V: Vector>(
    frame: &Frame,
    offsets: &[usize],
    source: &[f32],
    to: &mut [f32],
) {
    for (y, x) in vectors::<V>(frame) {
        // SAFETY: the caller's promise.
        unsafe {
            let from = source.as_ptr().add(y * frame.pitch + x);
            let mut most = V::splat(f32::NEG_INFINITY);
            for &offset in offsets {
                most = most.max(V::load(from.add(offset)));
            }
            store_row(most, to.as_mut_ptr().add(y * frame.width + x), frame.width - x);
        }
    }
}

by_level! {
    fn first_maximum_rows(
        frame: &Frame, offsets: &[usize], planes: [&[f32]; 2], to: &mut [f32],
    ) = first_maximum_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as `first_maximum` asserts.
#[inline(always)]
unsafe fn first_maximum_any<V: Vector>(
    frame: &Frame,
    offsets: &[usize],
    [source, maxima]: [&[f32]; 2],
    to: &mut [f32],
) {
    for (y, x) in vectors::<V>(frame) {
        // SAFETY: the caller's promise.
        unsafe {
            let place = y * frame.pitch + x;
            let most = load_within::<V>(maxima, y * frame.width + x);
            let mut first = V::splat(offsets.len() as f32);
            for (number, &offset) in offsets.iter().enumerate().rev() {
                let value = V::load(source.as_ptr().add(place + offset));
                first = value.if_equal(most, V::splat(number as f32), first);
            }
            store_row(first, to.as_mut_ptr().add(frame.origin + place), frame.width - x);
        }
    }
}

by_level! {
    fn max_pool_backward_rows(
        frame: &Frame, windows: &[(usize, usize)], planes: [&[f32]; 2], to: &mut [f32],
    ) = max_pool_backward_any;
    avx512 [Avx512], avx2 [Avx2], portable [Four]
}

/// # Safety
/// The machine has the instructions of `V`, and the slices are as `check` asserts.
#[inline(always)]
unsafe fn max_pool_backward_any<V: Vector>(
    frame: &Frame,
    windows: &[(usize, usize)],
    [gradient, numbers]: [&[f32]; 2],
    to: &mut [f32],
) {
    for (y, x) in vectors::<V>(frame) {
        // SAFETY: the caller's promise.
        unsafe {
            let (place, at) = (y * frame.pitch + x, y * frame.width + x);
            let zero = V::splat(0.0);
            let mut sum = load_within::<V>(to, at);
            for &(number, offset) in windows {
                let found = V::load(numbers.as_ptr().add(place + offset));
                let passed = V::load(gradient.as_ptr().add(place + offset));
                sum = sum.add(found.if_equal(V::splat(number as f32), passed, zero));
            }
            store_row(sum, to.as_mut_ptr().add(at), frame.width - x);
        }
    }
}

/// Row and first column of every vector of pixels.
#[inline(always)]
fn vectors<V: Vector>(frame: &Frame) -> impl Iterator<Item = (usize, usize)> {
    let width = frame.width;
    (0..frame.height).flat_map(move |y| (0..width).step_by(V::LANES).map(move |x| (y, x)))
}
