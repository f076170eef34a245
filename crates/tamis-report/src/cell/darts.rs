//! A cell of the DARTS space, from left to right.
//!
//! Every intermediate node has a height of its own, every edge a lane at its own height, in which it
//! runs straight once it has left its source: so edges cross edges, where they must, but never an
//! operation's name or a node. The order of the nodes is the one with the shortest ways.

use tamis_space::darts::{Cell, CellOperation, INPUTS, Operation};

use super::order;
use super::part::{Bend, FRAME, Flow, RADIUS, TYPE, caption, frame, frame_width, node};
use crate::svg::{self, Anchor, Svg, px};
use crate::theme::Colour;

/// Distance of the two lanes into a node.
const LANE: f64 = 26.0;

/// Distance of two nodes' heights.
const ROW: f64 = 66.0;

/// Room between two columns in which edges change their height.
const TURN: f64 = 48.0;

/// Width of the column of inputs.
const INPUT: f64 = 74.0;

pub(super) fn draw(cell: &Cell, name: &str) -> Svg {
    let layout = Layout::of(cell);
    let alive = alive(cell);
    let mut svg = Svg::with_type(layout.size(), &label(cell, name), TYPE);
    let mut over = Vec::new();
    for (index, edge) in cell.edges().iter().enumerate() {
        let target = INPUTS + index / 2;
        let flow = match edge.operation {
            CellOperation::Searched(Operation::None) => Flow::Nothing,
            _ if alive[edge.source] && alive[target] => Flow::Alive,
            _ => Flow::Dead,
        };
        let lane = layout.lane(index);
        let turned = (layout.right(edge.source) + TURN, lane.1);
        let from = layout.place(edge.source);
        svg.add(Bend::across((from.0 + RADIUS, from.1), turned).line(flow));
        svg.add(Bend::across(turned, lane).line(flow));
        let (x, y) = layout.place(target);
        let side = if lane.1 < y { -1.0 } else { 1.0 };
        let end = (x - RADIUS * 0.8, y + side * RADIUS * 0.6);
        svg.add(Bend::across(lane, end).arrow(flow));
        over.push(frame(lane, edge.operation.name(), flow));
    }
    over.extend(nodes(cell, &layout, &alive));
    outputs(&mut svg, cell, &layout, &alive);
    over.into_iter().for_each(|shape| svg.add(shape));
    for (input, words) in ["cell k−2", "cell k−1"].into_iter().enumerate() {
        let (x, y) = layout.place(input);
        svg.add(caption(x - RADIUS - 6.0, y + 4.0, Anchor::End, words));
    }
    svg
}

fn nodes(cell: &Cell, layout: &Layout, alive: &[bool]) -> Vec<crate::markup::Markup> {
    let count = INPUTS + cell.edges().len() / 2;
    let flow = |number: usize| if alive[number] { Flow::Alive } else { Flow::Dead };
    (0..count).map(|at| node(layout.place(at), &at.to_string(), flow(at))).collect()
}

/// The output, a bar as high as the cell, and the straight ways into it.
fn outputs(svg: &mut Svg, cell: &Cell, layout: &Layout, alive: &[bool]) {
    let (width, height) = layout.size();
    let left = width - 30.0;
    for &number in cell.concat() {
        let from = layout.place(number);
        let flow = if alive[number] { Flow::Alive } else { Flow::Dead };
        svg.add(Bend::across((from.0 + RADIUS, from.1), (left, from.1)).arrow(flow));
    }
    let bar = svg::rect((left, 8.0), (22.0, height - 16.0), Colour::Paper).attr("rx", "6");
    svg.add(bar.attr("stroke", Colour::Ink).attr("stroke-width", "1.4"));
    let middle = format!("translate({} {}) rotate(-90)", px(left + 15.0), px(height / 2.0));
    svg.add(svg::text(0.0, 0.0, Anchor::Middle, "output").attr("transform", middle));
}

fn label(cell: &Cell, name: &str) -> String {
    let nodes = cell.nodes().enumerate().map(|(at, edges)| {
        let edges = edges.iter().map(|edge| format!("{} of {}", edge.operation, edge.source));
        format!("node {} sums {}", INPUTS + at, edges.collect::<Vec<_>>().join(" and "))
    });
    let nodes: Vec<String> = nodes.collect();
    format!("{name}: {}; the output joins the nodes {:?}", nodes.join("; "), cell.concat())
}

