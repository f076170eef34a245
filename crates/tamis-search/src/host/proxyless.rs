//! ProxylessNAS (Cai, Zhu and Han: "ProxylessNAS: Direct Neural Architecture Search on Target Task and
//! Hardware", ICLR 2019, section 3.2), with binary gates.
//!
//! The weights train on one path: an option a row, drawn by the shares `p`. The architecture trains on two:
//! drawn without replacement, their shares renormalised, and one of them, drawn by these, is the open gate.
//! Both run, the open one alone is passed on, and the gradient of a gate is `<output of its path, dL / d
//! sum>`. With `g` the gradients of the two gates and `q` the renormalised shares, `d alpha_i = sum_j g_j
//! q_j ([i = j] - q_i)`; after the step both parameters are shifted by the same amount, so that the
//! probability of the pair, and so that of every other option, stays what it was. Adam has no momentum and
//! no decay. The architecture begins after a third of the epochs.
//!
//! Deliberate differences: label smoothing and the recipe of 224-pixel images are a matter of settings. A
//! target of cost is that of `cost.target_macs`, for every host alike, and not the paper's product with the
//! cross-entropy.

use tamis_core::{Stream, math};

use super::darts::{arch_step, weight_step};
use super::draw::{drawn_by, drawn_without_replacement};
use super::{ArchRhythm, Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome};
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::SearchConfig;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "proxyless",
    summary: "ProxylessNAS: weights on one sampled path, alphas by the binary gates of two",
    defaults,
    build: |config, space| {
        if space.choices().iter().any(ChoiceSet::keeps_several) {
            return Err(Error::Undefined {
                host: ENTRY.name,
                space: config.space.name.clone(),
                expected: "one whose rows keep one option: a path has one",
            });
        }
        Ok(Box::new(Proxyless { interval: config.host.proxyless.interval }))
    },
};

fn defaults(config: &mut SearchConfig) {
    config.alpha.first_epoch = config.train.epochs / 3;
    (config.alpha.betas, config.alpha.weight_decay) = ([0.0, 0.999], 0.0);
    if config.recipe.is_published() {
        config.alpha.lr = 1e-3;
        config.host.proxyless.interval = 5;
    }
}

struct Proxyless {
    interval: u32,
}

impl Host for Proxyless {
    fn begin_epoch(&mut self, _: &mut Bilevel, _: StepContext) -> Result<Rhythm, Error> {
        Ok(Rhythm { arch: ArchRhythm::Every { steps: self.interval }, ..Rhythm::EACH_STEP })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let mut stream = at.key().stream();
        let path = Paths::draw(&bilevel.choices, 1, &mut stream);
        let trained = weight_step(bilevel, batches, path.at())?;
        let pair = Paths::draw(&bilevel.choices, 2, &mut stream);
        let arch = arch_step(bilevel, batches.arch, pair.at(), |bilevel, of_gates| {
            let before = bilevel.alphas();
            bilevel.step_alphas(&pair.gradients(of_gates));
            pair.keep_probability(&before, &mut bilevel.choices);
        })?;
        Ok(StepOutcome { arch, ..trained })
    }
}

/// The paths of a pass, row by row.
struct Paths {
    /// Shares of the paths that run, renormalised; 0 of all others.
    shares: Vec<Matrix>,
    /// 1 for the path that is passed on.
    gates: Vec<Matrix>,
    runs: Vec<Vec<bool>>,
}

impl Paths {
    /// Draws `count` options a row without replacement, or as many as are alive, and one of them to be open.
    fn draw(choices: &[Choices], count: usize, stream: &mut Stream) -> Paths {
        let mut paths = Paths { shares: Vec::new(), gates: Vec::new(), runs: Vec::new() };
        for choices in choices {
            let shares = choices.shares();
            let mut kept = Matrix::zeros(shares.shape());
            let mut gates = Matrix::zeros(shares.shape());
            let columns = shares.shape()[1].max(1);
            for (row, of_row) in shares.rows().enumerate() {
                let drawn = drawn_without_replacement(of_row, count, stream);
                let sum: f64 = drawn.iter().map(|&option| of_row[option]).sum();
                let own: Vec<f64> = drawn.iter().map(|&option| of_row[option] / sum).collect();
                for (&option, share) in drawn.iter().zip(&own) {
                    kept.values_mut()[row * columns + option] = *share;
                }
                if let Some(open) = drawn_by(&own, stream) {
                    gates.values_mut()[row * columns + drawn[open]] = 1.0;
                }
            }
            paths.runs.push(kept.values().iter().map(|&share| share > 0.0).collect());
            paths.shares.push(kept);
            paths.gates.push(gates);
        }
        paths
    }

