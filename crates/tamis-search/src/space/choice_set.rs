//! What a space lets one choose between: edges by the node that they enter, and options.

use std::ops::Range;

/// The edges that enter a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEdges {
    /// Rows of the matrix.
    pub edges: Range<usize>,
    /// How many of them an architecture keeps.
    pub keeps: usize,
}

impl NodeEdges {
    /// Of nodes of which each reads all before it, in the order of the rows; `keeps(node)` of its edges stay.
    pub(super) fn from_all_before(
        nodes: Range<usize>,
        keeps: impl Fn(usize) -> usize,
    ) -> Vec<NodeEdges> {
        let mut first = 0;
        let of_node = |node: usize| {
            let edges = first..first + node;
            first = edges.end;
            NodeEdges { edges, keeps: keeps(node) }
        };
        nodes.map(of_node).collect()
    }
}

/// The meaning of one mixing matrix: a row an edge, a column an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceSet {
    /// What it parametrises: a kind of cell.
    pub name: &'static str,
    /// Names of the options, in the order of the columns.
    pub options: Vec<String>,
    /// Nodes and the edges that enter them, in the order of the rows.
    pub nodes: Vec<NodeEdges>,
    /// The options that an architecture may have, by their columns.
    pub derived: Vec<usize>,
    /// What differs from row to row; empty if every row has all options and keeps one of them.
    pub rows: Vec<Row>,
    /// Whether an option goes on from the one before it, as a stage's depths do: all together cost what the
    /// last costs.
    pub nested: bool,
}

/// A row of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its options, the first columns; the others mean nothing.
    pub options: usize,
    /// How many of them an architecture has.
    pub keeps: usize,
}

impl ChoiceSet {
    /// Rows and columns of the matrix.
    pub fn shape(&self) -> [usize; 2] {
        [self.nodes.last().map_or(0, |node| node.edges.end), self.options.len()]
    }

    /// The column of an option, if there is one of that name.
    pub fn option(&self, name: &str) -> Option<usize> {
        self.options.iter().position(|option| *option == name)
    }

    /// What a row has and keeps.
    pub fn row(&self, row: usize) -> Row {
        let usual = Row { options: self.options.len(), keeps: 1 };
        self.rows.get(row).copied().unwrap_or(usual)
    }

    /// Whether an architecture has several options of some row.
    pub fn keeps_several(&self) -> bool {
        self.rows.iter().any(|row| row.keeps > 1)
    }

    /// Whether an architecture has every edge.
    pub fn keeps_all(&self) -> bool {
        self.nodes.iter().all(|node| node.keeps == node.edges.len())
    }
}