/// Nodes through which something flows to the output; both inputs always count as reached.
fn alive(cell: &Cell) -> Vec<bool> {
    let count = INPUTS + cell.edges().len() / 2;
    let open =
        |index: usize| cell.edges()[index].operation != CellOperation::Searched(Operation::None);
    let mut reached = vec![true; INPUTS];
    reached.resize(count, false);
    for (index, edge) in cell.edges().iter().enumerate() {
        reached[INPUTS + index / 2] |= reached[edge.source] && open(index);
    }
    let mut leads_on: Vec<bool> = (0..count).map(|node| cell.concat().contains(&node)).collect();
    for (index, edge) in cell.edges().iter().enumerate().rev() {
        leads_on[edge.source] |= leads_on[INPUTS + index / 2] && open(index);
    }
    reached.into_iter().zip(leads_on).map(|(reached, leads_on)| reached && leads_on).collect()
}

/// Where everything lies.
struct Layout {
    /// The column of each node, from 0; the inputs' is the first.
    columns: Vec<usize>,
    /// The row of each intermediate node, from 0.
    rows: Vec<usize>,
    /// Whether an edge takes the upper lane into its node.
    upper: Vec<bool>,
    /// Width of the widest operation.
    frame: f64,
}

impl Layout {
    fn of(cell: &Cell) -> Layout {
        let mut columns = vec![0; INPUTS];
        columns.extend(cell.nodes().map(|_| 0));
        for (index, edge) in cell.edges().iter().enumerate() {
            let target = INPUTS + index / 2;
            columns[target] = columns[target].max(columns[edge.source] + 1);
        }
        let widths = cell.edges().iter().map(|edge| frame_width(edge.operation.name()));
        let rows = order::rows(cell);
        let upper = order::upper_lanes(cell, &rows);
        Layout { columns, rows, upper, frame: widths.fold(0.0, f64::max) }
    }

    fn size(&self) -> (f64, f64) {
        let last = self.columns.iter().max().map_or(0, |&column| column);
        let height = ROW * self.rows.len().max(2) as f64 + 12.0;
        (self.column_right(last) + 72.0, height)
    }

    fn column_right(&self, column: usize) -> f64 {
        INPUT + 2.0 * RADIUS + column as f64 * (TURN + self.frame + 24.0 + 2.0 * RADIUS)
    }

    /// Where the column of a node ends.
    fn right(&self, node: usize) -> f64 {
        self.column_right(self.columns[node])
    }

    fn place(&self, node: usize) -> (f64, f64) {
        let height = match node.checked_sub(INPUTS) {
            Some(inner) => order::height(self.rows[inner]),
            None => order::input_height(node, self.rows.len()),
        };
        (self.right(node) - RADIUS, 6.0 + ROW * height)
    }

    /// Middle of an edge's operation.
    fn lane(&self, index: usize) -> (f64, f64) {
        let (x, y) = self.place(INPUTS + index / 2);
        let side = if self.upper[index] { -0.5 } else { 0.5 };
        (x - RADIUS - 24.0 - self.frame / 2.0, y + side * LANE)
    }
}

// Lanes of neighbouring rows, and a lane and the node beside it, must not touch.
const _: () =
    assert!(LANE > FRAME && ROW - LANE > FRAME && ROW - LANE / 2.0 > RADIUS + FRAME / 2.0);

#[cfg(test)]
mod tests {
    use tamis_space::darts::Genotype;

    use super::*;

    fn cell(edges: &str, concat: &str) -> Cell {
        let text = format!(
            "Genotype(normal=[{edges}], normal_concat={concat}, reduce=[{edges}], \
             reduce_concat={concat})"
        );
        text.parse::<Genotype>().unwrap().normal
    }

    #[test]
    fn what_does_not_lead_to_the_output_is_dead() {
        let edges = "('sep_conv_3x3', 0), ('none', 1), ('skip_connect', 2), ('none', 0), \
                     ('none', 0), ('none', 1)";
        assert_eq!(alive(&cell(edges, "[3, 4]")), [true, false, true, true, false]);
        assert_eq!(alive(&cell(edges, "[2]")), [true, false, true, false, false]);
    }

    #[test]
    fn no_lane_runs_through_a_node_or_another_operation() {
        let edges = "('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2), \
                     ('dil_conv_5x5', 0), ('max_pool_3x3', 3), ('skip_connect', 2), \
                     ('sep_conv_5x5', 4), ('dil_conv_3x3', 0)";
        let cell = cell(edges, "range(2, 6)");
        let layout = Layout::of(&cell);
        let mut heights: Vec<f64> = (0..8).map(|index| layout.lane(index).1).collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] > FRAME), "{heights:?}");
        for index in 0..8 {
            let far = |node: usize| (layout.place(node).1 - layout.lane(index).1).abs();
            let own = INPUTS + index / 2;
            assert!((2..6).filter(|&node| node != own).all(|node| far(node) > RADIUS));
        }
        assert_eq!(layout.columns, [0, 0, 1, 2, 3, 4]);
    }
}
