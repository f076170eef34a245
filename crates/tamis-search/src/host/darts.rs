//! DARTS, first order (Liu, Simonyan, Yang: "DARTS: Differentiable Architecture Search", ICLR
//! 2019, the approximation with xi = 0).
//!
//! Per iteration the architecture step comes first: Adam on the gradient of the architecture
//! batch's loss at the current weights. Then SGD on the weight batch's loss at the new alphas.

use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome};
use crate::bilevel::Bilevel;
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "darts",
    summary: "first-order DARTS: alternate Adam on alpha and SGD on the weights",
    build: |_| Box::new(Darts),
};

struct Darts;

impl Host for Darts {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        first_order_step(bilevel, batches, |_, _| ())
    }
}

/// An architecture step and a weight step; `penalize(alphas, gradients)` may add to the gradient
/// of the architecture parameters.
pub(super) fn first_order_step(
    bilevel: &mut Bilevel,
    batches: StepBatches<'_>,
    penalize: impl Fn(&[Matrix], &mut [Matrix]),
) -> Result<StepOutcome, Error> {
    let arch = match batches.arch {
        None => None,
        Some(batch) => {
            let (mut gradients, outputs) = bilevel.alpha_gradient(batch)?;
            penalize(&bilevel.alphas, &mut gradients);
            bilevel.step_alphas(&gradients);
            Some(outputs)
        }
    };
    let shares = bilevel.shares();
    let (gradient, weight) =
        bilevel.weight_gradient(batches.weight, batches.loss_weights, &shares)?;
    let gradient_norm = bilevel.step_weights(gradient);
    Ok(StepOutcome { weight, arch, gradient_norm })
}
