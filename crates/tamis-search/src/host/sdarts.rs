//! SmoothDARTS (Chen and Hsieh: "Stabilizing Differentiable Architecture Search via Perturbation-based
//! Regularization", ICML 2020), random and adversarial.
//!
//! The weights are trained at perturbed shares `b = shares + delta`, the architecture at the clean ones.
//! `|delta| <= eps(e)`, which grows linearly from 0.03 to 0.3 over the epochs. After adding: clamped to
//! `[0, 1]`, a row that is all 0 gets 1 at its largest share, and each row is divided by its sum.
//!
//! `sdarts-rs` draws `delta` uniformly. `sdarts-adv` climbs the training loss from such a draw: seven steps
//! of `2 eps / 7` along the sign of the gradient of the shares, back into the box after each; it stays at
//! the clean shares if the loss did not grow. Deliberate difference: the climb uses batch statistics, where
//! the published code uses running ones, which our supernets do not have.

use tamis_core::{Level, Stream};
use tamis_data::Batch;

use super::darts::{alpha_step, weight_step};
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{At, Bilevel, FORWARD, OF_SHARES};
use crate::config::SdartsSettings;
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const RANDOM: HostEntry = HostEntry {
    name: "sdarts-rs",
    summary: "SmoothDARTS: weights trained at randomly perturbed shares",
    defaults: as_darts,
    build: |config, _| Ok(Box::new(Sdarts { settings: config.host.sdarts, climbs: false })),
};

pub(super) const ADVERSARIAL: HostEntry = HostEntry {
    name: "sdarts-adv",
    summary: "SmoothDARTS: weights trained at the worst shares nearby",
    defaults: as_darts,
    build: |config, _| Ok(Box::new(Sdarts { settings: config.host.sdarts, climbs: true })),
};

struct Sdarts {
    settings: SdartsSettings,
    climbs: bool,
}

impl Host for Sdarts {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let arch = alpha_step(bilevel, batches.arch, |_, _| ())?;
        let Some(batch) = batches.weight else {
            return Ok(StepOutcome { arch, ..StepOutcome::default() });
        };
        let progress = f64::from(at.epoch) / f64::from(at.epochs);
        let SdartsSettings { epsilon_start, epsilon_end, .. } = self.settings;
        let epsilon = epsilon_start + (epsilon_end - epsilon_start) * progress;
        let clean = bilevel.shares();
        let mut stream = at.key().stream();
        let drawn: Vec<Matrix> =
            clean.iter().map(|shares| drawn(shares, epsilon, &mut stream)).collect();
        let perturbed = match self.climbs {
            false => drawn,
            true => self.climb(bilevel, (batch, batches.loss_weights), (clean, drawn), epsilon)?,
        };
        let at = At::shares(&perturbed);
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, at)? })
    }
}

impl Sdarts {
    /// The shares of the largest training loss that the climb finds in the box around the clean ones.
    fn climb(
        &self,
        bilevel: &mut Bilevel,
        (batch, loss_weights): (&Batch, Option<&[f32]>),
        (clean, mut shares): (Vec<Matrix>, Vec<Matrix>),
        epsilon: f64,
    ) -> Result<Vec<Matrix>, Error> {
        let mut pass = |shares: &[Matrix], wants| {
            let at = At::shares(shares);
            bilevel.pass((Level::Weight, batch), loss_weights, at, wants)
        };
        let before = pass(&clean, FORWARD)?.outputs.loss;
        let step = 2.0 * epsilon / f64::from(self.settings.steps.max(1));
        for _ in 0..self.settings.steps {
            let gradients = pass(&shares, OF_SHARES)?.shares;
            for (shares, (gradient, clean)) in shares.iter_mut().zip(gradients.iter().zip(&clean)) {
                *shares = ascended(shares, gradient, clean, [step, epsilon]);
            }
        }
        let after = pass(&shares, FORWARD)?.outputs.loss;
        Ok(if after > before { shares } else { clean })
    }
}

/// Uniformly random changes of at most `epsilon`.
fn drawn(shares: &Matrix, epsilon: f64, stream: &mut Stream) -> Matrix {
    let values = shares.values();
    let moved = Matrix::from_fn(shares.shape(), |index| match values[index] {
        // What is not there stays away.
        0.0 => 0.0,
        share => share + stream.uniform(-epsilon, epsilon),
    });
    normalized(&moved, shares)
}

/// A step along the sign of the gradient, back into the box around the clean shares.
fn ascended(
    shares: &Matrix,
    gradient: &Matrix,
    clean: &Matrix,
    [step, epsilon]: [f64; 2],
) -> Matrix {
    let (values, slopes, around) = (shares.values(), gradient.values(), clean.values());
    let moved = Matrix::from_fn(shares.shape(), |index| match around[index] {
        0.0 => 0.0,
        center => {
            let slope = slopes[index];
            let sign = if slope == 0.0 { 0.0 } else { slope.signum() };
            (values[index] + step * sign).clamp(center - epsilon, center + epsilon)
        }
    });
    normalized(&moved, clean)
}

/// Clamped to `[0, 1]`, each row divided by its sum; a row of nothing takes the clean row's largest.
fn normalized(moved: &Matrix, clean: &Matrix) -> Matrix {
    let mut result = moved.clone();
    let options = moved.shape()[1];
    let rows = result.values_mut().chunks_mut(options).zip(clean.rows());
    for (row, clean) in rows {
        row.iter_mut().for_each(|share| *share = share.clamp(0.0, 1.0));
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|share| *share /= sum);
        } else if let Some(largest) = (0..options).max_by(|&a, &b| clean[a].total_cmp(&clean[b])) {
            row[largest] = 1.0;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;

    fn clean() -> Matrix {
        Matrix::from_fn([2, 4], |index| [0.7, 0.2, 0.1, 0.0, 0.25, 0.25, 0.25, 0.25][index])
    }

    #[test]
    fn a_perturbation_stays_in_its_box_and_rows_stay_shares() {
        for id in 0..100 {
            let mut stream = Key::new(0, Purpose::Test).id(id).stream();
            let moved = drawn(&clean(), 0.05, &mut stream);
            assert!(moved != clean());
            for (row, clean) in moved.rows().zip(clean().rows()) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                // Inside the box before the division by a sum of at most 1 + 4 * 0.05.
                let inside =
                    row.iter().zip(clean).all(|(a, b)| (a - b).abs() <= 0.05 + 0.2 * a.max(*b));
                assert!(inside, "{row:?} {clean:?}");
            }
            assert_eq!(moved.values()[3], 0.0, "what is not there stays away");
        }
    }

    #[test]
    fn the_climb_goes_along_the_sign_of_the_gradient_and_back_into_the_box() {
        let slopes =
            Matrix::from_fn([2, 4], |index| [9.0, -0.1, 0.0, 5.0, 1.0, 1.0, -1.0, -1.0][index]);
        let moved = ascended(&clean(), &slopes, &clean(), [0.4, 0.1]);
        let expected = [0.8, 0.1, 0.1, 0.0, 0.35, 0.35, 0.15, 0.15];
        for (found, expected) in moved.values().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{:?}", moved.values());
        }
    }

    #[test]
    fn a_row_of_nothing_takes_its_largest_share() {
        let nothing = Matrix::zeros([2, 4]);
        let row = normalized(&nothing, &clean());
        assert_eq!(row.values()[..4], [1.0, 0.0, 0.0, 0.0]);
    }
}
