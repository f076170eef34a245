//! What is recorded of an epoch when it is over.

use std::collections::BTreeMap;

use tamis_space::Flow;

use super::Search;
use crate::alphas::{decided_edges, distance, gaps};
use crate::matrix::Matrix;
use crate::metrics::EpochRecord;

impl Search {
    /// The epoch that has just taken its last step.
    pub(super) fn record(&self) -> EpochRecord {
        let progress = &self.progress;
        let shares = self.bilevel.shares();
        let architecture = self.architecture();
        let derived = architecture.operations();
        let derived_share = |name: &str| {
            let count = derived.iter().filter(|operation| *operation == name).count();
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
            gradient_norm: (progress.weight_steps > 0)
                .then(|| progress.gradient_norm / f64::from(progress.weight_steps)),
            alpha_distance: distance(&self.bilevel.alphas(), &self.start),
            alphas: self.named_alphas(),
            alpha_gaps: gaps(&self.bilevel.choices),
            decided_edges: decided_edges(&self.bilevel.choices),
            share_skip: self.mean_share(&shares, "skip_connect"),
            share_none: self.mean_share(&shares, "none"),
            genotype_skip: derived_share("skip_connect"),
            genotype_none: derived_share("none"),
            connected: architecture.flow() != Flow::Cut,
            genotype: architecture.to_string(),
            policy: progress.policy.clone(),
            host: self.figures(),
            cost: self.cost_and_target().map(|[cost, _]| cost),
            wall_s: progress.wall_s,
        }
    }

    /// What the network of the architecture costs, in what the target is of, and the target, if there is one.
    pub fn cost_and_target(&self) -> Option<[f64; 2]> {
        let preferences = self.host.preferences(&self.bilevel);
        let found: Vec<Matrix> = preferences.iter().map(Matrix::largest_of_rows).collect();
        self.bilevel.cost_and_target(&found)
    }

    /// The host's own figures, as far as they are numbers.
    fn figures(&self) -> BTreeMap<String, f64> {
        let mut figures = self.host.figures(&self.bilevel);
        figures.retain(|_, figure| figure.is_finite());
        figures
    }

    /// The rows of each matrix under the name of what it parametrises.
    fn named_alphas(&self) -> BTreeMap<String, Vec<Vec<f64>>> {
        let sets = self.space.choices().iter().zip(&self.bilevel.choices);
        let rows = |matrix: &Matrix| matrix.rows().map(<[f64]>::to_vec).collect();
        sets.map(|(set, choices)| (set.name.to_owned(), rows(&choices.alphas))).collect()
    }

    /// Mean over all edges of one option's share; 0 if the space has no such option.
    fn mean_share(&self, shares: &[Matrix], option: &str) -> f64 {
        let sets = self.space.choices().iter().zip(shares);
        let found = sets.filter_map(|(set, shares)| Some((set.option(option)?, shares)));
        let found: Vec<f64> =
            found.flat_map(|(column, shares)| shares.rows().map(move |row| row[column])).collect();
        found.iter().fold(0.0, |sum, share| sum + share) / found.len().max(1) as f64
    }
}
