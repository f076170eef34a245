//! Rows with a name above and values below: for names that would not fit beside a plot on a phone.

use super::plot::WIDTH;
use crate::axis::Axis;
use crate::svg::{self, Anchor, Svg};
use crate::text;
use crate::theme::Colour;

/// Left and right end of the values.
pub(crate) const PLACES: (f64, f64) = (14.0, WIDTH - 14.0);

/// Height of a line of words.
const LINE: f64 = 16.0;

/// The words of a row: its name, behind its mark where it has one, and its figures; below each other
/// where they do not fit beside each other.
pub(crate) struct Head<'a> {
    indent: f64,
    name: &'a str,
    figures: String,
}

impl<'a> Head<'a> {
    pub(crate) fn new(indent: f64, name: &'a str, figures: String) -> Head<'a> {
        Head { indent, name, figures }
    }

    fn lines(&self) -> f64 {
        let name = text::bold_width(self.name, svg::TYPE);
        let figures = text::width(&self.figures, svg::TYPE);
        if self.indent + name + 8.0 + figures > WIDTH { 2.0 } else { 1.0 }
    }

    /// Height of the words.
    pub(crate) fn height(&self) -> f64 {
        LINE * self.lines() + 4.0
    }

    pub(crate) fn draw(&self, svg: &mut Svg, top: f64) {
        // Cut as if it were not bold and the room smaller.
        let shown = text::fitting(self.name, svg::TYPE, (WIDTH - self.indent) * 0.87);
        let shown = svg::text(self.indent, top + 13.0, Anchor::Start, &shown);
        let shown = shown.attr("font-weight", "600").attr("class", "halo");
        svg.add(svg::tip(shown, self.name));
        let line = top + 13.0 + LINE * (self.lines() - 1.0);
        let figures = svg::text(WIDTH - 2.0, line, Anchor::End, &self.figures);
        svg.add(figures.attr("class", "halo"));
    }
}

/// Draws the grid of the axis over all rows, its labels and its name below.
pub(crate) fn ground(svg: &mut Svg, axis: &Axis, (top, bottom): (f64, f64), name: &str) {
    for (x, label) in axis.ticks() {
        svg.add(svg::line((x, top), (x, bottom), Colour::Grid));
        let label = svg::text(x, bottom + 14.0, Anchor::Middle, &label);
        svg.add(label.attr("fill", Colour::Muted));
    }
    let name = svg::text(PLACES.1, bottom + 29.0, Anchor::End, name);
    svg.add(name.attr("fill", Colour::Muted));
}
