//! The samples that a policy has chosen in the end, in a search where it needs one.

use std::sync::Arc;

use tamis::core::SampleId;
use tamis::data::Dataset;
use tamis::search::{Event, Search};
use tamis::select::{Plan, requirements};
use tamis::{Error, RunConfig, prepare_on};

use super::tables::Tables;

/// The epochs that the schedule of `bdp` is meant for.
const EPOCHS: u32 = 50;

/// What a policy picks.
pub(crate) struct Picks {
    /// The samples, of the weight level alone where the other level has its whole half.
    pub(crate) ids: Vec<SampleId>,
    /// Share of right answers in the last weight batches; `None` without a search.
    accuracy: Option<f64>,
}

impl Picks {
    /// What the policy picks with this seed.
    pub(crate) fn of(
        spec: &str,
        seed: u64,
        tables: &Tables,
        train: &Arc<Dataset>,
    ) -> Result<Picks, Error> {
        let needed = requirements(spec)?;
        let mut config = settings(spec, seed);
        config.search.policy.scores = needed.score_kinds.first().map(|kind| tables.scores(kind));
        config.search.policy.embeddings = Some(tables.embeddings());
        let mut search = prepare_on(&config, train.clone())?;
        let plan = last_choice(&mut search, needed.needs_search, train.len())?;
        let last = search.history().iter().rev().find_map(|record| record.weight_accuracy);
        Ok(Picks { ids: chosen(plan, train.len()), accuracy: last })
    }

    /// What there is to tell of the search, if there was one.
    pub(crate) fn searched(&self) -> String {
        let told =
            |accuracy: f64| format!("; weights' training accuracy {:.1} %", 100.0 * accuracy);
        self.accuracy.map_or(String::new(), told)
    }
}

fn settings(spec: &str, seed: u64) -> RunConfig {
    let mut config = RunConfig::default();
    config.search.seed = seed;
    config.search.policy.name = spec.to_owned();
    (config.search.space.channels, config.search.space.cells) = (4, 1);
    (config.search.train.epochs, config.search.train.batch) = (EPOCHS, 32);
    config
}

/// The plan of the last epoch that leaves something out, or the first if none does. A policy that
/// follows no search has the same plan in every epoch.
fn last_choice(search: &mut Search, follows: bool, samples: usize) -> Result<Plan, Error> {
    let mut choice = Plan::default();
    loop {
        match search.advance()? {
            Event::EpochPlanned { epoch, .. } => {
                let plan = search.plan().cloned().unwrap_or_default();
                if epoch == 0 || plan.weight.len() + plan.arch.len() < samples {
                    choice = plan;
                }
                if !follows {
                    return Ok(choice);
                }
            }
            Event::Finished => return Ok(choice),
            _ => {}
        }
    }
}

/// The samples of both levels; of the weights' alone if the policy chooses nothing else.
fn chosen(plan: Plan, samples: usize) -> Vec<SampleId> {
    let half = samples / 2;
    let is_whole = plan.arch.len() >= half;
    let chooses_weights_alone = is_whole && plan.weight.len() < half;
    if chooses_weights_alone { plan.weight } else { [plan.weight, plan.arch].concat() }
}
