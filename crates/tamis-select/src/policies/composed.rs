//! `a+b`: b chooses among what a chose.
//!
//! Every part but the last chooses once, before the search: its samples are the pool of the next.
//! Only then the samples are parted into the two levels, in the order of the whole data set's
//! permutation, so that `a+full` is `a`. Shares of b are shares of what a chose. Each part draws
//! from streams of its own.

use std::sync::Arc;

use tamis_core::Prediction;

use super::part::Part;
use super::{Identity, build_part};
use crate::report::Report;
use crate::{Context, Error, Plan, Policy};

struct Composed {
    identity: Identity,
    last: Box<dyn Policy>,
    /// What the parts before the last have to tell; told with the first plan of a run.
    beginning: Report,
    told: Report,
}

/// The policy of several parts, or the part itself if it is the only one.
pub(super) fn build(
    spec: &str,
    parts: &[Part<'_>],
    context: &Context,
) -> Result<Box<dyn Policy>, Error> {
    let [before @ .., last] = parts else { return Err(Error::PoolEmpty) };
    if before.is_empty() {
        return build_part(last, context);
    }
    let mut inner = context.clone();
    let mut beginning = Report::default();
    for part in before {
        let told = narrow(&mut inner, part)?;
        beginning.append(told);
    }
    let last = build_part(last, &inner)?;
    let identity = Identity::new(spec.to_owned(), context);
    Ok(Box::new(Composed { identity, last, beginning, told: Report::default() }))
}

/// Leaves in the context's pool what a part chooses.
fn narrow(context: &mut Context, part: &Part<'_>) -> Result<Report, Error> {
    let mut policy = build_part(part, context)?;
    let plan = policy.plan(0)?;
    let pool = context.pool.part(&[plan.weight, plan.arch].concat())?;
    // Who takes all leaves the next part as it would be alone.
    context.part += u32::from(pool.len() < context.pool.len());
    context.pool = Arc::new(pool);
    let mut told = policy.report();
    told.changes.iter_mut().for_each(|change| change.level = None);
    Ok(told)
}

impl Policy for Composed {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        if epoch == 0 {
            self.told = self.beginning.clone();
        }
        self.last.plan(epoch)
    }

    fn observe(&mut self, predictions: &[Prediction]) {
        self.last.observe(predictions);
    }

    fn report(&mut self) -> Report {
        let mut told = std::mem::take(&mut self.told);
        told.append(self.last.report());
        told
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state_with(&self.last.state())
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        let memory: serde_json::Value = self.identity.memory(state)?;
        self.last.restore(&memory)
    }
}
