//! Numbering of states, edges and operations of the cell, and the stages that operations consist of.

use std::ops::RangeInclusive;

/// Edges of a cell.
pub const EDGES: usize = 14;
/// Operations of an edge.
pub const OPERATIONS: usize = 8;
/// States that are given.
pub(super) const INPUTS: usize = 2;
/// States that are formed.
pub(super) const NODES: usize = 4;
/// The state that no edge leaves.
pub(super) const LAST: usize = INPUTS + NODES - 1;

pub(super) const NONE: usize = 0;
pub(super) const MAX_POOL: usize = 1;
pub(super) const AVERAGE_POOL: usize = 2;
pub(super) const SKIP: usize = 3;
/// The operations whose results the stages of [`SECOND`] are.
pub(super) const CONVOLUTIONS: [usize; 4] = [4, 5, 6, 7];
/// Pools of a state.
pub(super) const POOLS: [usize; 2] = [MAX_POOL, AVERAGE_POOL];

/// A ReLU, a depthwise and a 1x1 convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) size: usize,
    pub(super) dilation: usize,
}

/// In the order of their weights.
pub(super) const STAGES: [Stage; 6] = [
    Stage { size: 3, dilation: 1 },
    Stage { size: 3, dilation: 1 },
    Stage { size: 5, dilation: 1 },
    Stage { size: 5, dilation: 1 },
    Stage { size: 3, dilation: 2 },
    Stage { size: 5, dilation: 2 },
];
/// First halves of the separable convolutions. Their results are kept.
pub(super) const FIRST: [usize; 2] = [0, 2];
/// Second halves of the separable convolutions, each of which reads the stage of [`FIRST`] at its
/// place, then the dilated convolutions. Their results can be computed again from what is kept.
pub(super) const SECOND: [usize; 4] = [1, 3, 4, 5];

impl Stage {
    pub(super) fn taps(&self) -> usize {
        self.size * self.size
    }

    /// Floats of its weights.
    pub(super) fn weights(&self, channels: usize) -> usize {
        (self.taps() + channels) * channels
    }
}

/// Source and destination of every edge, in order.
pub(super) fn edges() -> impl Iterator<Item = [usize; 2]> {
    (INPUTS..=LAST).flat_map(|node| (0..node).map(move |source| [source, node]))
}

/// The number of an edge.
pub(super) fn edge(source: usize, node: usize) -> usize {
    node * (node - 1) / 2 - 1 + source
}

/// The nodes that edges from `source` enter.
pub(super) fn destinations(source: usize) -> RangeInclusive<usize> {
    (source + 1).max(INPUTS)..=LAST
}

/// The share of one operation on one edge.
pub(super) fn share(shares: &[f32], source: usize, node: usize, operation: usize) -> f32 {
    shares[edge(source, node) * OPERATIONS + operation]
}
