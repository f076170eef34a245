//! The curriculum: train on the subset until it is mastered, then renew it, and so on.
//!
//! One slot is one epoch of the search. An update takes a slot of its own in which nothing is
//! trained, as in the author's code, or shares one with the training after it. There is never a
//! second update before the network has trained on the first one's subset.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, SampleId};

use super::{Candidates, Easy, Observed, Swap, Update};
use crate::{DdsRule, DdsSettings, Error, Replacement};

/// The number in the key of the order in which easy images are exchanged; ids of samples are below.
const ORDER: u64 = 1 << 32;

/// What happens in a slot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    /// The update that was made before anything else, if any.
    pub(crate) update: Option<Update>,
    /// Whether the slot trains.
    pub(crate) trains: bool,
    /// Whether it is the first that trains after an update.
    pub(crate) is_fresh: bool,
    /// How far the subset was mastered in the slot before, where that was measured.
    pub(crate) mastery: Option<f64>,
}

/// Everything that later slots depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    /// The subset, ascending; with duplicates only where they are allowed.
    pub(crate) members: Vec<SampleId>,
    pub(crate) observed: Observed,
    /// Whether an update has not been trained on yet. The first subset counts as one.
    pub(crate) just_updated: bool,
    pub(crate) updates: u32,
    pub(crate) replaced: u64,
    /// Largest mastery that was measured when an update was allowed.
    pub(crate) highest_mastery: f64,
    /// Largest hardness score of a member that was seen when an update was allowed.
    #[serde(default)]
    pub(crate) highest_hardness: f64,
    /// How often an easy image had to stay because there was none to come in for it.
    #[serde(default)]
    pub(crate) without_replacement: u64,
    /// Whether the network has trained on a subset of which something was exchanged.
    #[serde(default)]
    pub(crate) is_renewed: bool,
    /// In which update a sample left last, of those that left recently enough to matter.
    pub(crate) left: BTreeMap<SampleId, u32>,
}

/// The subset and how it is renewed.
pub(crate) struct Curriculum {
    settings: DdsSettings,
    easy: Easy,
    key: Key,
    /// `None` if nothing is ever replaced.
    candidates: Option<Candidates>,
    memory: Memory,
}

