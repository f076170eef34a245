//! GDAS (Dong and Yang: "Searching for a Robust Neural Architecture in Four GPU Hours", CVPR 2019).
//!
//! Every pass samples one option an edge: `l = (log_softmax(a) + g) / tau` with Gumbel noise `g`,
//! `p = softmax(l)`, and runs the argmax alone, with share 1. Backward the sample counts as `p` (straight
//! through): the gradient of an option that does not run is that of a constant added to its node. `tau`
//! falls linearly from 10 to 0.1 over the epochs. The weights train first, then the architecture, each on a
//! sample of its own.
//!
//! Deliberate differences: the architecture is derived by the space's own rule; where a row keeps several
//! options, as the inputs of NAS-Bench-1shot1's blocks do, as many of the largest run, each with share 1.

use tamis_core::Stream;

use super::darts::{arch_step, weight_step};
use super::gumbel::{of_parameters, tempered};
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::GdasSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "gdas",
    summary: "one sampled operation an edge, Gumbel-softmax straight through",
    defaults: as_darts,
    build: |config, space| {
        Ok(Box::new(Gdas { settings: config.host.gdas, sets: space.choices().to_vec() }))
    },
};

struct Gdas {
    settings: GdasSettings,
    sets: Vec<ChoiceSet>,
}

impl Gdas {
    fn tau(&self, at: StepContext) -> f64 {
        let GdasSettings { tau_start, tau_end } = self.settings;
        let last = at.epochs.saturating_sub(1).max(1);
        let progress = f64::from(at.epoch) / f64::from(last);
        tau_start * (1.0 - progress) + tau_end * progress
    }
}

impl Host for Gdas {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let tau = self.tau(at);
        let mut stream = at.key().stream();
        let keeps = |matrix: usize, row: usize| self.sets[matrix].row(row).keeps;
        let sampled = Sampled::draw(&bilevel.choices, &keeps, tau, &mut stream);
        let trained = weight_step(bilevel, batches, sampled.at())?;
        let sampled = Sampled::draw(&bilevel.choices, &keeps, tau, &mut stream);
        let arch = arch_step(bilevel, batches.arch, sampled.at(), |bilevel, of_shares| {
            bilevel.step_alphas(&sampled.gradients(of_shares, tau));
        })?;
        Ok(StepOutcome { arch, ..trained })
    }
}

/// One option an edge, or as many as its row keeps, and the probabilities that they were drawn from.
struct Sampled {
    probabilities: Vec<Matrix>,
    shares: Vec<Matrix>,
    runs: Vec<Vec<bool>>,
}

impl Sampled {
    /// `keeps(matrix, row)` options of each row.
    fn draw(
        choices: &[Choices],
        keeps: &dyn Fn(usize, usize) -> usize,
        tau: f64,
        stream: &mut Stream,
    ) -> Sampled {
        let mut sampled =
            Sampled { probabilities: Vec::new(), shares: Vec::new(), runs: Vec::new() };
        for (matrix, choices) in choices.iter().enumerate() {
            let probabilities = tempered(choices, tau, stream).softmax();
            let shares = largest(&probabilities, |row| keeps(matrix, row));
            sampled.runs.push(shares.values().iter().map(|&share| share > 0.0).collect());
            sampled.shares.push(shares);
            sampled.probabilities.push(probabilities);
        }
        sampled
    }

    fn at(&self) -> At<'_> {
        At { shares: Some(&self.shares), runs: Some(&self.runs), ..At::default() }
    }

    /// Straight through: the gradient of the sample is that of its probabilities.
    fn gradients(&self, of_shares: &[Matrix], tau: f64) -> Vec<Matrix> {
        let pairs = self.probabilities.iter().zip(of_shares);
        pairs.map(|(own, of_shares)| of_parameters(own, of_shares, tau)).collect()
    }
}

/// 1 at so many of the largest of each row, 0 elsewhere.
fn largest(matrix: &Matrix, keeps: impl Fn(usize) -> usize) -> Matrix {
    let best = |(number, row): (usize, &[f64])| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        // Stable from behind: of equal ones the last, as a search for the largest finds it.
        order.reverse();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        order.truncate(keeps(number));
        order
    };
    let best: Vec<Vec<usize>> = matrix.rows().enumerate().map(best).collect();
    let options = matrix.shape()[1].max(1);
    Matrix::from_fn(matrix.shape(), |index| {
        f64::from(u8::from(best[index / options].contains(&(index % options))))
    })
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::host::draw::choices;

    #[test]
    fn one_option_runs_an_edge_as_often_as_its_share_says_and_never_one_that_was_dropped() {
        let mut counts = [0_u32; 12];
        let mut stream = Key::new(0, Purpose::Test).stream();
        for _ in 0..20_000 {
            let sampled = Sampled::draw(&choices(3), &|_, _| 1, 1.0, &mut stream);
            for row in sampled.runs[0].chunks(4) {
                assert_eq!(row.iter().filter(|runs| **runs).count(), 1);
            }
            counts
                .iter_mut()
                .zip(&sampled.runs[0])
                .for_each(|(count, &runs)| *count += u32::from(runs));
        }
        for (count, share) in counts.iter().zip(choices(3)[0].shares().values()) {
            assert!((f64::from(*count) / 20_000.0 - share).abs() < 0.015, "{counts:?}");
        }
    }

    #[test]
    fn the_gradient_is_straight_through_the_tempered_softmax() {
        let choices = choices(3);
        let draw = |choices: &[Choices]| {
            Sampled::draw(choices, &|_, _| 1, 0.7, &mut Key::new(5, Purpose::Test).stream())
        };
        let slopes = Matrix::from_fn([3, 4], |index| (index as f64 * 1.7).cos());
        let found = draw(&choices).gradients(std::slice::from_ref(&slopes), 0.7);
        // With the noise held fixed, the sum of slopes times probabilities.
        let value = |choices: &[Choices]| -> f64 {
            let sampled = draw(choices);
            sampled.probabilities[0].values().iter().zip(slopes.values()).map(|(p, s)| p * s).sum()
        };
        for index in (0..12).filter(|&index| index != 6) {
            let moved = |by: f64| {
                let mut moved = choices.clone();
                moved[0].alphas.values_mut()[index] += by;
                value(&moved)
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((difference - found[0].values()[index]).abs() < 1e-8, "{index}");
        }
    }

    #[test]
    fn the_temperature_falls_from_ten_to_a_tenth() {
        let host = Gdas { settings: GdasSettings::default(), sets: Vec::new() };
        let tau = |epoch| host.tau(StepContext { seed: 0, epoch, epochs: 12, step: 0 });
        assert_eq!([tau(0), tau(11)], [10.0, 0.1]);
        assert!((tau(1) - tau(2) - 0.9).abs() < 1e-12);
    }
}
