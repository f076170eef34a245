//! Layers that belong together: the search cells of supernets.
//!
//! A network means what its layers say. Blocks only tell whoever runs it that some layers that follow one
//! another have kernels of their own, which compute all of them at once.

use std::ops::Range;

use crate::node::NodeId;

/// What the layers of a block are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The search cell of NAS-Bench-201: one input, six edges of five operations.
    NasBench201,
    /// The search cell of DARTS: two inputs of the cell's channels, fourteen edges of eight operations.
    Darts {
        /// Whether it halves the image.
        reduction: bool,
        /// One channel in so many goes through the operations (PC-DARTS).
        partial: usize,
    },
}

/// Layers that follow one another, of which nothing but the last is read from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What they are together.
    pub cell: Cell,
    /// Number of the matrix of mixing weights that all its decisions are rows of.
    pub matrix: usize,
    /// What they read from outside.
    pub inputs: Vec<NodeId>,
    /// Their places.
    pub layers: Range<usize>,
    /// Numbers of their parameters, which follow one another, too.
    pub parameters: Range<usize>,
}

impl Block {
    /// The place of what comes out.
    pub fn output(&self) -> usize {
        self.layers.end - 1
    }
}
