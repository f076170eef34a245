//! DrNAS (Chen et al.: "DrNAS: Dirichlet Neural Architecture Search", ICLR 2021).
//!
//! The shares of an edge are a draw from a Dirichlet distribution with concentrations
//! `beta = elu(alpha) + 1`, anew in every pass of both levels; the gradient goes through the draw. With
//! `y_i ~ Gamma(beta_i, 1)` and `G = sum y`: `share_i = y_i / G`, `dshare_j / dbeta_i =
//! (delta_ij - share_j) / G * dy_i / dbeta_i`. Adam's weight decay pulls alpha to 0 and so beta to 1.
//! The architecture is the argmax of alpha; between edges, of the mean of the distribution.
//!
//! `host.drnas.progressive = true`: after half of the epochs the weaker half of an edge's options is
//! dropped, on the DARTS space the mixed channels double (from a quarter to a half), and weights and
//! schedule begin anew.

mod gamma;

use tamis_core::{Stream, math};

use super::darts::{arch_step, weight_step};
use super::{Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome};
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::DrNasSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::Stage;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "drnas",
    summary: "shares drawn from a Dirichlet distribution, gradient through the draw",
    defaults: super::as_darts,
    build: |config, _| Ok(Box::new(DrNas { settings: config.host.drnas })),
};

struct DrNas {
    settings: DrNasSettings,
}

impl Host for DrNas {
    fn begin_epoch(&mut self, bilevel: &mut Bilevel, at: StepContext) -> Result<Rhythm, Error> {
        let half = at.epochs.div_ceil(2);
        if !(self.settings.progressive && at.epoch == half && at.epochs > 1) {
            return Ok(Rhythm::EACH_STEP);
        }
        bilevel.choices.iter_mut().for_each(drop_weaker_half);
        let stage = bilevel.stage().clone();
        let partial = stage.partial.div_ceil(2);
        bilevel.rebuild(Stage { number: 1, partial, ..stage })?;
        Ok(Rhythm { schedule: Some(at.epochs - half), ..Rhythm::EACH_STEP })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let mut stream = at.key().stream();
        let drawn: Vec<Drawn> =
            bilevel.choices.iter().map(|of| Drawn::new(of, &mut stream)).collect();
        let shares: Vec<Matrix> = drawn.iter().map(|drawn| drawn.shares.clone()).collect();
        let place = At::shares(&shares);
        let arch = arch_step(bilevel, batches.arch, place, |bilevel, of_shares| {
            let of_each = bilevel.choices.iter().zip(&drawn).zip(of_shares);
            let gradients: Vec<Matrix> =
                of_each.map(|((choices, drawn), of)| drawn.gradient(choices, of)).collect();
            bilevel.step_alphas(&gradients);
        })?;
        let shares: Vec<Matrix> =
            bilevel.choices.iter().map(|of| Drawn::new(of, &mut stream).shares).collect();
        let place = At::shares(&shares);
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, place)? })
    }

    fn preferences(&self, bilevel: &Bilevel) -> Vec<Matrix> {
        bilevel.choices.iter().map(log_means).collect()
    }
}

/// `elu(alpha) + 1`.
fn concentration(alpha: f64) -> f64 {
    if alpha > 0.0 { alpha + 1.0 } else { math::exp(alpha) }
}

fn concentration_slope(alpha: f64) -> f64 {
    if alpha > 0.0 { 1.0 } else { math::exp(alpha) }
}

/// A draw of the shares of a choice set.
struct Drawn {
    /// Gamma draws; 0 of what was dropped.
    gammas: Matrix,
    shares: Matrix,
}

impl Drawn {
    fn new(choices: &Choices, stream: &mut Stream) -> Drawn {
        let (alphas, alive) = (choices.alphas.values(), choices.alive());
        let gammas = Matrix::from_fn(choices.alphas.shape(), |index| match alive[index] {
            true => gamma::draw(concentration(alphas[index]), stream),
            false => 0.0,
        });
        Drawn { shares: over_row_sums(&gammas), gammas }
    }

    /// From a gradient with respect to the shares to one with respect to the parameters.
    fn gradient(&self, choices: &Choices, of_shares: &Matrix) -> Matrix {
        let (alphas, gammas) = (choices.alphas.values(), self.gammas.values());
        let options = self.gammas.shape()[1];
        let rows = self.shares.rows().zip(of_shares.rows()).zip(self.gammas.rows());
        let rows: Vec<[f64; 2]> = rows
            .map(|((shares, slopes), gammas)| {
                let mean = shares.iter().zip(slopes).map(|(share, slope)| share * slope).sum();
                [mean, gammas.iter().sum()]
            })
            .collect();
        Matrix::from_fn(self.gammas.shape(), |index| {
            if !choices.alive()[index] {
                return 0.0;
            }
            let [mean, sum] = rows[index / options];
            let of_beta = (of_shares.values()[index] - mean) / sum
                * gamma::slope(concentration(alphas[index]), gammas[index]);
            of_beta * concentration_slope(alphas[index])
        })
    }
}

