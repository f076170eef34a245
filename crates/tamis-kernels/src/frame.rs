//! A plane with rows and columns around it, for loops that go row by row.
//!
//! [`crate::plane`] lets vectors run across row ends, which asks for as many zero columns in
//! every plane as the kernel reaches beyond its centre. Depthwise kernels reach up to four pixels
//! (5x5, dilation 2), so here only what a kernel reads has a border: its results are dense, the
//! border costs nothing after the copy, and one copy serves every kernel.

#![allow(unsafe_code)]

use crate::buffer::Buffer;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Four, Level, Vector, WIDE, by_level, prefetch};

/// Rows and columns around a plane.
pub(crate) const MARGIN: usize = 4;

/// Sizes of a framed plane. The margin right of a row is that left of the next.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Floats from a pixel to the one below it.
    pub(crate) pitch: usize,
    /// Place of the first pixel.
    pub(crate) origin: usize,
    /// Floats from one framed plane to the next.
    pub(crate) len: usize,
}

/// What happens to a value on its way into a frame: `factor * value + constant`, then a ReLU or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    pub(crate) factor: f32,
    pub(crate) constant: f32,
    /// Whether a ReLU follows.
    pub(crate) relu: bool,
}

impl Map {
    /// Changes nothing.
    pub(crate) const COPY: Map = Map { factor: 1.0, constant: 0.0, relu: false };
    /// The ReLU alone.
    pub(crate) const RELU: Map = Map { relu: true, ..Map::COPY };
}

impl Frame {
    pub(crate) fn new(height: usize, width: usize) -> Frame {
        // Rows begin on cache lines: stores and the middle column of every kernel are aligned.
        let unit = if width > WIDE / 2 { WIDE } else { WIDE / 2 };
        let pitch = (width + MARGIN).next_multiple_of(unit);
        let origin = (MARGIN * pitch + MARGIN).next_multiple_of(unit);
        // The last vector of a row may begin at its last pixel.
        let len = (origin + (height + MARGIN) * pitch + WIDE).next_multiple_of(WIDE);
        Frame { height, width, pitch, origin, len }
    }

    /// Place of the pixel so far from the first one, inside the margins.
    pub(crate) fn place(&self, row: isize, column: isize) -> usize {
        self.origin.wrapping_add_signed(row * self.pitch as isize + column)
    }

    /// Takes framed planes filled with `border`.
    pub(crate) fn take(&self, planes: usize, border: f32) -> Buffer {
        let mut buffer = Buffer::take(planes * self.len);
        buffer.fill(border);
        buffer
    }

    /// Writes the pixels of a dense plane into a framed one, leaving its margins alone.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn fill(&self, level: Level, map: Map, dense: &[f32], framed: &mut [f32]) {
        assert!(dense.len() >= self.height * self.width);
        assert!(framed.len() >= self.len);
        fill_rows(level, self, map, dense, framed);
    }
}

by_level! {
    fn fill_rows(frame: &Frame, map: Map, dense: &[f32], framed: &mut [f32]) = fill_any;
    avx512 [Avx512, Avx2], avx2 [Avx2, Avx2], portable [Four, Four]
}

/// Narrow planes are worked in the narrower vector `H`, whose lanes are all written.
///
/// # Safety
/// The machine has the instructions of `V` and `H`, and the slices are as [`Frame::fill`] asserts.
#[inline(always)]
unsafe fn fill_any<V: Vector, H: Vector>(
    frame: &Frame,
    map: Map,
    dense: &[f32],
    framed: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        if frame.width <= H::LANES {
            fill_in::<H>(frame, map, dense, framed);
        } else {
            fill_in::<V>(frame, map, dense, framed);
        }
    }
}

/// # Safety
/// As [`fill_any`].
#[inline(always)]
unsafe fn fill_in<V: Vector>(frame: &Frame, map: Map, dense: &[f32], framed: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe {
        match (map.relu, frame.width.is_multiple_of(V::LANES)) {
            (false, false) => fill_rows_of::<V, false, false>(frame, map, dense, framed),
            (false, true) => fill_rows_of::<V, false, true>(frame, map, dense, framed),
            (true, false) => fill_rows_of::<V, true, false>(frame, map, dense, framed),
            (true, true) => fill_rows_of::<V, true, true>(frame, map, dense, framed),
        }
    }
}

