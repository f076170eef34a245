//! What is shown of a search: its epochs, the shares of operations, the architectures found.

use tamis_space::Architecture;

use super::Part;

/// A search.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Search {
    /// Its epochs, ascending.
    pub epochs: Part<Vec<SearchEpoch>>,
    /// Shares of operations over time, by the kind of cell.
    pub shares: Part<Vec<CellShares>>,
    /// Architectures to draw, such as the first and the last one derived.
    pub architectures: Part<Vec<FoundArchitecture>>,
}

/// An epoch of a search. What is not known is `None` and leaves a gap in its curve, unless most of
/// the others are not known either: a curve of every tenth epoch is drawn through.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SearchEpoch {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Share of right answers in the batches that trained the weights, 0 to 1.
    pub weight_accuracy: Option<f64>,
    /// Share of right answers in the batches that trained the architecture, 0 to 1.
    pub arch_val_accuracy: Option<f64>,
    /// Mean loss of the weight batches, in nats.
    pub weight_loss: Option<f64>,
    /// Mean cross-entropy of the architecture batches, in nats.
    pub arch_loss: Option<f64>,
    /// Mean share of skip over all edges, 0 to 1.
    pub share_skip: Option<f64>,
    /// Mean share of none over all edges, 0 to 1.
    pub share_none: Option<f64>,
}

/// Shares of operations on every edge of a kind of cell.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CellShares {
    /// The kind of cell, such as `normal`; empty where a space has only one.
    pub cell: String,
    /// Names of the operations, in the order of the shares.
    pub operations: Vec<String>,
    /// The epochs of the shares, ascending.
    pub epochs: Vec<u32>,
    /// The edges.
    pub edges: Vec<EdgeShares>,
}

/// Shares of operations on an edge.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EdgeShares {
    /// The node it leaves.
    pub source: usize,
    /// The node it enters.
    pub target: usize,
    /// Shares `[epoch][operation]`, each 0 to 1.
    pub shares: Vec<Vec<f64>>,
}

/// An architecture and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundArchitecture {
    /// What it is, such as `found after 50 epochs`.
    pub title: String,
    /// The architecture.
    pub architecture: Architecture,
}
