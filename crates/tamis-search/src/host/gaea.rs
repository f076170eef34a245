//! GAEA (Li, Khodak, Balcan, Talwalkar: "Geometry-Aware Gradient Algorithms for Neural Architecture
//! Search", ICLR 2021).
//!
//! Shares live on the simplex, a row an edge, and start uniform; there is no softmax and no Adam:
//! `p <- p exp(-eta g)`, then `p <- max(p, 1e-5)`, then `p <- p / sum(p)`, with the gradient `g` of the
//! shares. Here the architecture parameters are `ln p`. `none` is left out of the space. `eta` is
//! `alpha.lr`, 0.1, grown with missing steps at most to 1.
//!
//! `host.gaea.single_level = true` trains both levels on one batch of all samples, in one pass: half of the
//! passes. Otherwise the architecture's batch comes first, as in DARTS.

use tamis_core::{Level, math};

use super::darts::{arch_step, weight_step};
use super::{ArchRhythm, Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome};
use crate::bilevel::{At, BOTH, Bilevel, Choices};
use crate::config::GaeaSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "gaea",
    summary: "exponentiated gradient of the shares; single level on request",
    defaults: |config| config.alpha.lr = 0.1,
    build: |config, space| {
        Ok(Box::new(Gaea { settings: config.host.gaea, sets: space.choices().to_vec() }))
    },
};

/// Smallest share of an option that is alive.
const LEAST: f64 = 1e-5;

/// Largest rate.
const LARGEST_RATE: f64 = 1.0;

struct Gaea {
    settings: GaeaSettings,
    sets: Vec<ChoiceSet>,
}

impl Host for Gaea {
    fn prepare(&mut self, bilevel: &mut Bilevel) {
        for (set, choices) in self.sets.iter().zip(&mut bilevel.choices) {
            if let Some(none) = set.option("none") {
                (0..set.shape()[0]).for_each(|row| choices.drop_option([row, none]));
            }
            let options = set.options.len() - usize::from(set.option("none").is_some());
            choices.alphas.values_mut().fill(-math::ln(options as f64));
        }
    }

    fn begin_epoch(&mut self, _: &mut Bilevel, _: StepContext) -> Result<Rhythm, Error> {
        let arch = match self.settings.single_level {
            true => ArchRhythm::Shared,
            false => ArchRhythm::EachStep,
        };
        Ok(Rhythm { arch, ..Rhythm::EACH_STEP })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        if self.settings.single_level
            && let Some(batch) = batches.weight
        {
            let of_batch = (Level::Weight, batch);
            let passed = bilevel.pass(of_batch, batches.loss_weights, At::default(), BOTH)?;
            descend(bilevel, &passed.shares);
            let gradient_norm = bilevel.step_weights(passed.weights);
            return Ok(StepOutcome { weight: Some(passed.outputs), arch: None, gradient_norm });
        }
        let arch = arch_step(bilevel, batches.arch, At::default(), descend)?;
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, At::default())? })
    }
}

fn descend(bilevel: &mut Bilevel, gradients: &[Matrix]) {
    let rate = bilevel.rates.alpha.min(LARGEST_RATE);
    for (choices, gradient) in bilevel.choices.iter_mut().zip(gradients) {
        exponentiate(choices, gradient, rate);
    }
}

/// One step of the exponentiated gradient, on logarithms.
fn exponentiate(choices: &mut Choices, gradient: &Matrix, rate: f64) {
    let alive = choices.alive().to_vec();
    let options = choices.alphas.shape()[1];
    let rows = choices.alphas.values_mut().chunks_mut(options);
    for ((row, slopes), alive) in rows.zip(gradient.rows()).zip(alive.chunks(options)) {
        let moving = || (0..options).filter(|&option| alive[option]);
        moving().for_each(|option| row[option] -= rate * slopes[option]);
        moving().for_each(|option| row[option] = row[option].max(math::ln(LEAST)));
        // The largest is taken out, so that none is too large for a number.
        let largest = moving().map(|option| row[option]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = moving().map(|option| math::exp(row[option] - largest)).sum();
        moving().for_each(|option| row[option] -= largest + math::ln(sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlphaConfig;

    /// The shares after one step at rate 0.1.
    fn stepped(shares: [f64; 5], slopes: [f64; 5]) -> Vec<f64> {
        let alphas = Matrix::from_fn([1, 5], |index| shares[index].ln());
        let mut choices = Choices::new(alphas, &AlphaConfig::default());
        exponentiate(&mut choices, &Matrix::from_fn([1, 5], |index| slopes[index]), 0.1);
        choices.shares().values().to_vec()
    }

    #[test]
    fn a_step_is_that_of_the_published_rule() {
        let cases = [
            (
                [0.2; 5],
                [1.0, 0.0, -1.0, 0.5, 0.0],
                [0.182381, 0.201563, 0.222761, 0.191732, 0.201563],
            ),
            (
                [0.5, 0.3, 0.1, 0.05, 0.05],
                [-2.0, 1.0, 0.0, 0.0, 3.0],
                [0.571179, 0.253884, 0.093528, 0.046764, 0.034644],
            ),
        ];
        for (shares, slopes, expected) in cases {
            for (found, expected) in stepped(shares, slopes).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }

    #[test]
    fn no_share_falls_below_the_least_and_what_was_dropped_stays_away() {
        let shares = stepped([0.2; 5], [500.0, 0.0, 0.0, 0.0, 0.0]);
        assert!((shares[0] - LEAST / (0.8 + LEAST)).abs() < 1e-12, "{shares:?}");
        let mut choices =
            Choices::new(Matrix::from_fn([1, 3], |_| (0.5_f64).ln()), &AlphaConfig::default());
        choices.drop_option([0, 0]);
        exponentiate(&mut choices, &Matrix::from_fn([1, 3], |_| 1.0), 0.1);
        for (found, expected) in choices.shares().values().iter().zip([0.0, 0.5, 0.5]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