/// `WHOLE` if rows are whole vectors.
///
/// # Safety
/// As [`fill_any`].
#[inline(always)]
unsafe fn fill_rows_of<V: Vector, const RELU: bool, const WHOLE: bool>(
    frame: &Frame,
    map: Map,
    dense: &[f32],
    framed: &mut [f32],
) {
    // SAFETY: rows of a framed plane are farther apart than those of a dense one; a vector is read
    // whole only where the row has one.
    unsafe {
        let (factor, constant) = (V::splat(map.factor), V::splat(map.constant));
        let mut from = dense.as_ptr();
        let mut to = framed.as_mut_ptr().add(frame.origin);
        for _ in 0..frame.height {
            for x in (0..frame.width).step_by(V::LANES) {
                prefetch(from.wrapping_add(x));
                let value = load_row::<V, WHOLE>(from.add(x), frame.width - x);
                let value = value.mul_add(factor, constant);
                let value = if RELU { value.relu() } else { value };
                store_pixels::<V, WHOLE>(value, to.add(x), frame.width - x);
            }
            from = from.wrapping_add(frame.width);
            to = to.wrapping_add(frame.pitch);
        }
    }
}

by_level! {
    /// `dense = dense where framed > 0, else 0`, for the pixels of a plane.
    fn keep_positive(frame: &Frame, framed: &[f32], dense: &mut [f32]) = keep_positive_any;
    avx512 [Avx512, Avx2], avx2 [Avx2, Avx2], portable [Four, Four]
}

/// As [`fill_any`].
///
/// # Safety
/// The machine has the instructions of `V` and `H`.
#[inline(always)]
unsafe fn keep_positive_any<V: Vector, H: Vector>(
    frame: &Frame,
    framed: &[f32],
    dense: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        if frame.width <= H::LANES {
            keep_positive_in::<H>(frame, framed, dense);
        } else {
            keep_positive_in::<V>(frame, framed, dense);
        }
    }
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn keep_positive_in<V: Vector>(frame: &Frame, framed: &[f32], dense: &mut [f32]) {
    assert!(framed.len() >= frame.len && dense.len() >= frame.height * frame.width);
    // SAFETY: the caller's promise.
    unsafe {
        if frame.width.is_multiple_of(V::LANES) {
            keep_positive_of::<V, true>(frame, framed, dense);
        } else {
            keep_positive_of::<V, false>(frame, framed, dense);
        }
    }
}

/// `WHOLE` if rows are whole vectors.
///
/// # Safety
/// As [`keep_positive_in`], which checks the lengths.
#[inline(always)]
unsafe fn keep_positive_of<V: Vector, const WHOLE: bool>(
    frame: &Frame,
    framed: &[f32],
    dense: &mut [f32],
) {
    // SAFETY: a frame has slack for a vector that begins at any pixel; a dense row is read and
    // written only as far as it goes.
    unsafe {
        let mut from = framed.as_ptr().add(frame.origin);
        let mut to = dense.as_mut_ptr();
        for _ in 0..frame.height {
            for x in (0..frame.width).step_by(V::LANES) {
                let left = frame.width - x;
                let value = V::load(from.add(x));
                let kept = load_row::<V, WHOLE>(to.add(x), left).where_positive(value);
                store_pixels::<V, WHOLE>(kept, to.add(x), left);
            }
            from = from.wrapping_add(frame.pitch);
            to = to.wrapping_add(frame.width);
        }
    }
}

/// Loads the lanes that lie in a row of which `left` pixels are left, the others 0; all if the row is of
/// `WHOLE` vectors.
///
/// # Safety
/// The machine has the instructions of `V`, and these pixels are readable.
#[inline(always)]
unsafe fn load_row<V: Vector, const WHOLE: bool>(from: *const f32, left: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { if WHOLE || left >= V::LANES { V::load(from) } else { V::load_first(from, left) } }
}

/// Stores such lanes.
///
/// # Safety
/// As [`load_row`], to be written.
#[inline(always)]
unsafe fn store_pixels<V: Vector, const WHOLE: bool>(value: V, to: *mut f32, left: usize) {
    // SAFETY: the caller's promise.
    unsafe { if WHOLE { value.store(to) } else { store_row(value, to, left) } }
}

/// Loads a vector that may end beyond the slice; lanes there are 0.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn load_within<V: Vector>(slice: &[f32], at: usize) -> V {
    // SAFETY: read whole only where the slice has that many, else through a copy of what is left.
    unsafe {
        if at + V::LANES <= slice.len() {
            V::load(slice.as_ptr().add(at))
        } else {
            let mut lanes = [0.0; WIDE];
            lanes[..slice.len() - at].copy_from_slice(&slice[at..]);
            V::load(lanes.as_ptr())
        }
    }
}

/// Stores the lanes that lie in a row of which `left` pixels are left.
///
/// # Safety
/// So many floats may be written at `to`.
#[inline(always)]
pub(crate) unsafe fn store_row<V: Vector>(value: V, to: *mut f32, left: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if left >= V::LANES {
            value.store(to);
        } else {
            value.store_first(to, left);
        }
    }
}
