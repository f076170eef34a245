//! Strides as phases: the parts of an image that the taps of a strided kernel read.
//!
//! With stride 2 an image is split into its four phases (even or odd rows, even or odd columns), each a
//! plane of the output's size. A tap then reads one phase at a constant offset, as with stride 1, where
//! there is one phase: the image itself. Which layout a phase is copied into is the caller's affair; it
//! is told how far its rows are apart.

use crate::destination::put;

/// One phase of a stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    /// The first row that belongs to it.
    pub(crate) row: usize,
    /// The first column.
    pub(crate) column: usize,
    /// From one row, and one column, to the next: 1 or 2.
    pub(crate) stride: usize,
}

impl Phase {
    /// The only one of stride 1: the image itself.
    pub(crate) const WHOLE: Phase = Phase { row: 0, column: 0, stride: 1 };

    /// All of a stride, in the order in which taps count them.
    pub(crate) fn all(stride: usize) -> Vec<Phase> {
        let phase = |number| Phase { row: number / stride, column: number % stride, stride };
        (0..stride * stride).map(phase).collect()
    }

    /// Copies this phase of the plain `rows`, of `width` pixels each, into a plane whose rows are
    /// `pitch` floats apart. Everything else there becomes `border`: what lies between and after the
    /// rows, and the pixels that an image of an odd size does not have. Pixels go through `map`.
    pub(crate) fn gather(
        self,
        (width, rows): (usize, &[f32]),
        (pitch, to): (usize, &mut [f32]),
        border: f32,
        map: impl Fn(f32) -> f32,
    ) {
        let mut rows = rows.chunks_exact(width).skip(self.row).step_by(self.stride);
        let mut to = to.chunks_exact_mut(pitch);
        for to in &mut to {
            let Some(row) = rows.next() else {
                to.fill(border);
                continue;
            };
            let (pixels, rest) = to.split_at_mut(self.pixels(width));
            self.for_each(row, pixels, |pixel, from| *pixel = map(from));
            rest.fill(border);
        }
        to.into_remainder().fill(border);
    }

    /// Zeroes the pixels of such a plane where those of the plain `rows` are not positive: what a ReLU
    /// passes back.
    pub(crate) fn keep_positive(
        self,
        (width, rows): (usize, &[f32]),
        (pitch, plane): (usize, &mut [f32]),
    ) {
        let rows = rows.chunks_exact(width).skip(self.row).step_by(self.stride);
        for (row, plane) in rows.zip(plane.chunks_exact_mut(pitch)) {
            let pixels = &mut plane[..self.pixels(width)];
            self.for_each(row, pixels, |pixel, value| {
                *pixel = if value > 0.0 { *pixel } else { 0.0 }
            });
        }
    }

    /// Writes the pixels of such a plane to where they came from, or adds them to what is there
    /// (`keep`), leaving those of other phases alone.
    pub(crate) fn scatter(
        self,
        (pitch, from): (usize, &[f32]),
        (width, rows): (usize, &mut [f32]),
        keep: bool,
    ) {
        let rows = rows.chunks_exact_mut(width).skip(self.row).step_by(self.stride);
        for (row, from) in rows.zip(from.chunks_exact(pitch)) {
            if self.stride == 1 {
                row.iter_mut().zip(from).for_each(|(pixel, from)| put(pixel, *from, keep));
                continue;
            }
            let (pairs, last) = row[self.column..].as_chunks_mut::<2>();
            if let ([pixel], Some(from)) = (last, from.get(pairs.len())) {
                put(pixel, *from, keep);
            }
            pairs.iter_mut().zip(from).for_each(|([pixel, _], from)| put(pixel, *from, keep));
        }
    }

    /// Visits the pixels of one row of this phase, each with what that row of the image has there.
    fn for_each(self, row: &[f32], pixels: &mut [f32], visit: impl Fn(&mut f32, f32)) {
        if self.stride == 1 {
            return pixels.iter_mut().zip(row).for_each(|(pixel, value)| visit(pixel, *value));
        }
        // Whole pairs, which compilers turn into shuffles; the last pixel may be half of one.
        let row = &row[self.column..];
        let (pairs, last) = row.as_chunks::<2>();
        pixels.iter_mut().zip(pairs).for_each(|(pixel, [value, _])| visit(pixel, *value));
        if let ([value], Some(pixel)) = (last, pixels.last_mut()) {
            visit(pixel, *value);
        }
    }

    /// How many of `width` columns belong to it.
    fn pixels(self, width: usize) -> usize {
        (width + self.stride - 1 - self.column) / self.stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_goes_to_one_phase_and_back_and_the_border_is_everywhere_else() {
        for (height, width, stride) in [(3_usize, 5_usize, 1), (4, 6, 2), (5, 3, 2), (1, 1, 2)] {
            let image: Vec<f32> = (0..height * width).map(|at| at as f32 + 1.0).collect();
            let (pitch, mut back) = (width.div_ceil(stride) + 1, vec![f32::NAN; height * width]);
            let mut found = 0;
            for phase in Phase::all(stride) {
                let mut plane = vec![f32::NAN; height.div_ceil(stride) * pitch + 3];
                phase.gather((width, &image), (pitch, &mut plane), -1.0, |pixel| pixel);
                for (at, &value) in plane.iter().enumerate() {
                    let row = phase.row + at / pitch * stride;
                    let column = phase.column + at % pitch * stride;
                    let inside = row < height && column < width;
                    let expected = if inside { image[row * width + column] } else { -1.0 };
                    assert_eq!(value, expected, "{phase:?} at {at} of {height}x{width}");
                    found += usize::from(inside);
                }
                phase.scatter((pitch, &plane), (width, &mut back), false);
                phase.scatter((pitch, &plane), (width, &mut back), true);
            }
            assert_eq!(found, height * width);
            assert!(back.iter().zip(&image).all(|(back, pixel)| *back == 2.0 * pixel));
        }
    }

    #[test]
    fn a_gradient_passes_where_its_own_pixel_is_positive() {
        let (width, image) = (3, [1.0, 0.0, f32::NAN, 1.0, 1.0, 1.0, -1.0, 1.0, 2.0]);
        for (phase, expected) in [(0, [1.0, 0.0, 0.0, 1.0]), (1, [0.0, 9.0, 1.0, 9.0])] {
            // Rows of two pixels; beyond an image of odd width there is none to ask.
            let mut plane = if phase == 0 { [1.0; 4] } else { [1.0, 9.0, 1.0, 9.0] };
            let phase = Phase { row: 0, column: phase, stride: 2 };
            phase.keep_positive((width, &image), (2, &mut plane));
            assert_eq!(plane, expected);
        }
    }
}
