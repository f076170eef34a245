//! The DARTS space (Liu, Simonyan and Yang, ICLR 2019): a normal and a reduction cell.
//!
//! Nodes 0 and 1 of a cell are the outputs of the two cells before it, each later node is the sum
//! of operations on earlier nodes, the output is a concatenation of nodes. The supernet has every
//! operation on all 14 edges; a genotype keeps two operations a node. One file for the operations,
//! one for cells, one for each way into a genotype (reading, deriving), one for the cells of a
//! network and one for the networks as layers. The reduced spaces S1 to S4 of RobustDARTS are read, not
//! searched.

mod cell;
mod derive;
mod genotype;
mod literal;
mod neighbours;
mod network;
mod operation;
mod parse;
mod plan;

pub use cell::{Cell, Edge};
pub use derive::{derive, derive_weighed};
pub use genotype::Genotype;
pub use network::{SupernetParts, count_derived, count_supernet, supernet, supernet_parts};
pub use operation::{CellOperation, Operation};
pub use plan::{CellPlan, EvalShape, Stem, SuperShape};

/// Number of nodes of a searched cell: two inputs and four intermediate nodes.
pub const NODES: usize = 6;

/// Number of a cell's input nodes: 0 is the output of the cell before the previous one, 1 that of
/// the previous one.
pub const INPUTS: usize = 2;

/// The edges of a searched cell, `(source, target)`, in the order of the architecture parameters'
/// rows: node by node, sources ascending.
pub const EDGES: [(usize, usize); 14] = [
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 3),
    (0, 4),
    (1, 4),
    (2, 4),
    (3, 4),
    (0, 5),
    (1, 5),
    (2, 5),
    (3, 5),
    (4, 5),
];
