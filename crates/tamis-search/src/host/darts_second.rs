//! DARTS, second order (Liu, Simonyan, Yang: "DARTS: Differentiable Architecture Search", ICLR 2019,
//! equations 7 and 8).
//!
//! The architecture's gradient is taken at weights that are one training step ahead,
//! `w' = w - xi (momentum * m + grad L_train(w) + decay * w)`, and corrected for how the architecture moves
//! that step: with `v = grad_w' L_val(w')` and `eps = 0.01 / |v|`,
//!
//! `grad_a L_val(w') - xi (grad_a L_train(w + eps v) - grad_a L_train(w - eps v)) / (2 eps)`.
//!
//! Five passes a step, four of them the architecture's. Deliberate difference: batch norm has no running
//! statistics that the extra passes could disturb.

use tamis_core::Level;
use tamis_data::Batch;

use super::darts::weight_step;
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{At, BOTH, Bilevel, OF_SHARES, OF_WEIGHTS, Passed};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "darts-2nd",
    summary: "second-order DARTS: alpha one training step ahead, with the unrolled gradient",
    defaults: as_darts,
    build: |_, _| Ok(Box::new(SecondOrder)),
};

/// The step of the finite difference is this over the norm of the direction.
const DIFFERENCE: f64 = 0.01;

struct SecondOrder;

impl Host for SecondOrder {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        let arch = match (batches.weight, batches.arch) {
            (Some(train), Some(validation)) => {
                let train = (train, batches.loss_weights);
                let passed = unrolled(bilevel, train, validation)?;
                let gradients = bilevel.through_softmax(&passed.shares);
                bilevel.step_alphas(&gradients);
                Some(passed.outputs)
            }
            _ => None,
        };
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, At::default())? })
    }
}

/// The pass of the validation batch one training step ahead, its gradient of the shares corrected.
fn unrolled(
    bilevel: &mut Bilevel,
    (train, loss_weights): (&Batch, Option<&[f32]>),
    validation: &Batch,
) -> Result<Passed, Error> {
    let rate = bilevel.rates.weights;
    let of_train = |bilevel: &mut Bilevel, at: At<'_>, wants| {
        bilevel.pass((Level::Arch, train), loss_weights, at, wants)
    };
    let slope = of_train(bilevel, At::default(), OF_WEIGHTS)?.weights;
    let ahead = one_step_ahead(bilevel, &slope, rate);
    let at = At { weights: Some(&ahead), ..At::default() };
    let mut passed = bilevel.pass((Level::Arch, validation), None, at, BOTH)?;
    let direction = &passed.weights;
    let norm = direction.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        let step = DIFFERENCE / norm;
        let mut of_shares = |step: f64| {
            let moved = along(&bilevel.weights, direction, step);
            let at = At { weights: Some(&moved), ..At::default() };
            of_train(bilevel, at, OF_SHARES).map(|passed| passed.shares)
        };
        let (above, below) = (of_shares(step)?, of_shares(-step)?);
        let correction = rate / (2.0 * step);
        for (gradient, (above, below)) in passed.shares.iter_mut().zip(above.iter().zip(&below)) {
            subtract(gradient, correction, above, below);
        }
    }
    Ok(passed)
}

/// SGD's next weights, without taking the step.
fn one_step_ahead(bilevel: &Bilevel, slope: &[f32], rate: f64) -> Vec<f32> {
    let (momentum, decay) = (bilevel.sgd.momentum, bilevel.sgd.weight_decay);
    let state = bilevel.weights.iter().zip(&bilevel.sgd.velocity).zip(slope);
    let next = state.map(|((&weight, velocity), slope)| {
        weight - rate as f32 * (momentum * velocity + slope + decay * weight)
    });
    next.collect()
}

fn along(weights: &[f32], direction: &[f32], step: f64) -> Vec<f32> {
    let pairs = weights.iter().zip(direction);
    pairs.map(|(&weight, &v)| (f64::from(weight) + step * f64::from(v)) as f32).collect()
}

fn subtract(gradient: &mut Matrix, factor: f64, above: &Matrix, below: &Matrix) {
    let differences = above.values().iter().zip(below.values());
    for (slope, (above, below)) in gradient.values_mut().iter_mut().zip(differences) {
        *slope -= factor * (above - below);
    }
}
