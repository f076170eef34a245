//! β-DARTS (Ye et al.: "β-DARTS: Beta-Decay Regularization for Differentiable Architecture
//! Search", CVPR 2022).
//!
//! First-order DARTS with a penalty on the architecture parameters: the mean over edges of
//! `logsumexp(alpha_edge)`, weighed by `lambda(e) = lambda * e / E` at epoch `e` of `E`. Its
//! gradient is `lambda * softmax(alpha_edge) / edges`: it shrinks what is large already.
//!
//! With several matrices (normal and reduction cells) each is averaged over its own edges.

use super::darts::first_order_step;
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{Bilevel, Choices};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "beta-darts",
    summary: "first-order DARTS with a growing penalty on large alphas",
    defaults: as_darts,
    build: |config, _| Ok(Box::new(BetaDarts { final_lambda: config.host.beta_darts.lambda })),
};

struct BetaDarts {
    final_lambda: f64,
}

impl Host for BetaDarts {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        context: StepContext,
    ) -> Result<StepOutcome, Error> {
        let lambda = self.final_lambda * f64::from(context.epoch) / f64::from(context.epochs);
        first_order_step(bilevel, batches, |choices, gradients| {
            add_penalty(lambda, choices, gradients);
        })
    }
}

fn add_penalty(lambda: f64, choices: &[Choices], gradients: &mut [Matrix]) {
    for (choices, gradient) in choices.iter().zip(gradients) {
        let [edges, _] = choices.alphas.shape();
        let shares = choices.shares();
        for (slope, share) in gradient.values_mut().iter_mut().zip(shares.values()) {
            *slope += lambda * share / edges as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlphaConfig;

    #[test]
    fn the_penalty_is_the_slope_of_the_mean_log_sum_exp() {
        let alphas = Matrix::from_fn([3, 4], |i| (i as f64).sin());
        let value = |alphas: &Matrix| -> f64 {
            let sums = alphas.rows().map(|row| row.iter().map(|a| a.exp()).sum::<f64>().ln());
            7.0 * sums.sum::<f64>() / 3.0
        };
        let mut gradient = [Matrix::zeros([3, 4])];
        let choices = Choices::new(alphas.clone(), &AlphaConfig::default());
        add_penalty(7.0, &[choices], &mut gradient);
        for index in 0..12 {
            let (mut above, mut below) = (alphas.clone(), alphas.clone());
            above.values_mut()[index] += 1e-5;
            below.values_mut()[index] -= 1e-5;
            let slope = (value(&above) - value(&below)) / 2e-5;
            assert!((slope - gradient[0].values()[index]).abs() < 1e-8);
        }
    }
}
