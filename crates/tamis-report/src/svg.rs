//! Drawings: an SVG element with a label for those who do not see it, and the shapes inside.

use crate::markup::{Element, Markup};
use crate::theme::Colour;

/// Size of the type in drawings, in their own units; a page shows them at about one pixel a unit.
pub(crate) const TYPE: f64 = 11.0;

/// A drawing.
pub(crate) struct Svg {
    root: Element,
}

/// Where text stands relative to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// A drawing of `width` by `height` that shows what `label` says. On a page it is as wide as its
    /// place, but not much wider than it was drawn.
    pub(crate) fn new(width: f64, height: f64, label: &str) -> Svg {
        Svg::with_type((width, height), label, TYPE)
    }

    /// The same with a type of `size`.
    pub(crate) fn with_type((width, height): (f64, f64), label: &str, size: f64) -> Svg {
        let root = Element::new("svg")
            .attr("xmlns", "http://www.w3.org/2000/svg")
            .attr("viewBox", format!("0 0 {} {}", px(width), px(height)))
            .attr("width", px(width))
            .attr("height", px(height))
            .attr("role", "img")
            .attr("aria-label", label)
            .attr("font-size", px(size))
            .attr("fill", Colour::Ink);
        Svg { root }
    }

    /// Draws something over what is there.
    pub(crate) fn add(&mut self, shape: impl Into<Markup>) {
        let root = std::mem::replace(&mut self.root, Element::new("svg"));
        self.root = root.with(shape);
    }
}

impl From<Svg> for Markup {
    fn from(svg: Svg) -> Markup {
        svg.root.into()
    }
}

/// A length or coordinate, to a twentieth of a pixel; what is not finite is drawn at 0.
pub(crate) fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{:.2}", value.clamp(-1e6, 1e6));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text at a place; `y` is its baseline.
pub(crate) fn text(x: f64, y: f64, anchor: Anchor, text: &str) -> Element {
    let element = Element::new("text").attr("x", px(x)).attr("y", px(y));
    let element = match anchor {
        Anchor::Start => element,
        Anchor::Middle => element.attr("text-anchor", "middle"),
        Anchor::End => element.attr("text-anchor", "end"),
    };
    element.text(text)
}

/// A straight line.
pub(crate) fn line(from: (f64, f64), to: (f64, f64), colour: Colour) -> Element {
    path(&format!("M{} {}L{} {}", px(from.0), px(from.1), px(to.0), px(to.1)), colour)
}

/// A path that is not filled.
pub(crate) fn path(way: &str, colour: Colour) -> Element {
    Element::new("path").attr("d", way).attr("fill", "none").attr("stroke", colour)
}

/// A path through points; `None` parts it.
pub(crate) fn way(points: impl IntoIterator<Item = Option<(f64, f64)>>) -> String {
    let mut way = String::new();
    let mut drawing = false;
    for point in points {
        if let Some((x, y)) = point {
            way.push_str(&format!("{}{} {}", if drawing { 'L' } else { 'M' }, px(x), px(y)));
        }
        drawing = point.is_some();
    }
    way
}

/// A filled rectangle.
pub(crate) fn rect(corner: (f64, f64), size: (f64, f64), colour: Colour) -> Element {
    Element::new("rect")
        .attr("x", px(corner.0))
        .attr("y", px(corner.1))
        .attr("width", px(size.0.max(0.0)))
        .attr("height", px(size.1.max(0.0)))
        .attr("fill", colour)
}

/// A filled circle.
pub(crate) fn circle(centre: (f64, f64), radius: f64, colour: Colour) -> Element {
    Element::new("circle")
        .attr("cx", px(centre.0))
        .attr("cy", px(centre.1))
        .attr("r", px(radius))
        .attr("fill", colour)
}

/// What is shown when a pointer rests on a shape or a finger taps it.
pub(crate) fn tip(shape: Element, text: &str) -> Element {
    shape.with(Element::new("title").text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_always_numbers() {
        let texts = [1.0, 1.2345, -0.001, f64::NAN, f64::INFINITY, 1e300].map(px);
        assert_eq!(texts, ["1", "1.23", "0", "0", "0", "1000000"]);
    }

    #[test]
    fn a_way_starts_anew_behind_a_gap() {
        let points = [Some((0.0, 1.0)), Some((2.0, 3.0)), None, Some((4.0, 5.0))];
        assert_eq!(way(points), "M0 1L2 3M4 5");
    }
}
