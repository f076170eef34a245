//! A cell of NAS-Bench-101, from left to right: its vertices on one line, what each reads as arcs.

use tamis_space::Flow as CellFlow;
use tamis_space::nas_bench_101::Cell;

use super::part::{Bend, FRAME, Flow, RADIUS, TYPE, frame, frame_width, node};
use crate::markup::Markup;
use crate::svg::Svg;

/// Room between two vertices.
const GAP: f64 = 34.0;
/// How much higher an arc is for each vertex that it passes.
const RISE: f64 = 22.0;
/// Room at the sides.
const MARGIN: f64 = 8.0;

pub(super) fn draw(cell: &Cell) -> Svg {
    let layout = Layout::of(cell);
    let dead = match cell.flow() {
        CellFlow::Whole => Vec::new(),
        CellFlow::Part { dead_nodes, .. } => dead_nodes,
        CellFlow::Cut => (0..cell.vertices()).collect(),
    };
    let flow = |vertex: &usize| if dead.contains(vertex) { Flow::Dead } else { Flow::Alive };
    let mut svg = Svg::with_type(layout.size(), &label(cell), TYPE);
    let edges =
        (1..cell.vertices()).flat_map(|to| cell.parents(to).iter().map(move |&from| (from, to)));
    for (number, (from, to)) in edges.enumerate() {
        let of_edge = if flow(&from) == Flow::Alive { flow(&to) } else { Flow::Dead };
        svg.add(layout.arc((from, to), number).arrow(of_edge));
    }
    (0..cell.vertices()).for_each(|vertex| svg.add(layout.vertex(cell, vertex, flow(&vertex))));
    svg
}

fn label(cell: &Cell) -> String {
    format!("cell: {cell}")
}

/// Where everything lies.
struct Layout {
    /// Middle and half of the width of each vertex.
    vertices: Vec<(f64, f64)>,
    /// Height of the line of vertices.
    line: f64,
}

impl Layout {
    fn of(cell: &Cell) -> Layout {
        let last = cell.vertices() - 1;
        let mut right = MARGIN;
        let mut vertices = Vec::new();
        for vertex in 0..=last {
            let half = cell.operation(vertex).map_or(RADIUS, |of| frame_width(of.name()) / 2.0);
            vertices.push((right + half, half));
            right += 2.0 * half + GAP;
        }
        Layout { vertices, line: MARGIN + FRAME + RISE * (last.max(2) - 1) as f64 }
    }

    fn size(&self) -> (f64, f64) {
        let right = self.vertices.last().map_or(0.0, |(middle, half)| middle + half);
        (right + MARGIN, 2.0 * self.line)
    }

    /// The way of an edge: straight to the next vertex, else an arc, above or below in turns.
    fn arc(&self, (from, to): (usize, usize), number: usize) -> Bend {
        let ((left, half), (right, other)) = (self.vertices[from], self.vertices[to]);
        if to == from + 1 {
            return Bend::across((left + half, self.line), (right - other, self.line));
        }
        let side = if number.is_multiple_of(2) { -1.0 } else { 1.0 };
        let edge = self.line + side * RADIUS;
        // A curve reaches three quarters of the way to the points that bend it.
        let height = edge + side * RISE * (to - from) as f64;
        let (start, end) = (left + half * 0.4, right - other * 0.4);
        let turn = (end - start) * 0.18;
        Bend {
            start: (start, edge),
            first: (start + turn, height),
            second: (end - turn, height),
            end: (end, edge),
        }
    }

    fn vertex(&self, cell: &Cell, vertex: usize, flow: Flow) -> Markup {
        let centre = (self.vertices[vertex].0, self.line);
        match cell.operation(vertex) {
            Some(operation) => frame(centre, operation.name(), flow),
            None => node(centre, if vertex == 0 { "in" } else { "out" }, flow),
        }
    }
}
