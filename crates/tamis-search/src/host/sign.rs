//! A toy: alpha follows the sign of the gradient.

use tamis_core::Level;

use super::darts::weight_step;
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, as_darts};
use crate::bilevel::{At, Bilevel, OF_SHARES};
use crate::error::Error;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "sign",
    summary: "DARTS whose alphas follow the sign of the gradient",
    defaults: as_darts,
    build: |_, _| Ok(Box::new(Sign)),
};

struct Sign;

impl Host for Sign {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        let mut outcome = weight_step(bilevel, batches, At::default())?;
        if let Some(batch) = batches.arch {
            // Counted on the architecture's side of the ledger.
            let passed = bilevel.pass((Level::Arch, batch), None, At::default(), OF_SHARES)?;
            let gradients = bilevel.through_softmax(&passed.shares);
            let rate = bilevel.rates.alpha;
            for (choices, gradient) in bilevel.choices.iter_mut().zip(&gradients) {
                let pairs = choices.alphas.values_mut().iter_mut().zip(gradient.values());
                pairs.for_each(|(alpha, slope)| *alpha -= rate * slope.signum());
            }
            outcome.arch = Some(passed.outputs);
        }
        Ok(outcome)
    }
}
