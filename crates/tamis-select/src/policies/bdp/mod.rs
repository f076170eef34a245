//! `bdp`: both levels are pruned during the search, by how their predictions move.
//!
//! BDP-style pruning, reconstructed. Tu et al., Efficient Architecture Search via Bi-level Data
//! Pruning (2023), say that data is pruned at both levels, progressively, by the prediction
//! dynamics of the supernet itself, under an automatic constraint on class balance. No formula,
//! schedule or constant of theirs was available: every one here is this project's own choice, and
//! a setting (`policy.bdp`).
//!
//! Metrics are in `records`, rankings in `ranking`, class bounds in `quotas`, the schedule in
//! `schedule`, one level's memory and its prunes in `level`.

mod level;
mod quotas;
mod ranking;
mod records;
mod schedule;

use tamis_core::{Key, Level, Prediction};

use self::level::{Active, Prune};
use self::records::Measure;
use self::schedule::Schedule;
use super::{Argument, Entry, Identity, Request};
use crate::report::Report;
use crate::{Amount, Balance, BdpSettings, Error, Plan, Policy};

pub(super) const ENTRY: Entry = Entry {
    name: "bdp",
    summary: "BDP-style (reconstructed): both levels pruned step by step, by prediction dynamics",
    argument: Argument::None,
    scores: None,
    needs_embeddings: false,
    needs_search: true,
    is_balanced: true,
    build,
};

struct Bdp {
    identity: Identity,
    key: Key,
    settings: BdpSettings,
    schedule: Schedule,
    /// Shares that a prune keeps at the weight and at the architecture level.
    keep: [Amount; 2],
    levels: [Active; 2],
    told: Report,
}

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    request.count()?;
    let settings = request.settings().bdp.clone();
    let halves = request.halves();
    let active = |level, half| Active::new(level, half, request.context.pool.clone());
    let keep_arch = settings.keep_arch.unwrap_or(settings.keep);
    Ok(Box::new(Bdp {
        identity: request.identity(),
        key: request.key(),
        schedule: Schedule::new(&settings, request.context.epochs),
        keep: [Amount::share(settings.keep)?, Amount::share(keep_arch)?],
        levels: [active(Level::Weight, halves.weight), active(Level::Arch, halves.arch)],
        settings,
        told: Report::default(),
    }))
}

impl Bdp {
    fn prune(&self, level: Level, prunes: u32) -> Prune {
        let (keep, keeps) = match level {
            Level::Weight => (self.keep[0], self.settings.weight_keeps),
            Level::Arch => (self.keep[1], self.settings.arch_keeps),
        };
        let delta = match self.settings.balance {
            Balance::Off => None,
            Balance::Strict => Some(0.0),
            Balance::Auto => Some(self.settings.delta),
        };
        let least = self.settings.least_records as usize;
        let measure = Measure { metric: self.settings.metric, least };
        let min_per_class = self.settings.min_per_class as usize;
        Prune { key: self.key, prunes, keep, keeps, measure, delta, min_per_class }
    }
}

impl Policy for Bdp {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let prunes = self.schedule.prunes_before(epoch);
        let looks_back = self.schedule.looks_back(epoch);
        let mut told = Report::default();
        for (place, level) in Level::BOTH.into_iter().enumerate() {
            if prunes > 0 {
                let prune = self.prune(level, prunes);
                self.levels[place].prune(epoch, &prune, &mut told);
            }
            self.levels[place].set_looking_back(looks_back, &mut told);
        }
        self.told = told;
        let [weight, arch] = [0, 1].map(|place| self.levels[place].planned());
        Ok(Plan { weight, arch, ..Plan::default() })
    }

    fn observe(&mut self, predictions: &[Prediction]) {
        for found in predictions {
            let place = usize::from(found.level == Level::Arch);
            self.levels[place].observe(found);
        }
    }

    fn report(&mut self) -> Report {
        std::mem::take(&mut self.told)
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state_with(&self.levels.each_ref().map(Active::memory))
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        let memories: [level::Memory; 2] = self.identity.memory(state)?;
        // Both before either: a state that is refused changes nothing.
        let misfit = self.levels.iter().zip(&memories).find_map(|(active, of)| active.misfit(of));
        if let Some(message) = misfit {
            return Err(self.identity.refused(&message));
        }
        for (active, memory) in self.levels.iter_mut().zip(memories) {
            active.remember(memory);
        }
        Ok(())
    }
}
