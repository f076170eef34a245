//! A race's whole state, out and in again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_core::{Misfit, Snapshot};

use super::{Progress, Race, RaceCost};
use crate::error::Error;

/// Version of the snapshot's layout.
const SNAPSHOT_FORMAT: u32 = 1;

/// The part of a snapshot that is not tensors.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    /// Who runs.
    candidates: Vec<String>,
    progress: Progress,
    cost: RaceCost,
    /// Of the running trial; null if none runs.
    trial: Value,
}

impl Race {
    /// The whole state.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let trial = self.trial.as_ref().map(|trial| trial.save(&mut snapshot));
        snapshot.state = json!({
            "format": SNAPSHOT_FORMAT,
            "candidates": self.texts(),
            "progress": self.progress,
            "cost": self.cost,
            "trial": trial,
        });
        snapshot
    }

    fn texts(&self) -> Vec<String> {
        self.candidates.iter().map(|of| of.architecture.to_string()).collect()
    }

    /// Takes up the state of a snapshot made by a race with the same settings, candidates and data.
    ///
    /// # Errors
    ///
    /// [`Error::Snapshot`] if anything is missing or of another shape; then this race must not be used any
    /// more.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let saved = Saved::deserialize(&snapshot.state).map_err(unreadable)?;
        if saved.format != SNAPSHOT_FORMAT {
            return Err(unreadable(format!("format {}", saved.format)));
        }
        if saved.candidates != self.texts() {
            return Err(unreadable(format!("{} other candidates", saved.candidates.len())));
        }
        let Progress { rung, standing, place, records, winner, .. } = &saved.progress;
        let known = |candidate: &usize| *candidate < self.candidates.len();
        let of_records = records.iter().map(|record| &record.candidate);
        let fits = standing.iter().chain(of_records).chain(winner).all(known)
            && records.iter().all(|record| record.rung < self.rungs.len())
            && (*rung < self.rungs.len() || winner.is_some())
            && *place <= standing.len()
            // Who is at work is the next of a rung that there is.
            && (saved.trial.is_null()
                || winner.is_none() && *place < standing.len() && *rung < self.rungs.len());
        if !fits {
            return Err(unreadable(format!("rung {rung}, trial {place} of {}", standing.len())));
        }
        (self.progress, self.cost) = (saved.progress, saved.cost);
        (self.trial, self.epochs) = (None, None);
        if !saved.trial.is_null() {
            let mut trial = self.new_trial()?;
            trial.restore(snapshot, &saved.trial)?;
            self.trial = Some(trial);
        }
        Ok(())
    }
}

fn unreadable(found: impl ToString) -> Error {
    Error::Snapshot(Misfit {
        what: "the saved state".to_owned(),
        found: found.to_string(),
        expected: format!("a race's state of format {SNAPSHOT_FORMAT}, of the same candidates"),
    })
}