    fn at(&self) -> At<'_> {
        At { shares: Some(&self.gates), runs: Some(&self.runs), ..At::default() }
    }

    /// Of the parameters, from those of the gates: through the softmax of the paths that run.
    fn gradients(&self, of_gates: &[Matrix]) -> Vec<Matrix> {
        let pairs = self.shares.iter().zip(of_gates);
        pairs.map(|(shares, of_gates)| shares.softmax_gradient(of_gates)).collect()
    }

    /// Shifts the parameters of the paths that ran so that their probability together is what it was.
    fn keep_probability(&self, before: &[Matrix], choices: &mut [Choices]) {
        for ((runs, before), choices) in self.runs.iter().zip(before).zip(choices) {
            let columns = before.shape()[1].max(1);
            let rows = choices.alphas.values_mut().chunks_mut(columns);
            for ((now, then), runs) in rows.zip(before.rows()).zip(runs.chunks(columns)) {
                let ran = || (0..columns).filter(|&option| runs[option]);
                let total = |of: &[f64]| ran().map(|option| math::exp(of[option])).sum::<f64>();
                let shift = math::ln(total(then) / total(now));
                ran().for_each(|option| now[option] += shift);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::host::draw::choices;

    #[test]
    fn one_path_runs_as_often_as_its_share_says_and_two_are_never_the_same() {
        let mut stream = Key::new(0, Purpose::Test).stream();
        let mut counts = [0_u32; 8];
        for _ in 0..20_000 {
            let path = Paths::draw(&choices(2), 1, &mut stream);
            assert_eq!(path.gates[0], path.shares[0], "one path, and it is open");
            counts.iter_mut().zip(&path.runs[0]).for_each(|(n, &runs)| *n += u32::from(runs));
        }
        for (count, share) in counts.iter().zip(choices(2)[0].shares().values()) {
            assert!((f64::from(*count) / 20_000.0 - share).abs() < 0.015, "{counts:?}");
        }
        for _ in 0..100 {
            let pair = Paths::draw(&choices(2), 2, &mut stream);
            for (row, (shares, gates)) in
                pair.shares[0].rows().zip(pair.gates[0].rows()).enumerate()
            {
                assert_eq!(shares.iter().filter(|&&share| share > 0.0).count(), 2);
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let open = gates.iter().position(|&gate| gate == 1.0).unwrap();
                assert!(shares[open] > 0.0 && gates.iter().sum::<f64>() == 1.0, "row {row}");
            }
            assert!(!pair.runs[0][6], "what was dropped never runs");
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_papers_equation_four_and_of_two_parameters_alone() {
        let pair = Paths::draw(&choices(2), 2, &mut Key::new(5, Purpose::Test).stream());
        let of_gates = Matrix::from_fn([2, 4], |index| (index as f64 * 1.7).cos());
        let found = &pair.gradients(std::slice::from_ref(&of_gates))[0];
        for (row, shares) in pair.shares[0].rows().enumerate() {
            for i in 0..4 {
                let term = |j: usize| {
                    let delta = f64::from(u8::from(i == j));
                    of_gates.values()[4 * row + j] * shares[j] * (delta - shares[i])
                };
                let expected = if shares[i] > 0.0 { (0..4).map(term).sum() } else { 0.0 };
                assert!((found.values()[4 * row + i] - expected).abs() < 1e-12, "{row} {i}");
            }
        }
    }

    #[test]
    fn a_step_on_two_paths_leaves_the_probability_of_every_other_as_it_was() {
        let mut moved = choices(2);
        let pair = Paths::draw(&moved, 2, &mut Key::new(7, Purpose::Test).stream());
        let before = vec![moved[0].alphas.clone()];
        let runs = pair.runs[0].clone();
        let places = moved[0].alphas.values_mut().iter_mut().zip(&runs).enumerate();
        places
            .filter(|(_, (_, runs))| **runs)
            .for_each(|(at, (alpha, _))| *alpha += 0.3 * at as f64);
        pair.keep_probability(&before, &mut moved);
        let (then, now) = (choices(2)[0].shares(), moved[0].shares());
        for (at, runs) in runs.iter().enumerate() {
            let change = (now.values()[at] - then.values()[at]).abs();
            assert_eq!(change < 1e-12, !runs, "{at}: {change}");
        }
    }
}
