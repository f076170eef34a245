//! `dds:1000`: so many weight images, renewed as the network masters them (DDS-NAS).
//!
//! The amount counts weight images: `dds:1000`, or `dds:0.02` of the pool. The architecture trains on
//! its whole half, which is never pruned and never the test split. Replacements come from the weight
//! half. What the method
//! is stands in [`crate::dds`]; this file speaks with the search loop: plans, reports, state.
//!
//! The author's other arms are settings: `policy.dds.replacement` `random` (no tree) or `never`
//! (a fixed subset), and embeddings of an untrained autoencoder.

use std::collections::BTreeMap;

use tamis_core::{Level, Prediction, SampleId};

use super::{Argument, Entry, Identity, Request};
use crate::dds::{Candidates, Curriculum, Memory, Slot, Swap, Update, initial_subset};
use crate::report::{Change, Report, What, Why};
use crate::split::Halves;
use crate::{
    DdsSettings, Error, HardnessRule, LearningRateAfterUpdate, LearningRateEvent, Plan, Policy,
    Replacement,
};

pub(super) const ENTRY: Entry = Entry {
    name: "dds",
    summary: "weight samples renewed by hard example mining as they are mastered (DDS-NAS)",
    argument: Argument::WeightAmount,
    scores: None,
    needs_embeddings: true,
    needs_search: true,
    is_balanced: true,
    build,
};

struct Dds {
    identity: Identity,
    halves: Halves,
    epochs: u32,
    settings: DdsSettings,
    curriculum: Curriculum,
    told: Report,
}

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let halves = request.halves();
    let count = count(request, halves.weight.len())?;
    let (pool, settings) = (request.pool(), request.settings().dds.clone());
    let candidates = match settings.replacement {
        Replacement::Never => None,
        Replacement::Random => Some(Candidates::random(pool, &halves.weight)),
        Replacement::Furthest => {
            let embeddings = request.embeddings()?;
            Some(Candidates::furthest(pool, &halves.weight, embeddings, &settings)?)
        }
    };
    let members = initial_subset(pool, &halves.weight, count, settings.initial, request.key());
    let curriculum = Curriculum::new(settings.clone(), request.key(), candidates, members)?;
    let (identity, epochs) = (request.identity(), request.context.epochs);
    let told = Report::default();
    Ok(Box::new(Dds { identity, halves, epochs, settings, curriculum, told }))
}

/// Weight images of the subset, a share being one of the pool: 1 to all `most` of the weight half.
fn count(request: &Request<'_>, most: usize) -> Result<usize, Error> {
    let found = request.amount()?.map_or(0, |amount| amount.of(request.pool().len()));
    if (1..=most).contains(&found) {
        return Ok(found);
    }
    Err(Error::WeightAmount { policy: request.spec(), found, samples: most })
}

impl Policy for Dds {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let slot = self.curriculum.advance(epoch)?;
        self.tell(epoch, &slot);
        let jumps = self.settings.lr_after_update == LearningRateAfterUpdate::JumpToPeak;
        Ok(Plan {
            weight: self.curriculum.memory().members.clone(),
            arch: self.halves.arch.clone(),
            steps: (!slot.trains).then_some(0),
            learning_rate: (slot.is_fresh && jumps).then_some(LearningRateEvent::JumpToPeak),
            ..Plan::default()
        })
    }

    fn observe(&mut self, predictions: &[Prediction]) {
        let observed = self.curriculum.observed_mut();
        predictions.iter().for_each(|prediction| observed.observe(prediction));
    }

    fn report(&mut self) -> Report {
        std::mem::take(&mut self.told)
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state_with(self.curriculum.memory())
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        let memory: Memory = self.identity.memory(state)?;
        self.check(&memory)?;
        self.curriculum.restore(memory)
    }
}

impl Dds {
    fn tell(&mut self, epoch: u32, slot: &Slot) {
        let memory = self.curriculum.memory();
        let mut report = Report { metrics: metrics(memory, slot), ..Report::default() };
        if epoch == 0 {
            report.changes.extend(memory.members.iter().map(|&id| chosen(id)));
        }
        let swaps = slot.update.iter().flat_map(|update| &update.swaps);
        report.changes.extend(swaps.map(change));
        if epoch + 1 == self.epochs {
            report.notes.extend(self.note());
        }
        self.told = report;
    }

