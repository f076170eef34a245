//! What is recorded of an epoch when it is over.

use super::Search;
use crate::alphas::{decided_edges, distance, gaps};
use crate::matrix::Matrix;
use crate::metrics::EpochRecord;
use crate::space::{Architecture, Flow};

impl Search {
    /// The epoch that has just taken its last step.
    pub(super) fn record(&self) -> EpochRecord {
        let progress = &self.progress;
        let shares = self.bilevel.shares();
        let Architecture { text, operations: derived, flow } = self.architecture();
        let derived_share = |name: &str| {
            let count = derived.iter().filter(|&&operation| operation == name).count();
            count as f64 / derived.len().max(1) as f64
        };
        EpochRecord {
            epoch: progress.epoch,
            steps: progress.steps,
            weight_lr: self.bilevel.rates.weights,
            alpha_lr: self.bilevel.rates.alpha,
            weight_samples: progress.weight.samples,
            arch_samples: progress.arch.samples,
            weight_loss: progress.weight.loss(),
            weight_accuracy: progress.weight.accuracy(),
            arch_loss: progress.arch.loss(),
            arch_val_accuracy: progress.arch.accuracy(),
            gradient_norm: (progress.steps > 0)
                .then(|| progress.gradient_norm / f64::from(progress.steps)),
            alpha_distance: distance(&self.bilevel.alphas, &self.start),
            alpha_gaps: gaps(&self.bilevel.alphas),
            decided_edges: decided_edges(&self.bilevel.alphas),
            share_skip: self.mean_share(&shares, "skip_connect"),
            share_none: self.mean_share(&shares, "none"),
            genotype_skip: derived_share("skip_connect"),
            genotype_none: derived_share("none"),
            connected: flow != Flow::Cut,
            genotype: text,
            policy: progress.policy.clone(),
            wall_s: progress.wall_s,
        }
    }

    /// Mean over all edges of one operation's share; 0 if the space has no such operation.
    fn mean_share(&self, shares: &[Matrix], operation: &str) -> f64 {
        let operations = self.space.operations();
        let Some(column) = operations.iter().position(|&name| name == operation) else {
            return 0.0;
        };
        let found: Vec<f64> = shares.iter().flat_map(Matrix::rows).map(|row| row[column]).collect();
        found.iter().sum::<f64>() / found.len().max(1) as f64
    }
}
