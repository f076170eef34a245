//! A cell of the DARTS space: two operations into every node, and which nodes come out.
//!
//! Valid by construction: what holds a [`Cell`] needs no checks.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{CellOperation, INPUTS, NODES};
use crate::Error;

/// An operation and the node it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The operation.
    pub operation: CellOperation,
    /// The node that it reads.
    pub source: usize,
}

impl Edge {
    /// An edge from `source`.
    pub fn new(operation: impl Into<CellOperation>, source: usize) -> Edge {
        Edge { operation: operation.into(), source }
    }
}

/// A cell: nodes 0 and 1 are its inputs, each later node sums two edges from earlier nodes, the
/// output is the concatenation of some of the later nodes along the channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    edges: Vec<Edge>,
    concat: Vec<usize>,
}

impl Cell {
    /// A cell of `edges`, two for each node from node 2 on, whose output is the nodes `concat`.
    ///
    /// Both edges of a node may read the same source. A searched cell has eight edges and the
    /// output 2, 3, 4, 5; other numbers are as good.
    ///
    /// # Errors
    ///
    /// [`Error::Cell`] if the number of edges is odd or 0, if a source is not a node before the
    /// edge's own, or if `concat` is empty or names an input, a node that is not there, or one node
    /// twice.
    pub fn new(edges: Vec<Edge>, concat: Vec<usize>) -> Result<Cell, Error> {
        match fault(&edges, &concat) {
            Some(Fault { found, expected, .. }) => Err(Error::Cell { found, expected }),
            None => Ok(Cell { edges, concat }),
        }
    }

    /// A cell as a search leaves it, its output all intermediate nodes. Sources must come before
    /// their nodes.
    pub(super) fn searched(nodes: [[Edge; 2]; NODES - INPUTS]) -> Cell {
        Cell { edges: nodes.as_flattened().to_vec(), concat: (INPUTS..NODES).collect() }
    }

    /// The same with another edge at a place, whose source comes before its node.
    pub(super) fn with_edge(&self, place: usize, edge: Edge) -> Cell {
        let mut changed = self.clone();
        changed.edges[place] = edge;
        changed
    }

    /// The edges, two for each node from node 2 on.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The nodes whose concatenation is the output, in its order; at least one.
    pub fn concat(&self) -> &[usize] {
        &self.concat
    }

    /// The two edges of each node from node 2 on.
    pub fn nodes(&self) -> impl Iterator<Item = &[Edge]> {
        self.edges.chunks_exact(2)
    }
}

/// The part of a would-be cell that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Edges,
    Source(usize),
    Concat,
}

/// What keeps edges and outputs from being a cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) part: Part,
    pub(super) found: String,
    pub(super) expected: &'static str,
}

/// The first thing that is wrong, if any.
pub(super) fn fault(edges: &[Edge], concat: &[usize]) -> Option<Fault> {
    edges_fault(edges).or_else(|| concat_fault(concat, INPUTS..target(edges.len())))
}

fn edges_fault(edges: &[Edge]) -> Option<Fault> {
    if edges.is_empty() || !edges.len().is_multiple_of(2) {
        let found = match edges.len() {
            0 => "no edges".to_owned(),
            odd => format!("an odd number of edges ({odd})"),
        };
        return Some(Fault { part: Part::Edges, found, expected: "two edges for each node" });
    }
    let late = edges.iter().enumerate().find(|&(index, edge)| edge.source >= target(index));
    late.map(|(index, edge)| Fault {
        part: Part::Source(index),
        found: format!("node {} as a source of node {}", edge.source, target(index)),
        expected: "an earlier node",
    })
}

fn concat_fault(concat: &[usize], nodes: Range<usize>) -> Option<Fault> {
    let fault = |found, expected| Some(Fault { part: Part::Concat, found, expected });
    if concat.is_empty() {
        return fault("an output of no nodes".to_owned(), "at least one");
    }
    let mut seen = BTreeSet::new();
    let node = concat.iter().find(|&node| !nodes.contains(node) || !seen.insert(node))?;
    fault(format!("node {node} in the output"), "intermediate nodes of the cell, each once")
}

/// The node that the edge at `index` goes into.
fn target(index: usize) -> usize {
    INPUTS + index / 2
}

#[cfg(test)]
mod tests {
    use super::super::Operation;
    use super::*;

    fn skips(sources: &[usize]) -> Vec<Edge> {
        sources.iter().map(|&source| Edge::new(Operation::SkipConnect, source)).collect()
    }

    fn refused(sources: &[usize], concat: &[usize]) -> String {
        Cell::new(skips(sources), concat.to_vec()).unwrap_err().to_string()
    }

    #[test]
    fn nodes_own_two_edges_each() {
        let cell = Cell::new(skips(&[1, 0, 2, 2, 3, 0]), vec![4, 2]).unwrap();
        let sources: Vec<[usize; 2]> =
            cell.nodes().map(|edges| [edges[0].source, edges[1].source]).collect();
        assert_eq!(sources, [[1, 0], [2, 2], [3, 0]]);
    }

    #[test]
    fn a_source_must_come_before_its_node() {
        assert_eq!(
            refused(&[0, 1, 0, 3], &[2]),
            "building a darts cell: found node 3 as a source of node 3, expected an earlier node"
        );
        assert!(refused(&[2, 0], &[2]).contains("node 2 as a source of node 2"));
    }

    #[test]
    fn edges_come_in_pairs() {
        assert!(
            refused(&[0, 1, 0], &[2]).contains("found an odd number of edges (3), expected two")
        );
        assert!(refused(&[], &[0]).contains("found no edges"));
    }

    #[test]
    fn the_output_is_made_of_intermediate_nodes_each_once() {
        assert!(refused(&[0, 1], &[]).contains("no nodes"));
        assert!(refused(&[0, 1], &[2, 3]).contains("found node 3 in the output"));
        assert!(refused(&[0, 1], &[2, 2]).contains("found node 2 in the output"));
        assert!(refused(&[0, 1], &[2, 1]).contains("found node 1 in the output"));
    }
}