impl Curriculum {
    /// A curriculum that begins with these members, ascending. The key's epoch and id are free.
    pub(crate) fn new(
        settings: DdsSettings,
        key: Key,
        candidates: Option<Candidates>,
        members: Vec<SampleId>,
    ) -> Result<Curriculum, Error> {
        let memory = Memory { members, just_updated: true, ..Memory::default() };
        let mut curriculum =
            Curriculum { easy: Easy::of(&settings)?, settings, key, candidates, memory };
        curriculum.sync_all()?;
        Ok(curriculum)
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn observed_mut(&mut self) -> &mut Observed {
        &mut self.memory.observed
    }

    /// Goes back to what was remembered.
    pub(crate) fn restore(&mut self, memory: Memory) -> Result<(), Error> {
        let before = std::mem::replace(&mut self.memory, memory);
        for id in before.members.into_iter().chain(before.left.into_keys()) {
            self.sync(id)?;
        }
        self.sync_all()
    }

    /// What the slot of an epoch does.
    pub(crate) fn advance(&mut self, epoch: u32) -> Result<Slot, Error> {
        let mastery = self.mastery(epoch);
        let is_due = !self.memory.just_updated && epoch >= self.settings.first_update;
        let is_always = self.settings.rule == DdsRule::Always;
        let is_mastered =
            mastery.is_some_and(|mastery| is_always || mastery >= self.settings.mastery);
        let update = if is_due && is_mastered { self.update(epoch)? } else { None };
        let is_fresh = self.memory.updates > 0 && self.memory.just_updated;
        let trains = update.is_none() || !self.settings.update_consumes_epoch;
        if trains {
            self.memory.just_updated = false;
            self.memory.is_renewed |= self.memory.replaced > 0;
        }
        Ok(Slot { update, trains, is_fresh: is_fresh && trains, mastery })
    }

    fn mastery(&mut self, epoch: u32) -> Option<f64> {
        let DdsSettings { rule, hardness, first_update, .. } = self.settings;
        let Memory { observed, members, highest_mastery, highest_hardness, .. } = &mut self.memory;
        let mastery = observed.mastery(rule, hardness, members, epoch)?;
        if epoch >= first_update {
            *highest_mastery = highest_mastery.max(mastery);
            let largest = observed.largest_hardness(members).unwrap_or_default();
            *highest_hardness = highest_hardness.max(largest);
        }
        Some(mastery)
    }

    /// Exchanges every easy image; nothing if images are never exchanged.
    fn update(&mut self, epoch: u32) -> Result<Option<Update>, Error> {
        if self.settings.replacement == Replacement::Never {
            return Ok(None);
        }
        self.memory.updates += 1;
        self.memory.just_updated = true;
        self.forget_those_long_gone()?;
        let key = self.key.epoch(epoch);
        let mut easy = self.memory.observed.easy(self.easy, &self.memory.members);
        key.id(ORDER).stream().shuffle(&mut easy);
        let mut update = Update::default();
        for (id, hardness) in easy {
            match self.swap(id, hardness, key, &mut update)? {
                Some(swap) => update.swaps.push(swap),
                None => update.kept += 1,
            }
        }
        // Who left in this update could not come back in it; from now on it may.
        for swap in &update.swaps {
            self.sync(swap.out)?;
        }
        self.memory.replaced += update.swaps.len() as u64;
        self.memory.without_replacement += update.kept as u64;
        update.duplicates =
            self.memory.members.windows(2).filter(|pair| pair[0] == pair[1]).count();
        Ok(Some(update))
    }

    /// Exchanges one image, unless no candidate of its class is left. It stays blocked.
    fn swap(
        &mut self,
        out: SampleId,
        hardness: f64,
        key: Key,
        update: &mut Update,
    ) -> Result<Option<Swap>, Error> {
        let Some(candidates) = &mut self.candidates else { return Ok(None) };
        // With duplicates it would be a candidate for itself.
        candidates.block(out, true)?;
        let Some(incoming) = candidates.replacement(out, key)? else {
            self.sync(out)?;
            return Ok(None);
        };
        update.visits.nodes += incoming.visits.nodes;
        update.visits.points += incoming.visits.points;
        let into = incoming.id;
        let before = self.memory.updates - 1;
        let returned = self.memory.left.remove(&into).is_some_and(|left| left == before);
        self.exchange(out, into);
        self.sync(into)?;
        Ok(Some(Swap { out, into, hardness, distance: incoming.distance, returned }))
    }

    fn exchange(&mut self, out: SampleId, into: SampleId) {
        let Memory { members, left, updates, .. } = &mut self.memory;
        if let Ok(at) = members.binary_search(&out) {
            members.remove(at);
        }
        if members.binary_search(&out).is_err() {
            left.insert(out, *updates);
        }
        members.insert(members.partition_point(|member| *member < into), into);
    }

    /// Forgets who left before the update before this one, or so long ago that it may return.
    fn forget_those_long_gone(&mut self) -> Result<(), Error> {
        let (now, span) = (self.memory.updates, self.settings.tabu.max(1));
        let gone: Vec<SampleId> = self
            .memory
            .left
            .iter()
            .filter(|(_, left)| now - **left > span)
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.memory.left.remove(&id);
            self.sync(id)?;
        }
        Ok(())
    }

    /// Blocks a sample that may not come in, or makes it available.
    fn sync(&mut self, id: SampleId) -> Result<(), Error> {
        let is_member = self.memory.members.binary_search(&id).is_ok();
        let is_tabu = self.settings.tabu > 0 && self.memory.left.contains_key(&id);
        let blocked = (is_member && !self.settings.allow_duplicates) || is_tabu;
        self.candidates.as_mut().map_or(Ok(()), |candidates| candidates.block(id, blocked))
    }

    fn sync_all(&mut self) -> Result<(), Error> {
        let left = self.memory.left.keys().copied();
        let all: Vec<SampleId> = self.memory.members.iter().copied().chain(left).collect();
        all.into_iter().try_for_each(|id| self.sync(id))
    }
}
