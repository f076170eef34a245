//! TAS (Dong and Yang: "Network Pruning via Transformable Architecture Search", NeurIPS 2019).
//!
//! Every pass samples anew: `l = (log_softmax(a) + g) / tau` with Gumbel noise `g`, `p = softmax(l)`. Of a
//! width two options are drawn without replacement by `p`, run, and are weighed by the softmax of their two
//! logits; of a depth, whose options run together anyway, all are weighed by `p`. The gradient goes through
//! both softmaxes. The weights train first, then the architecture, whose loss has the cost's term at the
//! softmax of the parameters; each on a sample of its own. `tau` falls along a cosine from 5 to 0.1 over the
//! epochs.
//!
//! Deliberate differences: where a row keeps several options, one more than these is drawn; initial
//! parameters and weights are this project's. On spaces without widths, two operations run on every edge.

use tamis_core::{Stream, math};

use super::darts::{arch_step, weight_step};
use super::draw::drawn_without_replacement;
use super::gumbel::{of_parameters, tempered};
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome};
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::TasSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "tas",
    summary: "two sampled widths a convolution, weighed depths, and a target of multiply-adds",
    defaults: |config| {
        if config.recipe.is_published() {
            (config.train.epochs, config.train.batch) = (600, 256);
            (config.weights.lr, config.weights.lr_min) = (0.1, 0.0);
            (config.weights.nesterov, config.weights.weight_decay) = (true, 5e-4);
            (config.alpha.lr, config.alpha.weight_decay) = (1e-3, 1e-3);
        }
    },
    build: |config, space| {
        Ok(Box::new(Tas { settings: config.host.tas, sets: space.choices().to_vec() }))
    },
};

/// Added to the probabilities that options are drawn by.
const EPSILON: f64 = 1e-7;

struct Tas {
    settings: TasSettings,
    sets: Vec<ChoiceSet>,
}

impl Tas {
    fn tau(&self, at: StepContext) -> f64 {
        let TasSettings { tau_start, tau_end } = self.settings;
        let progress = f64::from(at.epoch) / f64::from(at.epochs.max(1));
        tau_end + (tau_start - tau_end) * 0.5 * (1.0 + math::cos(std::f64::consts::PI * progress))
    }
}

impl Host for Tas {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let tau = self.tau(at);
        let mut stream = at.key().stream();
        let sampled = Sampled::draw(&bilevel.choices, &self.sets, tau, &mut stream);
        let trained = weight_step(bilevel, batches, sampled.at())?;
        let sampled = Sampled::draw(&bilevel.choices, &self.sets, tau, &mut stream);
        let arch = arch_step(bilevel, batches.arch, sampled.at(), |bilevel, of_shares| {
            let mut gradients = sampled.gradients(of_shares, tau);
            bilevel.add_cost(&mut gradients);
            bilevel.step_alphas(&gradients);
        })?;
        Ok(StepOutcome { arch, ..trained })
    }
}

/// What runs, and what it weighs.
struct Sampled {
    shares: Vec<Matrix>,
    runs: Vec<Vec<bool>>,
}

impl Sampled {
    fn draw(choices: &[Choices], sets: &[ChoiceSet], tau: f64, stream: &mut Stream) -> Sampled {
        let mut sampled = Sampled { shares: Vec::new(), runs: Vec::new() };
        for (choices, set) in choices.iter().zip(sets) {
            let logits = tempered(choices, tau, stream);
            let runs = match set.nested {
                true => choices.alive().to_vec(),
                false => drawn(choices, set, &logits.softmax(), stream),
            };
            let values = logits.values();
            let logit = |index: usize| if runs[index] { values[index] } else { f64::NEG_INFINITY };
            sampled.shares.push(Matrix::from_fn(logits.shape(), logit).softmax());
            sampled.runs.push(runs);
        }
        sampled
    }

    fn at(&self) -> At<'_> {
        let (shares, runs) = (Some(&self.shares[..]), Some(&self.runs[..]));
        At { shares, runs, without_cost: true, ..At::default() }
    }

    fn gradients(&self, of_shares: &[Matrix], tau: f64) -> Vec<Matrix> {
        let pairs = self.shares.iter().zip(of_shares);
        pairs.map(|(own, of_shares)| of_parameters(own, of_shares, tau)).collect()
    }
}

