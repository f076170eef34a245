//! Paints one synthetic image: background, clutter, figure, bars in front, noise.
//!
//! The order of draws is part of what a seed means.

use std::f64::consts::TAU;
use std::ops::Range;

use tamis_core::{Stream, math};

use super::shapes::Shape;

/// Height and width in pixels.
pub(super) const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Most marks of clutter behind the figure, and most bars in front of it.
const MOST_CLUTTER: f64 = 4.0;
const MOST_BARS: f64 = 1.5;
/// Figures are turned by at most this angle, in radians, either way.
const MOST_TURN: f64 = 0.4;

type Colour = [f64; 3];

/// The image of a figure, `[channel, height, width]`; difficulty is 0 to 1.
pub(super) fn paint(stream: &mut Stream, shape: Shape, difficulty: f64) -> Vec<u8> {
    let ground = colour(stream, 0.0, 0.4);
    let mut canvas = Canvas::gradient(stream, ground);
    for _ in 0..count(stream, MOST_CLUTTER * difficulty) {
        let mark = Place::of_clutter(stream);
        canvas.cover(mark, |x, y| bar(x, y, 0.3), colour(stream, 0.2, 0.8));
    }
    let place = Place::of_figure(stream);
    let contrast = between(1.0, 0.4, difficulty);
    let figure = blend(ground, colour(stream, 0.6, 1.0), contrast);
    canvas.cover(place, |x, y| shape.distance(x, y), figure);
    for _ in 0..count(stream, MOST_BARS * difficulty) {
        let mark = place.crossed(stream);
        canvas.cover(mark, |x, y| bar(x, y, 0.13), colour(stream, 0.0, 1.0));
    }
    canvas.with_noise(stream, between(0.01, 0.1, difficulty))
}

/// Where a figure lies: centre and radius in pixels, direction of its own axes.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    radius: f64,
    sin: f64,
    cos: f64,
}

impl Place {
    fn new(x: f64, y: f64, radius: f64, angle: f64) -> Place {
        let (sin, cos) = (math::sin(angle), math::cos(angle));
        Place { x, y, radius, sin, cos }
    }

    /// Inside the image, and large enough to be told from others.
    fn of_figure(stream: &mut Stream) -> Place {
        let radius = stream.uniform(9.0, 14.0);
        let slack = SIDE as f64 / 2.0 - radius;
        let centre = (SIDE as f64 - 1.0) / 2.0;
        let x = centre + stream.uniform(-slack, slack);
        let y = centre + stream.uniform(-slack, slack);
        Place::new(x, y, radius, stream.uniform(-MOST_TURN, MOST_TURN))
    }

    /// Anywhere and small.
    fn of_clutter(stream: &mut Stream) -> Place {
        let (x, y) = (stream.uniform(0.0, SIDE as f64), stream.uniform(0.0, SIDE as f64));
        let radius = stream.uniform(3.0, 7.0);
        Place::new(x, y, radius, stream.uniform(0.0, TAU))
    }

    /// Across this place, off its centre.
    fn crossed(self, stream: &mut Stream) -> Place {
        let x = self.x + self.radius * stream.uniform(-0.5, 0.5);
        let y = self.y + self.radius * stream.uniform(-0.5, 0.5);
        Place::new(x, y, 1.4 * self.radius, stream.uniform(0.0, TAU))
    }

    /// The rows (of `y`) or columns (of `x`) that can be inside: the square from -1 to 1, however
    /// it is turned.
    fn span(&self, centre: f64) -> Range<usize> {
        let reach = 1.5 * self.radius + 1.0;
        let start = (centre - reach).max(0.0) as usize;
        start..((centre + reach).max(0.0) as usize + 1).min(SIDE)
    }

    /// A pixel in the place's own coordinates.
    fn local(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = ((x - self.x) / self.radius, (y - self.y) / self.radius);
        (self.cos * x + self.sin * y, self.cos * y - self.sin * x)
    }
}

/// Colours of 0 to 1, pixel by pixel.
struct Canvas(Vec<Colour>);

impl Canvas {
    /// A background that runs from `ground` to a colour near it.
    fn gradient(stream: &mut Stream, ground: Colour) -> Canvas {
        let far = blend(ground, colour(stream, 0.0, 1.0), 0.2);
        let angle = stream.uniform(0.0, TAU);
        let (sin, cos) = (math::sin(angle), math::cos(angle));
        let middle = (SIDE as f64 - 1.0) / 2.0;
        let pixels = (0..PLANE).map(|at| {
            let (x, y) = ((at % SIDE) as f64, (at / SIDE) as f64);
            let share = 0.5 + (cos * (x - middle) + sin * (y - middle)) / SIDE as f64;
            blend(ground, far, share.clamp(0.0, 1.0))
        });
        Canvas(pixels.collect())
    }

    /// Paints what lies inside the outline, with a soft edge of one pixel.
    fn cover(&mut self, place: Place, distance: impl Fn(f64, f64) -> f64, colour: Colour) {
        for row in place.span(place.y) {
            for column in place.span(place.x) {
                let (x, y) = place.local(column as f64, row as f64);
                let inside = 0.5 - distance(x, y) * place.radius;
                let pixel = &mut self.0[row * SIDE + column];
                *pixel = blend(*pixel, colour, inside.clamp(0.0, 1.0));
            }
        }
    }

    /// The image as bytes, with noise on every value.
    fn with_noise(&self, stream: &mut Stream, deviation: f64) -> Vec<u8> {
        let mut bytes = vec![0; 3 * PLANE];
        for (channel, plane) in bytes.chunks_exact_mut(PLANE).enumerate() {
            for (byte, colour) in plane.iter_mut().zip(&self.0) {
                let value = colour[channel] + deviation * noise(stream);
                *byte = (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
            }
        }
        bytes
    }
}

fn bar(x: f64, y: f64, half_height: f64) -> f64 {
    (x.abs() - 1.0).max(y.abs() - half_height)
}

/// A random colour, each channel of which lies between the two values.
fn colour(stream: &mut Stream, low: f64, high: f64) -> Colour {
    std::array::from_fn(|_| stream.uniform(low, high))
}

fn blend(from: Colour, to: Colour, share: f64) -> Colour {
    std::array::from_fn(|channel| between(from[channel], to[channel], share))
}

fn between(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// Nearly normal with mean 0 and deviation 1: the sum of four uniform numbers of 16 bits.
fn noise(stream: &mut Stream) -> f64 {
    let word = stream.next_u64();
    let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xffff).sum();
    (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
}

/// A whole number whose mean is `mean`: one of its two neighbours.
fn count(stream: &mut Stream, mean: f64) -> usize {
    (mean + stream.unit()).floor() as usize
}
