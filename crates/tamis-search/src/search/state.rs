//! A search's whole state, out and in again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_core::{Misfit, Snapshot};
use tamis_training::{parameters, put_parameters};

use super::{Progress, Search};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::metrics::EpochRecord;
use crate::space::Stage;

/// Version of the snapshot's layout.
const SNAPSHOT_FORMAT: u32 = 2;

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
    /// Which supernet it is.
    stage: Stage,
    choices: Vec<SavedChoices>,
}

/// Of a choice set, what is no tensor.
#[derive(Serialize, Deserialize)]
struct SavedChoices {
    alive: Vec<bool>,
    adam_steps: u32,
}

impl Search {
    /// The whole state.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { tensors: Default::default(), state: self.saved_state() };
        let layout = self.bilevel.network().layout();
        put_parameters(&mut snapshot, "weights", layout, &self.bilevel.weights);
        put_parameters(&mut snapshot, "momentum", layout, &self.bilevel.sgd.velocity);
        for (number, choices) in self.bilevel.choices.iter().enumerate() {
            choices.save(&mut snapshot, &alphas_path(number), &adam_path(number));
        }
        self.host.save(&mut snapshot);
        snapshot
    }

    fn saved_state(&self) -> Value {
        let choices = self.bilevel.choices.iter().map(|choices| SavedChoices {
            alive: choices.alive().to_vec(),
            adam_steps: choices.adam.steps,
        });
        json!({
            "format": SNAPSHOT_FORMAT,
            "progress": self.progress,
            "ledger": self.ledger,
            "history": self.history,
            "notes": self.notes,
            "policy": self.policy.state(),
            "host": self.host.state(),
            "stage": self.bilevel.stage(),
            "choices": choices.collect::<Vec<_>>(),
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
        // Hosts grow a supernet of the settings' channels; another one is no stage of this search, and its
        // tensors are refused.
        let first = self.space.first_stage();
        if saved.stage.number > 0 && saved.stage.channels == first.channels {
            self.bilevel.rebuild(saved.stage)?;
        }
        let layout = self.bilevel.network().layout();
        let restored = layout.parameters().len();
        let weights = parameters(snapshot, "weights", layout)?;
        let velocity = parameters(snapshot, "momentum", layout)?;
        self.bilevel.weights = weights;
        self.bilevel.sgd.velocity = velocity;
        for (number, of) in saved.choices.iter().enumerate() {
            let choices = &mut self.bilevel.choices[number];
            choices.restore(snapshot, &alphas_path(number), &adam_path(number))?;
            choices.adam.steps = of.adam_steps;
            if !choices.restore_alive(&of.alive) {
                return Err(unreadable(format!(
                    "{} options of choice set {number}",
                    of.alive.len()
                )));
            }
        }
        self.policy.restore(&saved.policy)?;
        self.host.restore(&saved.host, snapshot)?;
        (self.progress, self.ledger, self.history) = (saved.progress, saved.ledger, saved.history);
        self.notes = saved.notes;
        self.bilevel.rates = self.rates();
        self.ahead = None;
        Ok(restored + saved.choices.len())
    }

    /// Refuses what belongs to another search, or to none.
    fn check(&self, saved: &Saved) -> Result<(), Error> {
        let misfit = |what: &str, found: String, expected: String| {
            Err(Error::Snapshot(Misfit { what: what.to_owned(), found, expected }))
        };
        let (found, expected) = (saved.choices.len(), self.bilevel.choices.len());
        if found != expected {
            return misfit(
                "the architecture parameters' optimizers",
                found.to_string(),
                expected.to_string(),
            );
        }
        let Progress { epoch, step, steps, schedule: [start, end], plan, .. } = &saved.progress;
        let epochs = self.config.train.epochs;
        if !(start <= epoch && *epoch <= epochs && *end <= epochs && step <= steps) {
            let found = format!(
                "epoch {epoch} step {step} of {steps}, a schedule from epoch {start} to {end}"
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

fn alphas_path(number: usize) -> String {
    format!("alpha/{number}")
}

fn adam_path(number: usize) -> String {
    format!("adam/{number}")
}

fn unreadable(found: impl ToString) -> Error {
    Error::Snapshot(Misfit {
        what: "the saved state".to_owned(),
        found: found.to_string(),
        expected: format!("a state of format {SNAPSHOT_FORMAT}"),
    })
}