fn over_row_sums(matrix: &Matrix) -> Matrix {
    let sums: Vec<f64> = matrix.rows().map(|row| row.iter().sum()).collect();
    let options = matrix.shape()[1];
    Matrix::from_fn(matrix.shape(), |index| matrix.values()[index] / sums[index / options])
}

/// Logarithms of the means of the distributions.
fn log_means(choices: &Choices) -> Matrix {
    let (alphas, alive) = (choices.alphas.values(), choices.alive());
    let means = over_row_sums(&Matrix::from_fn(choices.alphas.shape(), |index| {
        if alive[index] { concentration(alphas[index]) } else { 0.0 }
    }));
    Matrix::from_fn(means.shape(), |index| math::ln(means.values()[index]))
}

/// Drops the options of the smaller half of an edge's alphas, of an odd number the smaller part.
fn drop_weaker_half(choices: &mut Choices) {
    let rows: Vec<Vec<f64>> = choices.alphas.rows().map(<[f64]>::to_vec).collect();
    for (row, alphas) in rows.iter().enumerate() {
        let order = choices.weakest_first(row, alphas);
        let dropped = order.len() / 2;
        order.iter().take(dropped).for_each(|&option| choices.drop_option([row, option]));
    }
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::config::AlphaConfig;

    fn choices() -> Choices {
        let alphas = Matrix::from_fn([2, 5], |index| [-1.0, -0.1, 0.0, 0.1, 1.0][index % 5]);
        let mut choices = Choices::new(alphas, &AlphaConfig::default());
        choices.drop_option([1, 2]);
        choices
    }

    #[test]
    fn concentrations_are_those_of_the_published_rule() {
        let expected = [0.367879, 0.904837, 1.0, 1.1, 2.0];
        for (alpha, expected) in choices().alphas.values().iter().zip(expected) {
            assert!((concentration(*alpha) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn draws_are_shares_whose_mean_is_that_of_the_distribution() {
        let mut stream = Key::new(1, Purpose::Test).stream();
        let mut mean = vec![0.0; 10];
        for _ in 0..20_000 {
            let drawn = Drawn::new(&choices(), &mut stream).shares;
            for row in drawn.rows() {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            mean.iter_mut().zip(drawn.values()).for_each(|(mean, share)| *mean += share / 20_000.0);
        }
        for (found, expected) in mean.iter().zip(log_means(&choices()).values()) {
            assert!((found - expected.exp()).abs() < 0.01, "{mean:?}");
        }
    }

    #[test]
    fn the_gradient_of_the_mean_goes_through_the_draws() {
        // Averaged over draws, it is the slope of the expected value, which is known.
        let slopes = Matrix::from_fn([2, 5], |index| (index as f64 * 1.1).cos());
        let expected = |choices: &Choices| -> f64 {
            let means = log_means(choices);
            means.values().iter().zip(slopes.values()).map(|(mean, slope)| mean.exp() * slope).sum()
        };
        let mut stream = Key::new(2, Purpose::Test).stream();
        let mut found = [0.0; 10];
        let draws = 40_000;
        for _ in 0..draws {
            let drawn = Drawn::new(&choices(), &mut stream);
            let gradient = drawn.gradient(&choices(), &slopes);
            let sums = found.iter_mut().zip(gradient.values());
            sums.for_each(|(sum, slope)| *sum += slope / f64::from(draws));
        }
        for index in (0..10).filter(|&index| index != 7) {
            let moved = |by: f64| {
                let mut moved = choices();
                moved.alphas.values_mut()[index] += by;
                expected(&moved)
            };
            // One-sided where the slope of elu has its corner.
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!(
                (difference - found[index]).abs() < 0.01,
                "{index}: {difference} {}",
                found[index]
            );
        }
        assert_eq!(found[7], 0.0, "what was dropped has no gradient");
    }

    #[test]
    fn the_weaker_half_of_an_edge_is_dropped() {
        let mut choices = choices();
        drop_weaker_half(&mut choices);
        assert_eq!(choices.alive()[..5], [false, false, true, true, true]);
        assert_eq!(choices.alive()[5..], [false, false, false, true, true]);
    }
}
