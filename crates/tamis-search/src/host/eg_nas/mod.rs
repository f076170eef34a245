//! EG-NAS (Cai et al.: "EG-NAS: Neural Architecture Search with Fast Evolutionary Exploration", AAAI
//! 2024).
//!
//! The weights train by gradient at the shares; the architecture parameters move once an epoch by
//! evolution. From the shares, flattened, with noise of 0.01, CMA-ES of step size `max(1 / (epoch + 1),
//! 0.02)` draws a population. An individual stands for shares by a softmax of each edge; its fitness is the
//! cross-entropy of one batch of the architecture's samples (a forward pass) plus 0.4 times its similarity
//! to the current shares if it is at least as accurate as they are, minus that otherwise: a better one may
//! be far away. The best by accuracy of three restarts, each on a batch of its own, is added:
//! `alpha <- alpha + 0.1 softmax(best)`. Three tenths of the epochs train the weights alone, as PC-DARTS's,
//! whose partial channels it uses on the DARTS space.
//!
//! Deliberate differences, where the published code errs: the step size follows the epoch, restarts draw
//! from streams of their own, and the best is taken through the softmax once. The covariance is diagonal;
//! with one generation, the published number, it plays no part.

mod evolution;

use std::collections::BTreeMap;

use evolution::Evolution;
use serde_json::{Value, json};
use tamis_core::Snapshot;
use tamis_data::Batch;
use tamis_nn::Outputs;

use super::darts::weight_step;
use super::pc_darts::partial_defaults;
use super::{Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome, judge, state_of};
use crate::bilevel::{At, Bilevel};
use crate::config::EgNasSettings;
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "eg-nas",
    summary: "weights by gradient, alphas once an epoch by evolution",
    defaults: partial_defaults,
    build: |config, _| Ok(Box::new(EgNas { settings: config.host.eg_nas, best: None })),
};

/// Noise on the mean from which a population is drawn, and the smallest step size.
const NOISE: f64 = 0.01;
const LEAST_SIGMA: f64 = 0.02;

struct EgNas {
    settings: EgNasSettings,
    /// Accuracy and shares of the best individual of this epoch's restarts so far.
    best: Option<(f64, Vec<Matrix>)>,
}

/// An individual that was judged.
struct Judged {
    values: Vec<f64>,
    shares: Vec<Matrix>,
    fitness: f64,
    accuracy: f64,
    outputs: Outputs,
}

impl EgNas {
    /// One restart: the most accurate individual of the last generation's best.
    fn restart(
        &self,
        bilevel: &mut Bilevel,
        batch: &Batch,
        at: StepContext,
    ) -> Result<Option<Judged>, Error> {
        let mut stream = at.key().stream();
        let current = bilevel.shares();
        let (reference, _) = judge(bilevel, batch, At::shares(&current))?;
        let mean = flat(&current).into_iter().map(|share| share + NOISE * stream.normal());
        let sigma = (1.0 / (f64::from(at.epoch) + 1.0)).max(LEAST_SIGMA);
        let mut evolution = Evolution::new(mean.collect(), sigma, self.settings.population);
        let mut best: Option<Judged> = None;
        for _ in 0..self.settings.generations.max(1) {
            let mut generation = Vec::new();
            for values in evolution.sample(&mut stream) {
                let shares = shares_of(&values, &current);
                let (accuracy, outputs) = judge(bilevel, batch, At::shares(&shares))?;
                let likeness = self.settings.similarity * similarity(&current, &shares);
                let sign = if accuracy >= reference { 1.0 } else { -1.0 };
                let fitness = outputs.loss + sign * likeness;
                generation.push(Judged { values, shares, fitness, accuracy, outputs });
            }
            generation.sort_by(|a, b| a.fitness.total_cmp(&b.fitness));
            let ranked: Vec<&[f64]> = generation.iter().map(|of| of.values.as_slice()).collect();
            evolution.update(&ranked);
            let first = generation.into_iter().next();
            best = match (best, first) {
                (Some(best), Some(first)) if first.fitness >= best.fitness => Some(best),
                (best, first) => first.or(best),
            };
        }
        Ok(best)
    }
}

