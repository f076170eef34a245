//! A line of a results file: a run's `result.json` and a section `compare` with what else tells
//! runs apart, and where and by which version the run was made.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tamis_record::{Error, Outcome};

use crate::key::{Key, Setup};

/// Version of the section's layout.
pub(crate) const FORMAT: u64 = 1;

/// The section `compare` of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Version of the layout, 1.
    pub format: u64,
    /// What tells runs apart beside the result itself.
    #[serde(flatten)]
    pub setup: Setup,
    /// Version of the program that made the run.
    pub tamis: String,
    /// The machine it was made on.
    pub machine: Value,
    /// Threads it was made with.
    pub threads: Option<u64>,
}

/// A finished run, as a results file has it.
#[derive(Clone, Debug)]
pub struct Record {
    /// What tells it from others.
    pub key: Key,
    /// Its result.
    pub outcome: Outcome,
    /// Where it was made.
    pub section: Section,
}

impl Record {
    /// Of a line's two parts.
    pub(crate) fn new(outcome: Outcome, section: Section) -> Record {
        Record { key: Key::of_outcome(&outcome, &section.setup), outcome, section }
    }
}

/// What `run.json` says that a line repeats.
#[derive(Deserialize)]
struct Provenance {
    tamis: String,
    machine: Value,
    threads: Option<u64>,
    /// Earlier versions wrote none, and later ones have it in the result, too.
    order: Option<String>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    outcome: Outcome,
    compare: Section,
}

/// The line of a finished run: the texts of its `result.json` and `run.json`, and its key.
///
/// # Errors
///
/// [`Error::Content`] if one of the texts is not what the name says, or if it is of another run.
pub fn line(result: &str, run: &str, key: &Key) -> Result<String, Error> {
    let unreadable = |what| {
        move |error: serde_json::Error| failed(key, what, error.to_string(), "what a run writes")
    };
    let mut outcome: Outcome =
        serde_json::from_str(result).map_err(unreadable("the result of the run"))?;
    let run: Provenance = serde_json::from_str(run).map_err(unreadable("the record of the run"))?;
    let Provenance { tamis, machine, threads, order } = run;
    outcome.dataset.order = outcome.dataset.order.or(order);
    let made = Key::of_outcome(&outcome, &key.setup);
    if !made.matches(key) {
        let reordered = Key { order: None, ..made }.matches(key);
        let images = if reordered { " on images in another order" } else { "" };
        let found = format!("{} with seed {}{images}", outcome.policy, outcome.seed);
        let expected = "the run that the folder is named for; hint: name another --out";
        return Err(failed(key, "the result of the run", found, expected));
    }
    let setup = key.setup.clone();
    let compare = Section { format: FORMAT, setup, tamis, machine, threads };
    let line = Line { outcome, compare };
    serde_json::to_string(&line).map_err(unreadable("the settings of the run"))
}

fn failed(key: &Key, what: &'static str, found: String, expected: &'static str) -> Error {
    Error::Content { what, path: key.folder_name().into(), found, expected }
}
