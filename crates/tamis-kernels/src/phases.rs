//! Strides as phases: the parts of an image that the taps of a strided kernel read.
//!
//! With stride 2 an image is split into its four phases (even or odd rows, even or odd columns), each a
//! plane of the output's size. A tap then reads one phase at a constant offset, as with stride 1, where
//! there is one phase: the image itself. Which layout a phase is copied into is the caller's affair; it
//! is told how far its rows are apart.

/// One phase of a stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    /// The first row that belongs to it.
    pub(crate) row: usize,
    /// The first column.
    pub(crate) column: usize,
    /// From one row, and one column, to the next.
    pub(crate) stride: usize,
}

impl Phase {
    /// Copies this phase of the plain `rows`, of `width` pixels each, into a plane whose rows are
    /// `pitch` floats apart. Everything else there becomes `border`: what lies between and after the
    /// rows, and the pixels that an image of an odd size does not have.
    pub(crate) fn gather(
        self,
        (width, rows): (usize, &[f32]),
        (pitch, to): (usize, &mut [f32]),
        border: f32,
    ) {
        let mut rows = rows.chunks_exact(width).skip(self.row).step_by(self.stride);
        let mut to = to.chunks_exact_mut(pitch);
        for to in &mut to {
            let Some(row) = rows.next() else {
                to.fill(border);
                continue;
            };
            let (pixels, rest) = to.split_at_mut(self.pixels(width));
            if self.stride == 1 {
                pixels.copy_from_slice(row);
            } else {
                let from = row.iter().skip(self.column).step_by(self.stride);
                pixels.iter_mut().zip(from).for_each(|(pixel, from)| *pixel = *from);
            }
            rest.fill(border);
        }
        to.into_remainder().fill(border);
    }

    /// Copies the pixels of such a plane back to where they came from, leaving those of other phases
    /// alone.
    pub(crate) fn scatter(
        self,
        (pitch, from): (usize, &[f32]),
        (width, rows): (usize, &mut [f32]),
    ) {
        let rows = rows.chunks_exact_mut(width).skip(self.row).step_by(self.stride);
        for (row, from) in rows.zip(from.chunks_exact(pitch)) {
            if self.stride == 1 {
                row.copy_from_slice(&from[..width]);
                continue;
            }
            let pixels = row.iter_mut().skip(self.column).step_by(self.stride);
            pixels.zip(from).for_each(|(pixel, from)| *pixel = *from);
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
            let (pitch, mut back) = (width.div_ceil(stride) + 1, vec![0.0; height * width]);
            let mut found = 0;
            for phase in 0..stride * stride {
                let phase = Phase { row: phase / stride, column: phase % stride, stride };
                let mut plane = vec![f32::NAN; height.div_ceil(stride) * pitch + 3];
                phase.gather((width, &image), (pitch, &mut plane), -1.0);
                for (at, &value) in plane.iter().enumerate() {
                    let row = phase.row + at / pitch * stride;
                    let column = phase.column + at % pitch * stride;
                    let inside = row < height && column < width;
                    let expected = if inside { image[row * width + column] } else { -1.0 };
                    assert_eq!(value, expected, "{phase:?} at {at} of {height}x{width}");
                    found += usize::from(inside);
                }
                phase.scatter((pitch, &plane), (width, &mut back));
            }
            assert_eq!(found, height * width);
            assert_eq!(back, image);
        }
    }
}
