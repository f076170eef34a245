//! The ten figures, as signed distances: negative inside, in units of the figure's radius.
//!
//! A figure lies in the square from -1 to 1 around the origin. Distances are exact enough near
//! the outline to draw it smoothly, and need not be exact elsewhere.

use std::f64::consts::{FRAC_PI_2, TAU};
use tamis_core::math;

/// A class of synthetic images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Disc,
    Ring,
    Square,
    Triangle,
    Cross,
    Star,
    Crescent,
    Stripes,
    Checker,
    Dots,
}

impl Shape {
    pub(super) const ALL: [Shape; 10] = [
        Shape::Disc,
        Shape::Ring,
        Shape::Square,
        Shape::Triangle,
        Shape::Cross,
        Shape::Star,
        Shape::Crescent,
        Shape::Stripes,
        Shape::Checker,
        Shape::Dots,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Shape::Disc => "disc",
            Shape::Ring => "ring",
            Shape::Square => "square",
            Shape::Triangle => "triangle",
            Shape::Cross => "cross",
            Shape::Star => "star",
            Shape::Crescent => "crescent",
            Shape::Stripes => "stripes",
            Shape::Checker => "checker",
            Shape::Dots => "dots",
        }
    }

    /// Signed distance of a point from the outline.
    pub(super) fn distance(self, x: f64, y: f64) -> f64 {
        match self {
            Shape::Disc => disc(x, y, 0.9),
            Shape::Ring => disc(x, y, 0.68).abs() - 0.22,
            Shape::Square => square(x, y, 0.75),
            Shape::Triangle => triangle(x, y),
            Shape::Cross => rectangle(x, y, 0.26, 0.92).min(rectangle(x, y, 0.92, 0.26)),
            Shape::Star => star(x, y),
            Shape::Crescent => disc(x, y, 0.9).max(-disc(x - 0.45, y, 0.75)),
            Shape::Stripes => square(x, y, 0.85).max(stripes(x)),
            Shape::Checker => square(x, y, 0.85).max(checker(x, y)),
            Shape::Dots => square(x, y, 0.9).max(dots(x, y)),
        }
    }
}

fn disc(x: f64, y: f64, radius: f64) -> f64 {
    length(x, y) - radius
}

fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

fn square(x: f64, y: f64, half: f64) -> f64 {
    rectangle(x, y, half, half)
}

fn rectangle(x: f64, y: f64, half_width: f64, half_height: f64) -> f64 {
    (x.abs() - half_width).max(y.abs() - half_height)
}

/// Three half planes at equal angles.
fn triangle(x: f64, y: f64) -> f64 {
    let slant = 0.75_f64.sqrt() * x.abs() - 0.5 * y;
    slant.max(y) - 0.48
}

/// Five points: the outline runs straight in polar coordinates.
fn star(x: f64, y: f64) -> f64 {
    let sector = TAU / 5.0;
    let angle = (math::atan2(y, x) + FRAC_PI_2).rem_euclid(sector);
    let to_point = (angle / sector - 0.5).abs() * 2.0;
    length(x, y) - (0.38 + 0.6 * to_point)
}

/// Three stripes, as wide as the gaps between them.
fn stripes(x: f64) -> f64 {
    fold(x, 0.68) - 0.17
}

/// Squares of side 0.57 in two colours, three by three.
fn checker(x: f64, y: f64) -> f64 {
    let side = 1.7 / 3.0;
    let (to_x, to_y) = (0.5 * side - fold(x, 2.0 * side), 0.5 * side - fold(y, 2.0 * side));
    if (to_x > 0.0) == (to_y > 0.0) {
        -to_x.abs().min(to_y.abs())
    } else {
        to_x.abs().min(to_y.abs())
    }
}

/// Nine discs, three by three.
fn dots(x: f64, y: f64) -> f64 {
    let period = 0.62;
    disc(fold(x, period), fold(y, period), 0.2)
}

/// Distance to the nearest multiple of the period.
fn fold(value: f64, period: f64) -> f64 {
    (value - period * (value / period).round()).abs()
}
