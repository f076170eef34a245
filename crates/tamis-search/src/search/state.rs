//! A search's whole state, out and in again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Progress, Search};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::metrics::EpochRecord;
use crate::snapshot::Snapshot;

/// Version of the snapshot's layout.
const SNAPSHOT_FORMAT: u32 = 1;

/// The part of a snapshot that is not tensors.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    progress: Progress,
    ledger: Ledger,
    history: Vec<EpochRecord>,
    #[serde(default)]
    notes: Vec<String>,
    policy: Value,
    host: Value,
    adam_steps: Vec<u32>,
}

impl Search {
    /// The whole state.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { tensors: Default::default(), state: self.saved_state() };
        let layout = self.bilevel.network.layout();
        snapshot.put_parameters("weights", layout, &self.bilevel.weights);
        snapshot.put_parameters("momentum", layout, &self.bilevel.sgd.velocity);
        for (number, (alphas, adam)) in
            self.bilevel.alphas.iter().zip(&self.bilevel.adam).enumerate()
        {
            let shape = alphas.shape();
            snapshot.put_values(format!("alpha/{number}"), &shape, alphas.values());
            snapshot.put_values(format!("adam/{number}/first"), &shape, &adam.first);
            snapshot.put_values(format!("adam/{number}/second"), &shape, &adam.second);
        }
        snapshot
    }

    fn saved_state(&self) -> Value {
        let adam_steps: Vec<u32> = self.bilevel.adam.iter().map(|adam| adam.steps).collect();
        json!({
            "format": SNAPSHOT_FORMAT,
            "progress": self.progress,
            "ledger": self.ledger,
            "history": self.history,
            "notes": self.notes,
            "policy": self.policy.state(),
            "host": self.host.state(),
            "adam_steps": adam_steps,
        })
    }

    /// Takes up the state of a snapshot made by a search with the same settings and data. Returns
    /// the number of optimizer states restored: one per parameter and one per matrix of alphas.
    ///
    /// # Errors
    ///
    /// [`Error::Snapshot`] if anything is missing or of another shape; then this search must not
    /// be used any more.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<usize, Error> {
        let saved = Saved::deserialize(&snapshot.state).map_err(unreadable)?;
        if saved.format != SNAPSHOT_FORMAT {
            return Err(unreadable(format!("format {}", saved.format)));
        }
        self.check(&saved)?;
        let layout = self.bilevel.network.layout();
        let (weights, _) = snapshot.parameters("weights", layout)?;
        let (velocity, restored) = snapshot.parameters("momentum", layout)?;
        self.bilevel.weights = weights;
        self.bilevel.sgd.velocity = velocity;
        for (number, steps) in saved.adam_steps.iter().enumerate() {
            let shape = self.bilevel.alphas[number].shape();
            let length = shape[0] * shape[1];
            self.bilevel.alphas[number] = snapshot.matrix(&format!("alpha/{number}"), shape)?;
            let adam = &mut self.bilevel.adam[number];
            adam.first = snapshot.values(&format!("adam/{number}/first"), length)?.to_vec();
            adam.second = snapshot.values(&format!("adam/{number}/second"), length)?.to_vec();
            adam.steps = *steps;
        }
        self.policy.restore(&saved.policy)?;
        self.host.restore(&saved.host)?;
        (self.progress, self.ledger, self.history) = (saved.progress, saved.ledger, saved.history);
        self.notes = saved.notes;
        self.bilevel.rates = self.rates();
        self.ahead = None;
        Ok(restored + saved.adam_steps.len())
    }

    /// Refuses what belongs to another search, or to none.
    fn check(&self, saved: &Saved) -> Result<(), Error> {
        let misfit = |what: &str, found: String, expected: String| {
            Err(Error::Snapshot { what: what.to_owned(), found, expected })
        };
        let (found, expected) = (saved.adam_steps.len(), self.bilevel.adam.len());
        if found != expected {
            return misfit(
                "the architecture parameters' optimizers",
                found.to_string(),
                expected.to_string(),
            );
        }
        let Progress { epoch, step, steps, schedule_start, plan, .. } = &saved.progress;
        let epochs = self.config.train.epochs;
        if !(schedule_start <= epoch && *epoch <= epochs && step <= steps) {
            let found = format!(
                "epoch {epoch} step {step} of {steps}, a schedule from epoch {schedule_start} on"
            );
            return misfit("the progress", found, format!("a position of {epochs} epochs"));
        }
        let samples = self.source.dataset().len();
        let ids = plan.iter().flat_map(|plan| plan.weight.iter().chain(&plan.arch));
        match ids.into_iter().find(|id| id.index() >= samples) {
            Some(id) => misfit("the plan", format!("sample {id}"), format!("below {samples}")),
            None => Ok(()),
        }
    }
}

fn unreadable(found: impl ToString) -> Error {
    Error::Snapshot {
        what: "the saved state".to_owned(),
        found: found.to_string(),
        expected: format!("a state of format {SNAPSHOT_FORMAT}"),
    }
}
