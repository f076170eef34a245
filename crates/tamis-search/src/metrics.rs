//! What is recorded of an epoch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_nn::Outputs;

/// One epoch of a search. Every field but `wall_s` is a function of config, data and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Steps taken.
    pub steps: u32,
    /// Learning rate of the weights.
    pub weight_lr: f64,
    /// Learning rate of the architecture parameters.
    pub alpha_lr: f64,
    /// Samples that trained the weights.
    pub weight_samples: u64,
    /// Samples that trained the architecture.
    pub arch_samples: u64,
    /// Mean loss of the weight batches, in nats.
    pub weight_loss: Option<f64>,
    /// Share of right answers in the weight batches.
    pub weight_accuracy: Option<f64>,
    /// Mean cross-entropy of the architecture batches (any penalty left out), in nats.
    pub arch_loss: Option<f64>,
    /// Share of right answers in the architecture batches: training mode, no extra pass.
    pub arch_val_accuracy: Option<f64>,
    /// Mean norm of the weights' gradient before clipping.
    pub gradient_norm: Option<f64>,
    /// Euclidean distance of the architecture parameters from their start.
    pub alpha_distance: f64,
    /// The architecture parameters after the epoch, by the kind of cell, an edge a row; absent in what
    /// earlier versions wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alphas: BTreeMap<String, Vec<Vec<f64>>>,
    /// Each edge's difference between its two largest alphas.
    pub alpha_gaps: Vec<f64>,
    /// Edges whose gap is at least 0.01.
    pub decided_edges: usize,
    /// Mean share of skip over all edges: a search collapses when it takes over.
    pub share_skip: f64,
    /// Mean share of none over all edges.
    pub share_none: f64,
    /// Share of the derived architecture's edges that are skip.
    pub genotype_skip: f64,
    /// Share of the derived architecture's edges that are none.
    pub genotype_none: f64,
    /// Whether anything of the input reaches the derived architecture's output.
    pub connected: bool,
    /// The architecture that this epoch's alphas derive.
    pub genotype: String,
    /// The policy's own figures of the epoch, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy: BTreeMap<String, f64>,
    /// The host's own figures of the epoch, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub host: BTreeMap<String, f64>,
    /// What the network of the largest shares costs, in what the target is of: multiply-adds or milliseconds;
    /// absent without a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Seconds spent in the epoch's steps.
    pub wall_s: f64,
}

/// Sums over the steps of one epoch and level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LevelSums {
    pub(crate) samples: u64,
    correct: u64,
    loss: f64,
}

impl LevelSums {
    pub(crate) fn add(&mut self, outputs: &Outputs) {
        self.samples += outputs.samples.len() as u64;
        self.correct += outputs.correct() as u64;
        self.loss += outputs.samples.iter().map(|sample| sample.loss).sum::<f64>();
    }

    pub(crate) fn accuracy(&self) -> Option<f64> {
        self.mean(self.correct as f64)
    }

    pub(crate) fn loss(&self) -> Option<f64> {
        self.mean(self.loss)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.samples > 0).then(|| sum / self.samples as f64)
    }
}
