//! In what order the nodes of a DARTS cell stand below each other: so that ways are short.

use tamis_space::darts::{Cell, INPUTS};

/// Up to so many intermediate nodes every order is tried.
const TRIED: usize = 7;

/// The height of a row, in rows.
pub(super) fn height(row: usize) -> f64 {
    row as f64 + 0.5
}

/// The height of an input beside so many rows, in rows.
pub(super) fn input_height(input: usize, rows: usize) -> f64 {
    let rows = rows.max(2) as f64;
    if input == 0 { rows * 0.25 } else { rows * 0.75 }
}

/// The row of each intermediate node, from 0.
pub(super) fn rows(cell: &Cell) -> Vec<usize> {
    let count = cell.edges().len() / 2;
    let mut best: Vec<usize> = (0..count).collect();
    if count > TRIED {
        return best;
    }
    let mut least = cost(cell, &best);
    let mut tried = best.clone();
    permute(&mut tried, 0, &mut |rows| {
        let found = cost(cell, rows);
        // Equal costs keep the earlier order, so that drawings do not depend on chance.
        if found < least - 1e-9 {
            least = found;
            best = rows.to_vec();
        }
    });
    best
}

/// Whether each edge takes the upper of the two lanes into its node: the one from further up does.
pub(super) fn upper_lanes(cell: &Cell, rows: &[usize]) -> Vec<bool> {
    let lanes = cell.nodes().flat_map(|edges| {
        let [first, second] = [0, 1].map(|at| source_height(edges[at].source, rows));
        [first <= second, first > second]
    });
    lanes.collect()
}

/// How far edges climb, and how often two of them cross.
fn cost(cell: &Cell, rows: &[usize]) -> f64 {
    let ends: Vec<(f64, f64)> = cell
        .edges()
        .iter()
        .enumerate()
        .map(|(index, edge)| (source_height(edge.source, rows), height(rows[index / 2])))
        .collect();
    let climbs: f64 = ends.iter().map(|(from, to)| (from - to).abs()).sum();
    let crosses = |(a, b): (usize, usize)| (ends[a].0 - ends[b].0) * (ends[a].1 - ends[b].1) < 0.0;
    let pairs = (0..ends.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    climbs + 0.6 * pairs.filter(|&pair| crosses(pair)).count() as f64
}

fn source_height(source: usize, rows: &[usize]) -> f64 {
    match source.checked_sub(INPUTS) {
        Some(inner) => height(rows[inner]),
        None => input_height(source, rows.len()),
    }
}

/// Shows every order of the items from `from` on.
fn permute(items: &mut [usize], from: usize, show: &mut impl FnMut(&[usize])) {
    if from + 1 >= items.len() {
        return show(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        permute(items, from + 1, show);
        items.swap(from, at);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_order_is_shown_once() {
        let mut seen = BTreeSet::new();
        permute(&mut [0, 1, 2, 3], 0, &mut |order| assert!(seen.insert(order.to_vec())));
        assert_eq!(seen.len(), 24);
    }
}
