//! One run: settings in, a run folder out.
//!
//! [`Job::run`] turns the search's loop and writes down what happens: selection when an epoch is
//! planned, metrics and a checkpoint when it is over, `result.json` at the end. Asked to stop, it
//! saves a checkpoint at the next step and [`Job::resume`] goes on from there as if nothing had
//! happened.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use tamis_data::{Dataset, Loaded};
use tamis_nn::Device;
use tamis_run::{Machine, RunFolder};
use tamis_search::{Event, OneOffCost, Search, SearchData};

use crate::checkpoints::{to_checkpoint, to_snapshot};
use crate::config::{Layers, RunConfig};
use crate::error::Error;
use crate::lookup::{Lookup, lookup};
use crate::outcome::{DatasetSummary, Outcome};
use crate::scores::{Samples, load_embeddings, load_scores};
use crate::selection;

/// Longest stretch of work that a crash may lose.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(300);

/// Data and a search on it, before the first epoch.
pub struct Prepared {
    /// Name of the data.
    pub data_name: String,
    /// Fingerprint of the data.
    pub fingerprint: String,
    /// Things to tell the user about the data.
    pub notes: Vec<String>,
    /// The training split.
    pub train: Arc<Dataset>,
    /// Where networks run.
    pub device: Device,
    /// The search.
    pub search: Search,
}

/// Opens the data, reads scores and embeddings, builds the search.
///
/// # Errors
///
/// Whatever does not fit together, before anything is written.
pub fn prepare(config: &RunConfig) -> Result<Prepared, Error> {
    config.search.check()?;
    let device = config.place.device.parse()?;
    let Loaded { name, train, fingerprint, notes, .. } = tamis_data::open(&config.data)?;
    let train = Arc::new(train);
    let search = prepare_on(config, train.clone())?;
    Ok(Prepared { data_name: name, fingerprint, notes, train, device, search })
}

/// Reads scores and embeddings and builds the search, on data that is open already.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_on(config: &RunConfig, train: Arc<Dataset>) -> Result<Search, Error> {
    // What the policy does not look at is neither read nor paid for.
    let policy = &config.search.policy;
    let needed = tamis_select::requirements(&policy.name)?;
    let mut one_off = OneOffCost::NONE;
    let mut scores = None;
    if let Some(path) = policy.scores.as_ref().filter(|_| needed.needs_scores) {
        let (found, cost) = load_scores(path, &Samples::of(&train))?;
        (scores, one_off) = (Some(found), one_off.plus(&cost));
    }
    let mut embeddings = None;
    if let Some(path) = policy.embeddings.as_ref().filter(|_| needed.needs_embeddings) {
        let (found, cost) = load_embeddings(path, &Samples::of(&train))?;
        (embeddings, one_off) = (Some(Arc::new(found)), one_off.plus(&cost));
    }
    let augmentation = config.augmentation;
    let data = SearchData { train, augmentation, scores, embeddings, one_off };
    Ok(Search::new(&config.search, data, config.place.device.parse()?)?)
}

/// A run and its folder.
pub struct Job {
    config: RunConfig,
    prepared: Prepared,
    folder: RunFolder,
    saved_at: Instant,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// All epochs are over; this is in `result.json`.
    Finished(Box<Outcome>),
    /// Stopped on request after this many epochs and steps of the next.
    Stopped(u32, u32),
}

/// What `run.json` must hold for a run to go on.
#[derive(Deserialize)]
struct RunRecord {
    fingerprint: String,
    /// Older runs have none.
    order: Option<String>,
}

impl Job {
    /// A new run in a new or empty folder.
    ///
    /// # Errors
    ///
    /// As [`prepare`], or a folder that cannot be used.
    pub fn create(config: RunConfig, path: &Path) -> Result<Job, Error> {
        let prepared = prepare(&config)?;
        let folder = RunFolder::create(path)?;
        folder.write("config.toml", config.to_toml()?.as_bytes())?;
        let job = Job { config, prepared, folder, saved_at: Instant::now() };
        job.write_run_record()?;
        job.folder.log(&json!({ "event": "created" }))?;
        Ok(job)
    }

    /// A run that goes on from its newest checkpoint, or from its beginning if it has none.
    /// Damaged checkpoints are returned as notes.
    ///
    /// # Errors
    ///
    /// [`Error::DataChanged`] or [`Error::DataReordered`] if the data is not what it was, or a
    /// folder that cannot be used.
    pub fn resume(path: &Path) -> Result<(Job, Vec<String>), Error> {
        let folder = RunFolder::open(path)?;
        let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
        let mut prepared = prepare(&config)?;
        check_data(&folder, &prepared)?;
        let mut notes = Vec::new();
        match folder.latest_checkpoint() {
            Ok(found) => {
                notes.extend(found.damaged.iter().map(ToString::to_string));
                prepared.search.restore(&to_snapshot(found.checkpoint, &found.path)?)?;
            }
            Err(tamis_run::Error::NoCheckpoint { .. }) => {
                notes.push("there is no checkpoint: starting from the beginning".to_owned());
            }
            Err(other) => return Err(other.into()),
        }
        let (epoch, step) = prepared.search.position();
        folder.log(&json!({ "event": "resumed", "epoch": epoch, "step": step }))?;
        Ok((Job { config, prepared, folder, saved_at: Instant::now() }, notes))
    }

