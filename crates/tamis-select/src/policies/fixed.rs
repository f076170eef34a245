//! A choice made once, before the search: what every static policy becomes.
//!
//! Static policies choose from the whole pool; the chosen are then halved in the order of the
//! pool's split. So no sample serves both levels, and the halves are those of the whole run.

use tamis_core::{Level, SampleId};

use super::{Identity, Request};
use crate::report::{Change, Report, What, Why};
use crate::{Error, Plan, Policy};

/// The same plan for every epoch.
pub(super) struct Fixed {
    identity: Identity,
    plan: Plan,
    /// Told with the first plan of a run.
    beginning: Report,
    told: Report,
}

impl Fixed {
    /// The policy that always plans these samples, each chosen for a reason.
    pub(super) fn boxed(request: &Request<'_>, chosen: &[(SampleId, Why)]) -> Box<dyn Policy> {
        Fixed::telling(request, chosen, Report::default())
    }

    /// The same, with more to tell of the choice than who was chosen.
    pub(super) fn telling(
        request: &Request<'_>,
        chosen: &[(SampleId, Why)],
        more: Report,
    ) -> Box<dyn Policy> {
        let ids: Vec<SampleId> = chosen.iter().map(|(id, _)| *id).collect();
        let halves = request.context.halves(&ids);
        let changes = chosen.iter().map(|&(id, why)| {
            let is_weight = halves.weight.binary_search(&id).is_ok();
            let level = Some(if is_weight { Level::Weight } else { Level::Arch });
            Change { id, level, what: What::Chosen, why }
        });
        let beginning = Report { changes: changes.collect(), ..more };
        let plan = Plan { weight: halves.weight, arch: halves.arch, ..Plan::default() };
        let told = Report::default();
        Box::new(Fixed { identity: request.identity(), plan, beginning, told })
    }

    /// The policy that always plans all samples; nobody is chosen, so nothing is told.
    pub(super) fn all(request: &Request<'_>) -> Box<dyn Policy> {
        let halves = request.halves();
        let plan = Plan { weight: halves.weight, arch: halves.arch, ..Plan::default() };
        let [beginning, told] = [Report::default(), Report::default()];
        Box::new(Fixed { identity: request.identity(), plan, beginning, told })
    }
}

impl Policy for Fixed {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        if epoch == 0 {
            self.told = self.beginning.clone();
        }
        Ok(self.plan.clone())
    }

    fn report(&mut self) -> Report {
        std::mem::take(&mut self.told)
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        self.identity.check(state)
    }
}