    /// What to know of a run that has trained on its first subset alone although it should not.
    fn note(&self) -> Option<String> {
        let &Memory { is_renewed, replaced, .. } = self.curriculum.memory();
        if is_renewed || self.settings.replacement == Replacement::Never {
            return None;
        }
        let what = match replaced {
            0 => "exchanged no image",
            _ => "trained on no image that it exchanged",
        };
        let policy = self.identity.policy();
        Some(format!("`{policy}` {what}, which equals a fixed random subset: {}", self.reason()))
    }

    /// Why nothing that was exchanged was trained on, and which settings would change that.
    fn reason(&self) -> String {
        let &Memory { updates, replaced, without_replacement, highest_mastery, .. } =
            self.curriculum.memory();
        let DdsSettings { mastery, first_update, easy_share, .. } = self.settings;
        match (updates, self.never_easy()) {
            (0, _) if self.epochs <= first_update => {
                format!("the search ends before epoch {first_update}, the first of an update")
            }
            (0, never_easy) => format!(
                "the subset was never mastered (at most {highest_mastery:.3}, needed {mastery} before \
                 an epoch from {first_update} on); policy.dds.rule=always does not ask{}",
                never_easy.map(|why| format!("; besides, {why}")).unwrap_or_default()
            ),
            _ if replaced > 0 => "the only update was in the last epoch".to_owned(),
            _ if without_replacement > 0 => "no easy image had a replacement".to_owned(),
            (_, Some(never_easy)) => never_easy,
            _ => match self.settings.hardness_rule {
                HardnessRule::Threshold => {
                    "no image was easy while the subset was mastered".to_owned()
                }
                HardnessRule::Quantile => format!(
                    "of the right answers policy.dds.easy_share = {easy_share} was less than one image"
                ),
            },
        }
    }

    /// Why no image can have been easy at any time, if that is so.
    fn never_easy(&self) -> Option<String> {
        let DdsSettings { hardness, hardness_rule, .. } = self.settings;
        let largest = self.curriculum.memory().highest_hardness;
        (hardness_rule == HardnessRule::Threshold && largest <= hardness).then(|| {
            format!(
                "no image was easier than policy.dds.hardness = {hardness}: the largest score seen was \
                 {largest:.3}; policy.dds.hardness_rule=quantile does not ask how sure the network is"
            )
        })
    }

    /// Refuses a memory that is not of this policy's subset.
    fn check(&self, memory: &Memory) -> Result<(), Error> {
        let expected = self.curriculum.memory().members.len();
        let found = memory.members.len();
        let mut all = memory.members.iter().chain(memory.left.keys());
        let message = if found != expected {
            format!("found a subset of {found} samples, expected {expected}")
        } else if !memory.members.is_sorted() {
            "found a subset that does not ascend, expected one that does".to_owned()
        } else if let Some(id) = all.find(|id| self.halves.weight.binary_search(id).is_err()) {
            format!("found sample {id} in the subset, expected samples of the weight half alone")
        } else {
            return Ok(());
        };
        Err(self.identity.refused(&message))
    }
}

fn chosen(id: SampleId) -> Change {
    Change { id, level: Some(Level::Weight), what: What::Chosen, why: Why::Drawn }
}

fn change(swap: &Swap) -> Change {
    let &Swap { out, into, hardness, distance, .. } = swap;
    let (level, what) = (Some(Level::Weight), What::ReplacedBy(into));
    Change { id: out, level, what, why: Why::Easy { hardness, distance } }
}

/// Figures of the slot. Those of an update stand only where there was one.
fn metrics(memory: &Memory, slot: &Slot) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    let mut tell = |name: &str, value: f64| metrics.insert(name.to_owned(), value);
    tell("updates", f64::from(memory.updates));
    tell("images_replaced", memory.replaced as f64);
    if let Some(mastery) = slot.mastery {
        tell("mastery", mastery);
    }
    if let Some(update) = &slot.update {
        let Update { swaps, kept, duplicates, visits, .. } = update;
        tell("replaced", swaps.len() as f64);
        tell("turnover", swaps.len() as f64 / memory.members.len() as f64);
        tell("returned_share", update.returned_share());
        tell("easy_without_replacement", *kept as f64);
        tell("duplicates", *duplicates as f64);
        tell("tree_nodes", visits.nodes as f64);
        tell("tree_points", visits.points as f64);
        if let Some(distance) = update.mean_distance() {
            tell("mean_distance", distance);
        }
    }
    metrics
}
