//! The two layouts of one channel of one image, and the ways between them and plain rows.
//!
//! A *flat* plane stores rows with one extra zero column, `width + 1` floats apart, rounded up to
//! whole vectors of zeros. A *bordered* plane is a flat plane with zeros before and after it. The
//! extra column is the right border of one row and the left border of the next, so that a tap
//! (dy, dx) of a 3x3 kernel is the constant offset `dy * (width + 1) + dx` for every pixel, and
//! vectors run across row ends at any width. The price is one column in `width + 1`, and that
//! whatever is computed at border positions must be masked before it is used as a border.

use crate::buffer::Buffer;
use crate::simd::{Level, WIDE};
use crate::transpose::planes_to_pixels;

/// Sizes and constant planes of one image size.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Floats from a pixel to the one below it.
    pub(crate) stride: usize,
    /// Floats of a flat plane.
    pub(crate) flat: usize,
    /// Floats from one bordered plane to the next.
    pub(crate) bordered: usize,
    /// Zeros in front of a bordered plane's first pixel.
    pub(crate) front: usize,
    /// All-one bits at pixels and zero elsewhere, over a flat plane.
    pub(crate) mask: Vec<u32>,
    /// One over the number of pixels in the 3x3 neighbourhood, and zero at borders.
    pub(crate) inverse_count: Vec<f32>,
    /// One at pixels and zero elsewhere.
    pub(crate) ones: Vec<f32>,
}

impl Geometry {
    pub(crate) fn new(height: usize, width: usize) -> Geometry {
        let mut geometry = Geometry::with_stride(height, width, width + 1);
        geometry.front = (geometry.stride + 1).next_multiple_of(WIDE);
        let bordered = geometry.front + geometry.flat + geometry.stride + 1;
        geometry.bordered = bordered.next_multiple_of(WIDE);
        geometry
    }

    /// Planes without the zero column and without borders, for loops that go row by row over a
    /// [`crate::frame::Frame`]; a bordered plane is then the flat plane itself.
    pub(crate) fn dense(height: usize, width: usize) -> Geometry {
        Geometry::with_stride(height, width, width)
    }

    fn with_stride(height: usize, width: usize, stride: usize) -> Geometry {
        let flat = (height * stride).next_multiple_of(WIDE);
        let mut mask = vec![0; flat];
        let mut inverse_count = vec![0.0; flat];
        let mut ones = vec![0.0; flat];
        for y in 0..height {
            for x in 0..width {
                mask[y * stride + x] = u32::MAX;
                ones[y * stride + x] = 1.0;
                let neighbours = reach(y, height) * reach(x, width);
                inverse_count[y * stride + x] = 1.0 / neighbours as f32;
            }
        }
        let (bordered, front) = (flat, 0);
        Geometry { height, width, stride, flat, bordered, front, mask, inverse_count, ones }
    }

    /// Pixels of a plane.
    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Offset of tap (`row`, `column`), both 0 to 2, of a 3x3 kernel in a bordered plane.
    pub(crate) fn tap(&self, row: usize, column: usize) -> usize {
        self.front + row * self.stride + column - self.stride - 1
    }

    /// Offsets of so many flat planes that follow each other.
    pub(crate) fn offsets(&self, planes: usize) -> Vec<usize> {
        (0..planes).map(|plane| plane * self.flat).collect()
    }

    /// Zeroes what lies after the pixels of a dense plane.
    pub(crate) fn clear_rest(&self, plane: &mut [f32]) {
        plane[self.pixels()..].fill(0.0);
    }

    /// Copies plain rows into a flat plane.
    pub(crate) fn flatten(&self, rows: &[f32], flat: &mut [f32]) {
        let (body, tail) = flat.split_at_mut(self.height * self.stride);
        for (from, to) in rows.chunks_exact(self.width).zip(body.chunks_exact_mut(self.stride)) {
            let (to, rest) = to.split_at_mut(self.width);
            copy_row(from, to);
            rest.fill(0.0);
        }
        tail.fill(0.0);
    }

    /// Copies the pixels of a flat plane into plain rows.
    pub(crate) fn unflatten(&self, flat: &[f32], rows: &mut [f32]) {
        for (to, from) in rows.chunks_exact_mut(self.width).zip(flat.chunks_exact(self.stride)) {
            copy_row(&from[..self.width], to);
        }
    }

    /// Takes bordered planes whose borders are zero and whose pixels are still to be written.
    pub(crate) fn take_bordered(&self, planes: usize) -> Buffer {
        let mut buffer = Buffer::take(planes * self.bordered);
        for plane in buffer.chunks_exact_mut(self.bordered) {
            plane[..self.front].fill(0.0);
            plane[self.front + self.flat..].fill(0.0);
        }
        buffer
    }

    /// Takes room for an image of so many planes, stored pixel by pixel with a border around it that
    /// is zero; the pixels are still to be written.
    pub(crate) fn take_pixels(&self, planes: usize) -> Buffer {
        let before = (self.stride + 1) * planes;
        let inside = self.flat * planes;
        // Vectors may run over the last channel of the last neighbour.
        let mut buffer = Buffer::take(before + inside + before + WIDE);
        buffer[..before].fill(0.0);
        buffer[before + inside..].fill(0.0);
        buffer
    }

    /// Writes flat planes pixel by pixel into such an image.
    pub(crate) fn fill_pixels(&self, level: Level, flat: &[f32], pixels: &mut [f32]) {
        let planes = flat.len() / self.flat;
        planes_to_pixels(level, flat, self.flat, &mut pixels[(self.stride + 1) * planes..]);
    }

    /// Offset of tap (`row`, `column`), both 0 to 2, in pixels.
    pub(crate) fn pixel_tap(&self, row: usize, column: usize) -> usize {
        row * self.stride + column
    }

    /// One of many flat planes.
    pub(crate) fn plane<'a>(&self, planes: &'a [f32], number: usize) -> &'a [f32] {
        &planes[number * self.flat..][..self.flat]
    }

    /// The flat plane inside a bordered one.
    pub(crate) fn inner<'a>(&self, bordered: &'a mut [f32]) -> &'a mut [f32] {
        &mut bordered[self.front..self.front + self.flat]
    }
}

/// Copies a row. Those of the widths that most images have are copied in place: a call for each was measured
/// to cost as much as the copying.
#[inline]
fn copy_row(from: &[f32], to: &mut [f32]) {
    fn whole<const WIDTH: usize>(from: &[f32], to: &mut [f32]) {
        if let (Some(from), Some(to)) = (from.as_array::<WIDTH>(), to.as_mut_array::<WIDTH>()) {
            *to = *from;
        }
    }
    match from.len() {
        8 => whole::<8>(from, to),
        16 => whole::<16>(from, to),
        32 => whole::<32>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// How many of the positions before, at and after `position` exist.
fn reach(position: usize, size: usize) -> usize {
    1 + usize::from(position > 0) + usize::from(position + 1 < size)
}