impl Host for EgNas {
    fn follows_gradient(&self) -> bool {
        false
    }

    fn begin_epoch(&mut self, _: &mut Bilevel, _: StepContext) -> Result<Rhythm, Error> {
        self.best = None;
        Ok(Rhythm::after(self.settings.restarts))
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let Some(batch) = batches.arch else {
            return weight_step(bilevel, batches, At::default());
        };
        let found = self.restart(bilevel, batch, at)?;
        let Some(Judged { shares, accuracy, outputs, .. }) = found else {
            return Ok(StepOutcome::default());
        };
        // What earlier restarts of the epoch gave is taken back where this one is better.
        let before = self.best.as_ref().map(|(accuracy, _)| *accuracy);
        if before.is_none_or(|before| accuracy > before) {
            if let Some((_, earlier)) = &self.best {
                move_alphas(bilevel, earlier, -self.settings.step);
            }
            move_alphas(bilevel, &shares, self.settings.step);
            self.best = Some((accuracy, shares));
        }
        Ok(StepOutcome { arch: Some(outputs), ..StepOutcome::default() })
    }

    fn figures(&self, _: &Bilevel) -> BTreeMap<String, f64> {
        let accuracy = self.best.as_ref().map_or(f64::NAN, |(accuracy, _)| *accuracy);
        [("best_accuracy".to_owned(), accuracy)].into()
    }

    fn state(&self) -> Value {
        json!(self.best)
    }

    fn restore(&mut self, state: &Value, _: &Snapshot) -> Result<(), Error> {
        self.best = state_of(state, "the best individual of an epoch")?;
        Ok(())
    }
}

fn move_alphas(bilevel: &mut Bilevel, shares: &[Matrix], step: f64) {
    for (choices, shares) in bilevel.choices.iter_mut().zip(shares) {
        let pairs = choices.alphas.values_mut().iter_mut().zip(shares.values());
        pairs.for_each(|(alpha, share)| *alpha += step * share);
    }
}

fn flat(matrices: &[Matrix]) -> Vec<f64> {
    matrices.iter().flat_map(|matrix| matrix.values().to_vec()).collect()
}

/// The softmax of each edge of a flattened individual, in the shape of the current shares.
fn shares_of(values: &[f64], like: &[Matrix]) -> Vec<Matrix> {
    let mut rest = values;
    let matrix = |like: &Matrix| {
        let (own, after) = rest.split_at(like.values().len());
        rest = after;
        Matrix::from_fn(like.shape(), |index| own[index]).softmax()
    };
    like.iter().map(matrix).collect()
}

/// The mean over edges of `(cos + 1) / 2`.
fn similarity(current: &[Matrix], shares: &[Matrix]) -> f64 {
    let rows = current.iter().flat_map(Matrix::rows).zip(shares.iter().flat_map(Matrix::rows));
    let norm = |row: &[f64]| row.iter().map(|value| value * value).sum::<f64>().sqrt();
    let cosines: Vec<f64> = rows
        .map(|(a, b)| {
            let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            (product / (norm(a) * norm(b)) + 1.0) / 2.0
        })
        .collect();
    cosines.iter().sum::<f64>() / cosines.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_similarity_is_one_to_itself_and_a_half_of_what_has_nothing_in_common() {
        let first = Matrix::from_fn([2, 2], |index| [1.0, 0.0, 0.5, 0.5][index]);
        assert!(
            (similarity(std::slice::from_ref(&first), std::slice::from_ref(&first)) - 1.0).abs()
                < 1e-12
        );
        let other = Matrix::from_fn([2, 2], |index| [0.0, 1.0, 0.5, 0.5][index]);
        assert!((similarity(&[first], &[other]) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn an_individual_is_cut_into_choice_sets_and_each_edge_is_a_softmax() {
        let like = [Matrix::zeros([1, 2]), Matrix::zeros([2, 2])];
        let shares = shares_of(&[0.0, 0.0, 1.0, 0.0, 0.0, 2.0], &like);
        assert_eq!(shares[0].values(), [0.5, 0.5]);
        assert!(shares[1].values()[0] > 0.7 && shares[1].values()[3] > 0.8);
    }
}
