//! What drawings of cells are made of: nodes, arrows, operations on edges.

use crate::markup::{Element, Markup};
use crate::operation;
use crate::svg::{self, Anchor, px};
use crate::text;
use crate::theme::Colour;

/// Radius of a node.
pub(super) const RADIUS: f64 = 13.0;

/// Height of an operation's frame.
pub(super) const FRAME: f64 = 21.0;

/// Size of the type.
pub(super) const TYPE: f64 = 12.0;

/// How much an edge or node matters to the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Something flows through it to the output.
    Alive,
    /// Nothing flows through it.
    Dead,
    /// It is the operation that lets nothing through.
    Nothing,
}

/// An edge from one point to another with the two points that bend it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bend {
    pub(super) start: (f64, f64),
    pub(super) first: (f64, f64),
    pub(super) second: (f64, f64),
    pub(super) end: (f64, f64),
}

impl Bend {
    /// From left to right, horizontal at both ends.
    pub(super) fn across(start: (f64, f64), end: (f64, f64)) -> Bend {
        let middle = (start.0 + end.0) / 2.0;
        Bend { start, first: (middle, start.1), second: (middle, end.1), end }
    }

    /// The point in the middle.
    pub(super) fn middle(&self) -> (f64, f64) {
        let mean = |pick: fn((f64, f64)) -> f64| {
            (pick(self.start) + 3.0 * (pick(self.first) + pick(self.second)) + pick(self.end)) / 8.0
        };
        (mean(|point| point.0), mean(|point| point.1))
    }

    /// The line, in the manner of what flows.
    pub(super) fn line(&self, flow: Flow) -> Element {
        let pair = |point: (f64, f64)| format!("{} {}", px(point.0), px(point.1));
        let (start, end) = (pair(self.start), pair(self.end));
        let way = format!("M{start}C{} {} {end}", pair(self.first), pair(self.second));
        drawn(svg::path(&way, stroke(flow)), flow)
    }

    /// The line with an arrow at its end.
    pub(super) fn arrow(&self, flow: Flow) -> Markup {
        const LENGTH: f64 = 8.0;
        let (dx, dy) = (self.end.0 - self.second.0, self.end.1 - self.second.1);
        let length = dx.hypot(dy).max(1e-9);
        let (dx, dy) = (dx / length * LENGTH, dy / length * LENGTH);
        let back = (self.end.0 - dx, self.end.1 - dy);
        let corner = |side: f64| (back.0 - side * dy * 0.42, back.1 + side * dx * 0.42);
        let way = svg::way([self.end, corner(1.0), corner(-1.0)].map(Some));
        let head = Element::new("path").attr("d", format!("{way}Z")).attr("fill", stroke(flow));
        // The line ends inside the head, so that its end does not show beside the tip.
        let line = Bend { end: (self.end.0 - dx / 2.0, self.end.1 - dy / 2.0), ..*self };
        Markup::from_iter([line.line(flow), head])
    }
}

/// A node with its number.
pub(super) fn node(centre: (f64, f64), name: &str, flow: Flow) -> Markup {
    let circle = svg::circle(centre, RADIUS, Colour::Paper).attr("stroke", stroke(flow));
    let name = svg::text(centre.0, centre.1 + 4.0, Anchor::Middle, name)
        .attr("fill", if flow == Flow::Alive { Colour::Ink } else { Colour::Muted });
    Markup::from_iter([drawn(circle, flow), name])
}

/// Width of the frame around an operation's name.
pub(super) fn frame_width(name: &str) -> f64 {
    text::width(operation::title(name), TYPE) + 14.0
}

/// An operation in a frame of its colour, over whatever lies below it.
pub(super) fn frame(centre: (f64, f64), name: &str, flow: Flow) -> Markup {
    let width = frame_width(name);
    let corner = (centre.0 - width / 2.0, centre.1 - FRAME / 2.0);
    let colour = operation::colour(name, 0);
    let ground = svg::rect(corner, (width, FRAME), Colour::Paper).attr("rx", px(FRAME / 2.0));
    let shape = match flow {
        Flow::Alive => ground.attr("stroke", colour).attr("stroke-width", "1.5"),
        Flow::Dead => drawn(ground.attr("stroke", Colour::Axis), flow),
        Flow::Nothing => ground,
    };
    let title = svg::text(centre.0, centre.1 + 4.2, Anchor::Middle, operation::title(name));
    let title = match flow {
        Flow::Alive => title,
        Flow::Dead | Flow::Nothing => title.attr("fill", Colour::Muted),
    };
    let shown = match flow {
        Flow::Alive | Flow::Nothing => name.to_owned(),
        Flow::Dead => format!("{name}: nothing flows through it to the output"),
    };
    Markup::from_iter([svg::tip(Element::new("g").with(shape).with(title), &shown)])
}

/// Words beside a node.
pub(super) fn caption(x: f64, y: f64, anchor: Anchor, words: &str) -> Element {
    svg::text(x, y, anchor, words).attr("fill", Colour::Muted)
}

fn stroke(flow: Flow) -> Colour {
    match flow {
        Flow::Alive => Colour::Ink,
        Flow::Dead | Flow::Nothing => Colour::Axis,
    }
}

fn drawn(shape: Element, flow: Flow) -> Element {
    match flow {
        Flow::Alive => shape.attr("stroke-width", "1.4"),
        Flow::Dead => shape.attr("stroke-dasharray", "5 4"),
        Flow::Nothing => shape.attr("stroke-dasharray", "1.5 4"),
    }
}
