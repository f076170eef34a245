//! The ground of a chart: grid lines, axes, ticks.

use crate::axis::Axis;
use crate::svg::{self, Anchor, Svg};
use crate::theme::Colour;

/// Width of a chart; pages put as many side by side as there is room for.
pub(crate) const WIDTH: f64 = 340.0;

/// Draws the grid lines and labels of an upward axis between two places.
pub(crate) fn upward(svg: &mut Svg, axis: &Axis, (left, right): (f64, f64)) {
    for (y, label) in axis.ticks() {
        svg.add(svg::line((left, y), (right, y), Colour::Grid));
        let label = svg::text(left - 6.0, y + 3.8, Anchor::End, &label);
        svg.add(label.attr("fill", Colour::Muted));
    }
}

/// Draws the line, ticks and labels of an axis to the right, at a height, and its name below.
pub(crate) fn rightward(svg: &mut Svg, axis: &Axis, y: f64, name: &str) {
    let (left, right) = axis.places();
    svg.add(svg::line((left, y), (right, y), Colour::Axis));
    for (x, label) in axis.ticks() {
        svg.add(svg::line((x, y), (x, y + 4.0), Colour::Axis));
        let label = svg::text(x, y + 15.0, Anchor::Middle, &label);
        svg.add(label.attr("fill", Colour::Muted));
    }
    let name = svg::text(right, y + 29.0, Anchor::End, name);
    svg.add(name.attr("fill", Colour::Muted));
}
