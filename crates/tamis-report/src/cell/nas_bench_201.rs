//! A cell of NAS-Bench-201: four nodes in a row, the edges that skip nodes as arcs.
//!
//! The two arcs from the input lie above, the one from node 1 below: no edge crosses another.

use tamis_space::nas_bench_201::{EDGES, Genotype, Operation};

use super::part::{Bend, Flow, RADIUS, TYPE, caption, frame, node};
use crate::svg::{Anchor, Svg};

const WIDTH: f64 = 474.0;
const HEIGHT: f64 = 228.0;

/// Height of the row of nodes.
const ROW: f64 = 138.0;

/// Distance of two nodes.
const STEP: f64 = 132.0;

pub(super) fn draw(genotype: &Genotype) -> Svg {
    let mut svg = Svg::with_type((WIDTH, HEIGHT), &label(genotype), TYPE);
    let alive = genotype.alive_part();
    let mut frames = Vec::new();
    for (index, ((source, target), operation)) in EDGES.into_iter().zip(genotype.0).enumerate() {
        let flow = match operation {
            Operation::None => Flow::Nothing,
            _ if alive.0[index] == Operation::None => Flow::Dead,
            _ => Flow::Alive,
        };
        let bend = bend(source, target);
        svg.add(bend.arrow(flow));
        frames.push(frame(bend.middle(), operation.name(), flow));
    }
    frames.into_iter().for_each(|frame| svg.add(frame));
    let dead = genotype.dead_nodes();
    for number in 0..4 {
        let cut = dead.contains(&number) || !genotype.is_connected();
        let flow = if cut { Flow::Dead } else { Flow::Alive };
        svg.add(node(place(number), &number.to_string(), flow));
    }
    svg.add(caption(place(0).0, ROW + 30.0, Anchor::Middle, "input"));
    svg.add(caption(place(3).0 - 5.0, ROW + 30.0, Anchor::Start, "output"));
    svg
}

fn label(genotype: &Genotype) -> String {
    let state = match (genotype.is_connected(), genotype.dead_nodes().as_slice()) {
        (false, _) => "; nothing of the input reaches the output".to_owned(),
        (true, []) => String::new(),
        (true, dead) => format!("; nothing flows through the nodes {dead:?}"),
    };
    format!("Cell of NAS-Bench-201, {genotype}{state}")
}

fn place(node: usize) -> (f64, f64) {
    (30.0 + STEP * node as f64, ROW)
}

/// The way of an edge.
fn bend(source: usize, target: usize) -> Bend {
    let (from, to) = (place(source), place(target));
    let height = match (source, target) {
        (0, 3) => -148.0,
        (0, 2) => -78.0,
        (1, 3) => 96.0,
        _ => return Bend::across((from.0 + RADIUS, ROW), (to.0 - RADIUS, ROW)),
    };
    let lean = match (source, target) {
        (0, 3) => 56.0,
        _ => 52.0,
    };
    // Arcs leave and enter at the circle, in the direction of the points that bend them.
    let length = f64::hypot(lean, height);
    let (dx, dy) = (RADIUS * lean / length, RADIUS * height / length);
    Bend {
        start: (from.0 + dx, ROW + dy),
        first: (from.0 + lean, ROW + height),
        second: (to.0 - lean, ROW + height),
        end: (to.0 - dx, ROW + dy),
    }
}
