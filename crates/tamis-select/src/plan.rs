//! What the search loop and a policy say to each other.
//!
//! Before an epoch the loop asks for a plan; while it runs the loop hands back the predictions of
//! its steps. Batches, orders and passes are the loop's, samples are the policy's.

use serde::{Deserialize, Serialize};
use tamis_core::{Level, Prediction, SampleId};

use crate::{Error, Report};

/// The samples of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The samples that train the weights, ascending.
    pub weight: Vec<SampleId>,
    /// The samples that train the architecture parameters, ascending. No sample is in both lists.
    pub arch: Vec<SampleId>,
    /// A factor on the loss of each sample of `weight`; `None` is 1 for all.
    pub loss_weights: Option<Vec<f32>>,
    /// Weight steps to take, 0 among them; `None` is one pass over `weight`.
    pub steps: Option<u32>,
    /// A change of the learning rate before the epoch's first step.
    pub learning_rate: Option<LearningRateEvent>,
}

impl Plan {
    /// The samples of both levels, ascending: what trains where there is one level alone.
    pub fn both(&self) -> Vec<SampleId> {
        let mut both = [&self.weight[..], &self.arch[..]].concat();
        both.sort_unstable();
        both.dedup();
        both
    }

    /// The level that a sample of the plan is for.
    pub fn level(&self, id: SampleId) -> Level {
        if self.weight.binary_search(&id).is_ok() { Level::Weight } else { Level::Arch }
    }

    /// The factor on the loss of each of these samples; `None` is 1 for all, and so is a sample that is not
    /// among those that train the weights.
    pub fn loss_weights_of(&self, ids: &[SampleId]) -> Option<Vec<f32>> {
        let weights = self.loss_weights.as_ref()?;
        let places = ids.iter().map(|id| self.weight.binary_search(id));
        Some(places.map(|place| place.map_or(1.0, |at| weights[at])).collect())
    }
}

/// What a policy may ask of the weights' learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LearningRateEvent {
    /// Go to the schedule's largest rate, and on from there: coarse learning begins again on new
    /// samples (DDS-NAS, after an update of its subset).
    JumpToPeak,
}

/// A way to choose the samples of a search.
///
/// Epochs are planned in order, from 0. A policy that follows the search learns through
/// [`observe`](Policy::observe); one that does not plans the same whatever it is shown.
pub trait Policy: Send {
    /// The samples of an epoch.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from choosing, as its own documentation says.
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error>;

    /// Takes in predictions that the search made on its way, at both levels.
    fn observe(&mut self, _predictions: &[Prediction]) {}

    /// What there is to tell of the plan just made; asked for after each plan, and not again.
    /// Nothing of it is part of the state.
    fn report(&mut self) -> Report {
        Report::default()
    }

    /// Everything that the policy's later plans depend on.
    fn state(&self) -> serde_json::Value;

    /// Goes back to a saved state.
    ///
    /// # Errors
    ///
    /// A state that cannot be read, or that another policy, seed, pool or split has left.
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_knows_who_is_for_what_and_how_much_each_counts() {
        let ids = |ids: &[u32]| ids.iter().copied().map(SampleId).collect::<Vec<_>>();
        let plan = Plan {
            weight: ids(&[1, 4, 8]),
            arch: ids(&[0, 5]),
            loss_weights: Some(vec![0.5, 1.5, 2.0]),
            ..Plan::default()
        };
        assert_eq!(plan.both(), ids(&[0, 1, 4, 5, 8]));
        assert_eq!(plan.level(SampleId(4)), Level::Weight);
        assert_eq!(plan.level(SampleId(5)), Level::Arch);
        assert_eq!(plan.loss_weights_of(&ids(&[8, 5, 1])), Some(vec![2.0, 1.0, 0.5]));
        let plain = Plan { loss_weights: None, ..plan };
        assert_eq!(plain.loss_weights_of(&ids(&[8])), None);
    }
}
