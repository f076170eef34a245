//! One level's samples: who is active, what was said of them, and what a prune does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Level, Prediction, SampleId};

use super::quotas::{Demand, Quotas, quotas};
use super::ranking::{Ranked, rank};
use super::records::{Measure, Records};
use crate::report::{BoundGaveWay, Change, DecidingBound, Report, What, Why};
use crate::{Amount, Keep, Pool};

/// A level's half of the pool and what is left of it.
pub(super) struct Active {
    level: Level,
    pool: Arc<Pool>,
    half: Vec<SampleId>,
    memory: Memory,
}

/// What a level remembers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// The samples that are left, ascending.
    active: Vec<SampleId>,
    /// Records of each sample of the half, in its order.
    records: Vec<Records>,
    /// Whether this epoch looks at the pruned samples, too.
    looking_back: bool,
    /// Whether an epoch since the last prune did.
    looked_back: bool,
}

/// A prune.
pub(super) struct Prune {
    pub(super) key: Key,
    /// How many prunes of the schedule are made at once.
    pub(super) prunes: u32,
    pub(super) keep: Amount,
    pub(super) keeps: Keep,
    pub(super) measure: Measure,
    pub(super) delta: Option<f64>,
    pub(super) min_per_class: usize,
}

impl Active {
    pub(super) fn new(level: Level, half: Vec<SampleId>, pool: Arc<Pool>) -> Active {
        let records = vec![Records::default(); half.len()];
        let memory = Memory { active: half.clone(), records, ..Memory::default() };
        Active { level, pool, half, memory }
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Why a memory cannot be this level's; `None` if it can.
    pub(super) fn misfit(&self, memory: &Memory) -> Option<String> {
        let (level, expected) = (self.level.name(), self.half.len());
        let found = memory.records.len();
        if found != expected {
            return Some(format!("found records of {found} {level} samples, expected {expected}"));
        }
        if !memory.active.is_sorted_by(|one, next| one < next) {
            return Some(format!("found {level} samples that do not ascend, expected them to"));
        }
        let stranger = memory.active.iter().find(|id| self.half.binary_search(id).is_err());
        stranger.map(|id| {
            format!("found sample {id} at the {level} level, expected samples of its half alone")
        })
    }

    pub(super) fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// The samples of the epoch.
    pub(super) fn planned(&self) -> Vec<SampleId> {
        if self.memory.looking_back { self.half.clone() } else { self.memory.active.clone() }
    }

    pub(super) fn observe(&mut self, found: &Prediction) {
        let place = self.half.binary_search(&found.id).ok();
        if let (Some(place), true) = (place, found.true_probability.is_finite()) {
            self.memory.records[place].add(found.true_probability, found.correct);
        }
    }

    /// Begins or ends a look at the pruned samples.
    pub(super) fn set_looking_back(&mut self, looks: bool, told: &mut Report) {
        let what = match (self.memory.looking_back, looks) {
            (false, true) => Some(What::Chosen),
            (true, false) => Some(What::Removed),
            _ => None,
        };
        if let Some(what) = what {
            let pruned = self.half.iter().filter(|id| !self.is_active(**id));
            let (level, why) = (Some(self.level), Why::Return);
            told.changes.extend(pruned.map(|&id| Change { id, level, what, why }));
        }
        self.memory.looking_back = looks;
        self.memory.looked_back |= looks;
    }

    fn is_active(&self, id: SampleId) -> bool {
        self.memory.active.binary_search(&id).is_ok()
    }

    /// Keeps the best of the candidates, or nothing happens if too few of them can be judged.
    pub(super) fn prune(&mut self, epoch: u32, prune: &Prune, told: &mut Report) {
        let candidates = self.candidates();
        let keep = self.keep(&candidates, prune);
        if keep >= candidates.len() {
            told.notes.extend(self.held_by_least(prune));
            return self.close(prune.measure.least);
        }
        let samples: Vec<_> = candidates.iter().map(|&id| (id, self.records(id))).collect();
        let key = prune.key.epoch(epoch);
        let (ranked, judged) = rank(&samples, prune.keeps, prune.measure, key);
        if candidates.len() - keep > judged {
            told.notes.push(self.skipped(epoch, judged, candidates.len()));
            return;
        }
        let Quotas { given, decided, gave_way } = self.quotas(&ranked, keep, prune);
        told.bounds.extend(gave_way.into_iter().map(|way| BoundGaveWay {
            level: self.level,
            class: way.class as u32,
            bound: way.bound,
            asked: way.asked,
            given: way.given,
        }));
        let kept = self.kept(&ranked, given);
        self.tell(&ranked, &kept, (keep, &decided), told);
        self.memory.active = kept;
        self.close(prune.measure.least);
    }

    fn candidates(&self) -> Vec<SampleId> {
        if self.memory.looked_back { self.half.clone() } else { self.memory.active.clone() }
    }

    /// How many samples are left after the prune.
    fn keep(&self, candidates: &[SampleId], prune: &Prune) -> usize {
        let target = self.target(prune);
        let classes = self.pool.grouped(candidates);
        let floor: usize = classes.iter().map(|class| class.len().min(prune.min_per_class)).sum();
        target.max(floor).max(1)
    }

    /// How many samples the share alone would leave.
    fn target(&self, prune: &Prune) -> usize {
        (0..prune.prunes).fold(self.memory.active.len(), |n, _| prune.keep.of(n))
    }

    /// Said where no class can lose a sample, although the share asks for less.
    fn held_by_least(&self, prune: &Prune) -> Option<String> {
        let active = self.memory.active.len();
        (self.target(prune) < active).then(|| {
            format!(
                "bdp: the {} level stays at {active} samples, expected fewer: no class has more \
                 than policy.bdp.min_per_class = {}",
                self.level.name(),
                prune.min_per_class
            )
        })
    }

    fn class(&self, id: SampleId) -> usize {
        self.pool.label(id) as usize
    }

    fn quotas(&self, ranked: &[Ranked], keep: usize, prune: &Prune) -> Quotas {
        let classes: Vec<usize> = ranked.iter().map(|ranked| self.class(ranked.id)).collect();
        let original: Vec<usize> = self.pool.grouped(&self.half).iter().map(Vec::len).collect();
        let Prune { delta, min_per_class, .. } = *prune;
        quotas(&Demand { classes: &classes, original: &original, keep, delta, min_per_class })
    }

    /// The best of each class, ascending by id.
    fn kept(&self, ranked: &[Ranked], mut quotas: Vec<usize>) -> Vec<SampleId> {
        let mut kept: Vec<SampleId> = ranked.iter().map(|ranked| ranked.id).collect();
        kept.retain(|&id| {
            let quota = &mut quotas[self.class(id)];
            let is_kept = *quota > 0;
            *quota = quota.saturating_sub(1);
            is_kept
        });
        kept.sort_unstable();
        kept
    }

    /// Tells who came and went: by rank, of which the first `keep` would be kept, or by what
    /// decided for its class.
    fn tell(
        &self,
        ranked: &[Ranked],
        kept: &[SampleId],
        (keep, decided): (usize, &[Option<DecidingBound>]),
        told: &mut Report,
    ) {
        let before = told.changes.len();
        for (rank, &Ranked { id, metric }) in ranked.iter().enumerate() {
            let is_kept = kept.binary_search(&id).is_ok();
            let what = match (self.is_active(id), is_kept) {
                (true, false) => What::Removed,
                (false, true) => What::Chosen,
                _ => continue,
            };
            let bound = if is_kept == (rank < keep) { None } else { decided[self.class(id)] };
            let why = Why::Rank { rank, metric, bound };
            told.changes.push(Change { id, level: Some(self.level), what, why });
        }
        let changes = &told.changes[before..];
        let count = |what| changes.iter().filter(|change| change.what == what).count() as f64;
        let [removed, chosen] = [count(What::Removed), count(What::Chosen)];
        told.metrics.insert(format!("{}_pruned", self.level.name()), removed);
        told.metrics.insert(format!("{}_returned", self.level.name()), chosen);
    }

    fn skipped(&self, epoch: u32, judged: usize, candidates: usize) -> String {
        format!(
            "bdp: the prune of the {} level before epoch {epoch} was skipped: {judged} of \
             {candidates} samples have enough predictions to be judged by",
            self.level.name()
        )
    }

    fn records(&self, id: SampleId) -> &Records {
        let place = self.half.binary_search(&id).unwrap_or_default();
        &self.memory.records[place]
    }

    /// Begins a new window of records.
    fn close(&mut self, least: usize) {
        self.memory.records.iter_mut().for_each(|records| records.close(least));
        self.memory.looked_back = false;
    }
}
