//! A choice made once, before the search: what every static policy becomes.
//!
//! Static policies choose from the whole pool; the chosen are then halved in the order of the
//! pool's split. So no sample serves both levels, and the halves are those of the whole run.

use tamis_core::SampleId;

use super::{Identity, Request};
use crate::{Error, Plan, Policy, split};

/// The same plan for every epoch.
pub(super) struct Fixed {
    identity: Identity,
    plan: Plan,
}

impl Fixed {
    /// The policy that always plans these samples.
    pub(super) fn boxed(request: &Request<'_>, chosen: &[SampleId]) -> Box<dyn Policy> {
        let halves = split::halves(chosen, request.context);
        let plan = Plan { weight: halves.weight, arch: halves.arch, ..Plan::default() };
        Box::new(Fixed { identity: request.identity(), plan })
    }
}

impl Policy for Fixed {
    fn plan(&mut self, _epoch: u32) -> Result<Plan, Error> {
        Ok(self.plan.clone())
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        self.identity.check(state)
    }
}
