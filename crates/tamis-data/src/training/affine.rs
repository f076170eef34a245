//! Moves the pixels of an image by an affine map: shearing, shifting, rotating.
//!
//! A map says which point of the input an output pixel shows, in pixels from the upper left
//! corner; pixel x covers x to x + 1, and its centre decides. The nearest pixel is shown, black
//! where the point lies outside. Nothing is interpolated here.

use crate::ImageShape;
use tamis_core::math;

/// `(x, y)` of the output shows `(a x + b y + c, d x + e y + f)` of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    /// a, b, c.
    across: [f64; 3],
    /// d, e, f.
    down: [f64; 3],
}

impl Affine {
    /// Row y shows what lies `slope * y` to its right.
    pub(super) fn shear_x(slope: f64) -> Affine {
        Affine { across: [1.0, slope, 0.0], down: [0.0, 1.0, 0.0] }
    }

    /// Column x shows what lies `slope * x` below it.
    pub(super) fn shear_y(slope: f64) -> Affine {
        Affine { across: [1.0, 0.0, 0.0], down: [slope, 1.0, 0.0] }
    }

    /// Moves the image to the right and down by so many pixels.
    pub(super) fn translate(right: f64, down: f64) -> Affine {
        Affine { across: [1.0, 0.0, -right], down: [0.0, 1.0, -down] }
    }

    /// Turns the image counter-clockwise around its centre.
    pub(super) fn rotate(degrees: f64, shape: ImageShape) -> Affine {
        let angle = degrees.to_radians();
        let (sin, cos) = (math::sin(angle), math::cos(angle));
        let (x, y) = (shape.width as f64 / 2.0, shape.height as f64 / 2.0);
        Affine {
            across: [cos, -sin, x - cos * x + sin * y],
            down: [sin, cos, y - sin * x - cos * y],
        }
    }

    /// Moves the pixels of an image, `[channel, height, width]`.
    pub(super) fn apply(self, pixels: &mut [u8], shape: ImageShape) {
        let input = pixels.to_vec();
        for at in 0..shape.plane() {
            let source = self.source(at % shape.width, at / shape.width, shape);
            for start in (0..input.len()).step_by(shape.plane()) {
                pixels[start + at] = source.map_or(0, |source| input[start + source]);
            }
        }
    }

    /// The place in a plane of the input that output pixel (x, y) shows.
    fn source(self, x: usize, y: usize, shape: ImageShape) -> Option<usize> {
        let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
        let point = |[by_x, by_y, offset]: [f64; 3]| (by_x * x + by_y * y + offset).floor();
        let (column, row) = (point(self.across), point(self.down));
        let inside = |at: f64, end: usize| (0.0..end as f64).contains(&at);
        (inside(column, shape.width) && inside(row, shape.height))
            .then(|| row as usize * shape.width + column as usize)
    }
}
