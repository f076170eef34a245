//! The topology space of NAS-Bench-201 (Dong and Yang, ICLR 2020): 15,625 cells of four nodes.
//!
//! Node 0 is the cell's input, each later node is the sum of one operation on every earlier node,
//! node 3 is the output. The macro network stacks three stages of the same cell with a
//! downsampling residual block between them. The sibling "size" space of NATS-Bench is not here.

mod derive;
mod flow;
mod genotype;
mod isomorphism;
mod neighbours;
mod network;
mod operation;
mod parse;
mod table;

pub use derive::{derive, derive_without_none};
pub use genotype::Genotype;
pub use network::{MacroShape, count_derived, supernet};
pub use operation::Operation;
pub use table::{Record, Table};

/// Number of nodes of a cell, its input among them.
pub const NODES: usize = 4;

/// The edges of a cell, `(source, target)`, in the order of the architecture parameters' rows.
pub const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];
