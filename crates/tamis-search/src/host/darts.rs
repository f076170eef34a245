//! DARTS, first order (Liu, Simonyan, Yang: "DARTS: Differentiable Architecture Search", ICLR
//! 2019, the approximation with xi = 0).
//!
//! Per iteration the architecture step comes first: Adam on the gradient of the architecture
//! batch's loss at the current weights. Then SGD on the weight batch's loss at the new alphas.

use tamis_core::Level;
use tamis_data::Batch;
use tamis_nn::Outputs;

use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{At, Bilevel, Choices, OF_SHARES};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "darts",
    summary: "first-order DARTS: alternate Adam on alpha and SGD on the weights",
    defaults: as_darts,
    build: |_, _| Ok(Box::new(Darts)),
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

/// An architecture step and a weight step, each at the state that it finds; `adjust` as in [`alpha_step`].
pub(super) fn first_order_step(
    bilevel: &mut Bilevel,
    batches: StepBatches<'_>,
    adjust: impl Fn(&[Choices], &mut [Matrix]),
) -> Result<StepOutcome, Error> {
    let arch = alpha_step(bilevel, batches.arch, adjust)?;
    Ok(StepOutcome { arch, ..weight_step(bilevel, batches, At::default())? })
}

/// Adam on the architecture parameters by the gradient at the current weights, if there is a batch;
/// `adjust(choices, gradients)` may change the gradient.
pub(super) fn alpha_step(
    bilevel: &mut Bilevel,
    batch: Option<&Batch>,
    adjust: impl Fn(&[Choices], &mut [Matrix]),
) -> Result<Option<Outputs>, Error> {
    arch_step(bilevel, batch, At::default(), |bilevel, of_shares| {
        let mut gradients = bilevel.through_softmax(of_shares);
        adjust(&bilevel.choices, &mut gradients);
        bilevel.step_alphas(&gradients);
    })
}

/// A pass of the architecture batch at the given place, if there is one, and the host's own `step` by the
/// gradients of the shares that it found.
pub(super) fn arch_step(
    bilevel: &mut Bilevel,
    batch: Option<&Batch>,
    at: At<'_>,
    step: impl FnOnce(&mut Bilevel, &[Matrix]),
) -> Result<Option<Outputs>, Error> {
    let Some(batch) = batch else { return Ok(None) };
    let passed = bilevel.pass((Level::Arch, batch), None, at, OF_SHARES)?;
    step(bilevel, &passed.shares);
    Ok(Some(passed.outputs))
}

/// SGD on the weight batch, if there is one, at the given place.
pub(super) fn weight_step(
    bilevel: &mut Bilevel,
    batches: StepBatches<'_>,
    at: At<'_>,
) -> Result<StepOutcome, Error> {
    let Some(batch) = batches.weight else { return Ok(StepOutcome::default()) };
    let (gradient, weight) = bilevel.weight_gradient(batch, batches.loss_weights, at)?;
    let gradient_norm = bilevel.step_weights(gradient);
    Ok(StepOutcome { weight: Some(weight), arch: None, gradient_norm })
}