/// Of every row the options that are drawn: one more than it keeps, without replacement.
fn drawn(
    choices: &Choices,
    set: &ChoiceSet,
    probabilities: &Matrix,
    stream: &mut Stream,
) -> Vec<bool> {
    let options = probabilities.shape()[1].max(1);
    let mut runs = Vec::with_capacity(probabilities.values().len());
    let rows = probabilities.rows().zip(choices.alive().chunks(options)).enumerate();
    for (row, (probabilities, alive)) in rows {
        let pairs = probabilities.iter().zip(alive);
        let weights: Vec<f64> =
            pairs.map(|(share, &alive)| if alive { share + EPSILON } else { 0.0 }).collect();
        let drawn = drawn_without_replacement(&weights, set.row(row).keeps + 1, stream);
        runs.extend((0..options).map(|option| drawn.contains(&option)));
    }
    runs
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::host::draw::choices;
    use crate::space::NodeEdges;

    fn set(nested: bool) -> ChoiceSet {
        let nodes = (0..2).map(|row| NodeEdges { edges: row..row + 1, keeps: 1 }).collect();
        let options = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let derived = (0..4).collect();
        ChoiceSet { name: "set", options, nodes, derived, rows: Vec::new(), nested }
    }

    fn draw(choices: &[Choices], nested: bool, tau: f64, stream: &mut Stream) -> Sampled {
        Sampled::draw(choices, &[set(nested)], tau, stream)
    }

    #[test]
    fn two_different_options_run_weighed_by_the_softmax_of_their_logits() {
        for id in 0..2000 {
            let stream = || Key::new(0, Purpose::Test).id(id).stream();
            let sampled = draw(&choices(2), false, 0.8, &mut stream());
            let logits = tempered(&choices(2)[0], 0.8, &mut stream());
            assert!(!sampled.runs[0][6], "what was dropped");
            let rows = sampled.shares[0].rows().zip(sampled.runs[0].chunks(4)).zip(logits.rows());
            for ((shares, runs), logits) in rows {
                let chosen: Vec<usize> = (0..4).filter(|&option| runs[option]).collect();
                let [first, second] = chosen[..] else { panic!("{runs:?}") };
                let odds = (logits[first] - logits[second]).exp();
                assert!((shares[first] / shares[second] / odds - 1.0).abs() < 1e-9);
                assert!((shares[first] + shares[second] - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn options_are_drawn_by_their_probabilities_one_after_the_other() {
        // At a high temperature the noise is none, and every pair is as likely as any other.
        let mut stream = Key::new(1, Purpose::Test).stream();
        let mut pairs = std::collections::BTreeMap::new();
        for _ in 0..30_000 {
            let sampled = draw(&choices(2), false, 1e9, &mut stream);
            *pairs.entry(sampled.runs[0][..4].to_vec()).or_insert(0) += 1;
        }
        assert_eq!(pairs.len(), 6);
        assert!(pairs.values().all(|count: &i32| (count - 5000).abs() < 350), "{pairs:?}");
        // Of given probabilities: P(a, b in any order) = a b / (1 - a) + b a / (1 - b).
        let probabilities = Matrix::from_fn([2, 4], |index| [0.5, 0.25, 0.15, 0.1][index % 4]);
        let mut both = 0;
        for _ in 0..30_000 {
            let runs = drawn(&choices(2)[0], &set(false), &probabilities, &mut stream);
            both += i32::from(runs[0] && runs[1]);
        }
        let expected = 0.5 * 0.25 / 0.5 + 0.25 * 0.5 / 0.75;
        assert!((f64::from(both) / 30_000.0 - expected).abs() < 0.01, "{both} {expected}");
    }

    #[test]
    fn an_option_of_no_probability_still_runs_beside_one_of_all() {
        let certain = Matrix::from_fn([2, 4], |index| f64::from(u8::from(index % 4 == 0)));
        let mut stream = Key::new(2, Purpose::Test).stream();
        let runs = drawn(&choices(2)[0], &set(false), &certain, &mut stream);
        assert_eq!(runs[..4].iter().filter(|runs| **runs).count(), 2);
        let mut decided = choices(2);
        decided[0].decide([0, 3]);
        let sampled = draw(&decided, false, 1.0, &mut stream);
        assert_eq!(sampled.runs[0][..4], [false, false, false, true], "there is no second");
        assert_eq!(sampled.shares[0].values()[..4], [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn options_that_run_together_are_all_weighed() {
        let stream = || Key::new(3, Purpose::Test).stream();
        let sampled = draw(&choices(2), true, 0.7, &mut stream());
        assert_eq!(sampled.runs[0], choices(2)[0].alive());
        assert_eq!(sampled.shares[0], tempered(&choices(2)[0], 0.7, &mut stream()).softmax());
    }

    #[test]
    fn the_gradient_is_that_of_the_weights_of_what_was_drawn() {
        let slopes = Matrix::from_fn([2, 4], |index| (index as f64 * 1.7).cos());
        for nested in [false, true] {
            let drawn = |choices: &[Choices]| {
                draw(choices, nested, 0.7, &mut Key::new(5, Purpose::Test).stream())
            };
            let own = choices(2);
            let found = drawn(&own).gradients(std::slice::from_ref(&slopes), 0.7);
            let value = |choices: &[Choices]| -> f64 {
                let shares = &drawn(choices).shares[0];
                shares
                    .values()
                    .iter()
                    .zip(slopes.values())
                    .map(|(share, slope)| share * slope)
                    .sum()
            };
            for index in (0..8).filter(|&index| index != 6) {
                let moved = |by: f64| {
                    let mut moved = own.clone();
                    moved[0].alphas.values_mut()[index] += by;
                    value(&moved)
                };
                let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let slope = found[0].values()[index];
                assert!((difference - slope).abs() < 1e-8, "{index}: {difference} {slope}");
                assert!(nested || drawn(&own).runs[0][index] || slope == 0.0);
            }
        }
    }

    #[test]
    fn the_temperature_falls_along_a_cosine_from_five() {
        let host = Tas { settings: TasSettings::default(), sets: Vec::new() };
        let tau = |epoch| host.tau(StepContext { seed: 0, epoch, epochs: 10, step: 0 });
        assert_eq!(tau(0), 5.0);
        assert!((tau(5) - 2.55).abs() < 1e-12, "half way between");
        assert!(tau(9) > 0.1 && tau(9) < 0.3);
    }
}
