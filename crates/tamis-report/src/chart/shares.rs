//! Small multiples: the shares of operations on one edge over time.

use crate::axis::Axis;
use crate::model::{CellShares, EdgeShares};
use crate::number;
use crate::operation;
use crate::svg::{self, Anchor, Svg};
use crate::text;
use crate::theme::Colour;

const WIDTH: f64 = 168.0;
const HEIGHT: f64 = 146.0;
const LEFT: f64 = 26.0;
const RIGHT: f64 = WIDTH - 6.0;
const TOP: f64 = 39.0;
const BOTTOM: f64 = HEIGHT - 17.0;

/// Draws one edge; `largest` is the largest share of all edges, so that panels compare.
pub(crate) fn draw(cell: &CellShares, edge: &EdgeShares, largest: f64) -> Svg {
    let last = edge.shares.last().map_or(&[][..], Vec::as_slice);
    let winner = (0..last.len()).filter(|&at| last[at].is_finite());
    let winner = winner.max_by(|&a, &b| last[a].total_cmp(&last[b]).then(b.cmp(&a)));
    let name = format!("{} → {}", edge.source, edge.target);
    let words = winner.and_then(|at| {
        let operation = operation::title(cell.operations.get(at)?);
        Some(format!("{operation} {}", number::percent(last[at], 0)))
    });
    let words = words.unwrap_or_else(|| "no shares".to_owned());
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Edge {name}, at the end {words}"));
    svg.add(svg::text(2.0, 11.0, Anchor::Start, &name).attr("font-weight", "600"));
    let colour = winner.map_or(Colour::Muted, |at| colour(cell, at));
    let shown = text::fitting(&words, svg::TYPE, WIDTH - 4.0);
    svg.add(svg::text(2.0, 25.0, Anchor::Start, &shown).attr("fill", colour));
    let upward = Axis::round(Some((0.0, largest * 100.0)), (BOTTOM, TOP), 3);
    ground(&mut svg, cell, &upward);
    let numbers: Vec<f64> = cell.epochs.iter().map(|&epoch| f64::from(epoch)).collect();
    let rightward = Axis::whole(crate::axis::range(numbers.iter().copied()), (LEFT, RIGHT), 2);
    // The winner is drawn over the others.
    let others = (0..cell.operations.len()).filter(|&at| Some(at) != winner);
    for at in others.chain(winner) {
        let points = edge.shares.iter().zip(&numbers).map(|(shares, &epoch)| {
            let share = shares.get(at).filter(|share| share.is_finite())?;
            Some((rightward.at(epoch), upward.at(*share * 100.0)))
        });
        let way = svg::path(&svg::way(points), self::colour(cell, at));
        let name = cell.operations.get(at).map_or("", String::as_str);
        let way = way.attr("stroke-width", if Some(at) == winner { "2.4" } else { "1.2" });
        svg.add(svg::tip(way, operation::title(name)));
    }
    svg
}

/// The largest share on any edge.
pub(crate) fn largest(cell: &CellShares) -> f64 {
    let shares = cell.edges.iter().flat_map(|edge| edge.shares.iter().flatten());
    shares.copied().filter(|share| share.is_finite()).fold(0.0, f64::max).clamp(1e-3, 1.0)
}

pub(crate) fn colour(cell: &CellShares, at: usize) -> Colour {
    operation::colour(cell.operations.get(at).map_or("", String::as_str), at)
}

/// The base line, the tick above it, and the first and last epoch.
fn ground(svg: &mut Svg, cell: &CellShares, upward: &Axis) {
    for (y, label) in upward.ticks() {
        svg.add(svg::line((LEFT, y), (RIGHT, y), Colour::Grid));
        let label = svg::text(LEFT - 4.0, y + 3.2, Anchor::End, &label).attr("font-size", "9");
        svg.add(label.attr("fill", Colour::Muted));
    }
    let ends =
        [(cell.epochs.first(), LEFT, Anchor::Start), (cell.epochs.last(), RIGHT, Anchor::End)];
    for (epoch, x, anchor) in ends {
        let words = epoch.map(u32::to_string).unwrap_or_default();
        let words = svg::text(x, HEIGHT - 5.0, anchor, &words).attr("font-size", "9");
        svg.add(words.attr("fill", Colour::Muted));
    }
}