    /// Runs until the end or until `stop` says so; `observe` is told of everything but the end,
    /// after it was written down.
    ///
    /// # Errors
    ///
    /// A search that fails, or a file that cannot be written.
    pub fn run(
        &mut self,
        stop: impl Fn() -> bool,
        mut observe: impl FnMut(&Event),
    ) -> Result<Ending, Error> {
        loop {
            if stop() {
                return self.stopped();
            }
            let event = self.prepared.search.advance()?;
            match &event {
                Event::EpochPlanned { epoch, steps } => self.record_selection(*epoch, *steps)?,
                Event::EpochEnded(_) => {
                    self.folder.write_lines("metrics.jsonl", self.prepared.search.history())?;
                    self.save()?;
                }
                Event::Stepped { .. } if self.saved_at.elapsed() > CHECKPOINT_INTERVAL => {
                    self.save()?;
                }
                Event::Stepped { .. } => {}
                Event::Finished => return self.finished(),
            }
            observe(&event);
        }
    }

    /// The run folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data and the search.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    fn record_selection(&self, epoch: u32, steps: u32) -> Result<(), Error> {
        match self.prepared.search.plan() {
            Some(plan) => {
                let report = self.prepared.search.report();
                selection::record(&self.folder, &self.prepared.train, (epoch, steps), plan, report)
            }
            None => Ok(()),
        }
    }

    fn stopped(&mut self) -> Result<Ending, Error> {
        self.save()?;
        let (epoch, step) = self.prepared.search.position();
        self.folder.log(&json!({ "event": "stopped", "epoch": epoch, "step": step }))?;
        Ok(Ending::Stopped(epoch, step))
    }

    fn finished(&self) -> Result<Ending, Error> {
        let search = &self.prepared.search;
        let outcome = Outcome::of(search, self.dataset_summary(), self.lookup()?);
        let text = serde_json::to_string_pretty(&outcome).map_err(|error| Error::Content {
            what: "the result for",
            path: self.folder.path().join("result.json"),
            found: error.to_string(),
            expected: "values that JSON can hold",
        })?;
        self.folder.write("result.json", (text + "\n").as_bytes())?;
        self.folder.log(&json!({ "event": "finished", "genotype": outcome.genotype }))?;
        Ok(Ending::Finished(Box::new(outcome)))
    }

    fn lookup(&self) -> Result<Option<Lookup>, Error> {
        // The tables there are hold cells of this space only.
        match &self.config.place.table {
            Some(table) if self.config.search.space.name == "nas-bench-201" => {
                lookup(&self.prepared.search.genotype(), table)
            }
            _ => Ok(None),
        }
    }

    fn dataset_summary(&self) -> DatasetSummary {
        let Prepared { data_name, fingerprint, train, .. } = &self.prepared;
        DatasetSummary {
            name: data_name.clone(),
            fingerprint: fingerprint.clone(),
            order: Some(train.order()),
            train: train.len(),
            classes: train.classes().len(),
        }
    }

    fn save(&mut self) -> Result<(), Error> {
        let search = &self.prepared.search;
        let (epoch, step) = search.position();
        self.folder.save_checkpoint(epoch, step, &to_checkpoint(search.snapshot()))?;
        self.saved_at = Instant::now();
        Ok(())
    }

    fn write_run_record(&self) -> Result<(), Error> {
        let Prepared { data_name, fingerprint, notes, train, device, .. } = &self.prepared;
        let record = json!({
            "format": 1,
            "tamis": env!("CARGO_PKG_VERSION"),
            "machine": Machine::this(),
            "threads": rayon::current_num_threads(),
            "device": device.to_string(),
            "hardware": device.hardware(),
            "seed": self.config.search.seed,
            "data": data_name,
            "fingerprint": fingerprint,
            "order": train.order(),
            "notes": notes,
        });
        Ok(self.folder.write_lines("run.json", &[record])?)
    }
}

fn check_data(folder: &RunFolder, now: &Prepared) -> Result<(), Error> {
    let text = folder.read("run.json")?;
    let record: RunRecord = serde_json::from_str(&text).map_err(|error| Error::Content {
        what: "the record of the run",
        path: folder.path().join("run.json"),
        found: error.to_string(),
        expected: "an object with a fingerprint",
    })?;
    if record.fingerprint != now.fingerprint {
        let found = now.fingerprint.clone();
        return Err(Error::DataChanged { found, expected: record.fingerprint });
    }
    match record.order {
        Some(order) if order != now.train.order() => Err(Error::DataReordered),
        _ => Ok(()),
    }
}
