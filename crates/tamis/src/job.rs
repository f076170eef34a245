//! One run: settings in, a run folder out.
//!
//! [`Job::run`] turns the search's loop and writes down what happens: selection when an epoch is
//! planned, metrics and a checkpoint when it is over, `result.json` at the end. Asked to stop, it
//! saves a checkpoint at the next step and [`Job::resume`] goes on from there as if nothing had
//! happened.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tamis_data::{Dataset, Loaded};
use tamis_nn::Device;
use tamis_run::RunFolder;
use tamis_search::{Event, OneOffCost, Search, SearchData};
use tamis_space::nas_bench_201::Table;

use crate::config::{Layers, RunConfig};
use crate::elsewhere::explained;
use crate::error::Error;
use crate::files::UsedFiles;
use crate::lookup::{Lookup, load_table, lookup_in};
use crate::outcome::{DatasetSummary, Outcome};
use crate::peak::PeakMemory;
use crate::run_record::{self, RunRecord};
use crate::scores::{Samples, load_embeddings, load_scores};
use crate::selection;
use crate::sitting::Sitting;

const RESULT: &str = "result.json";

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
    /// The benchmark's table in which the found architecture is looked up, if there is one.
    table: Option<Table>,
}

/// Opens the data, reads scores and embeddings, builds the search.
///
/// # Errors
///
/// Whatever does not fit together, before anything is written.
pub fn prepare(config: &RunConfig) -> Result<Prepared, Error> {
    config.search.check()?;
    let table = table(config)?;
    let device = config.place.device.parse()?;
    let Loaded { name, train, fingerprint, notes, .. } = tamis_data::open(&config.data)?;
    let train = Arc::new(train);
    let search = prepare_on(config, train.clone())?;
    Ok(Prepared { data_name: name, fingerprint, notes, train, device, search, table })
}

/// As [`prepare`], for a run that goes on with what it began with.
fn prepare_again(config: &RunConfig, record: Option<&RunRecord>) -> Result<Prepared, Error> {
    if let Some(record) = record {
        record.check_settings(config)?;
        record.check_files(config)?;
    }
    prepare(config)
}

/// The table that the settings name. It is read before the search, so that nothing is searched in
/// vain for one that is not there.
fn table(config: &RunConfig) -> Result<Option<Table>, Error> {
    // The tables there are hold cells of this space only.
    let path = config.place.table.as_ref().filter(|_| config.search.space.name == "nas-bench-201");
    path.map(|path| load_table(path)).transpose()
}

/// Reads scores and embeddings and builds the search, on data that is open already.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_on(config: &RunConfig, train: Arc<Dataset>) -> Result<Search, Error> {
    let files = UsedFiles::of(&config.search.policy)?;
    let mut one_off = OneOffCost::NONE;
    let mut scores = None;
    if let Some(path) = files.scores {
        let (found, cost) = load_scores(path, &Samples::of(&train, &config.data))?;
        (scores, one_off) = (Some(found), one_off.plus(&cost));
    }
    let mut embeddings = None;
    if let Some(path) = files.embeddings {
        let (found, cost) = load_embeddings(path, &Samples::of(&train, &config.data))?;
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
    sitting: Sitting,
    peak: PeakMemory,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// All epochs are over; this is in `result.json`.
    Finished(Box<Outcome>),
    /// Stopped on request after this many epochs and steps of the next.
    Stopped(u32, u32),
}

impl Job {
    /// A new run in a new or empty folder.
    ///
    /// # Errors
    ///
    /// As [`prepare`], or a folder that cannot be used.
    pub fn create(config: RunConfig, path: &Path) -> Result<Job, Error> {
        let prepared = prepare(&config)?;
        let folder = RunFolder::create(path, config.to_toml()?.as_bytes())?;
        run_record::write(&folder, &config, &prepared)?;
        folder.log(&json!({ "event": "created" }))?;
        let (sitting, peak) = (Sitting::new(folder), PeakMemory::NONE);
        Ok(Job { config, prepared, sitting, peak })
    }

    /// A run that goes on from its newest whole checkpoint, or from its beginning if it never had
    /// one. Damaged checkpoints that are newer are returned as notes.
    ///
    /// # Errors
    ///
    /// [`Error::DataChanged`], [`Error::DataReordered`] or [`Error::FileChanged`] if data, scores or
    /// embeddings are not what they were, [`Error::Run`] if no checkpoint is whole or the folder
    /// cannot be used.
    pub fn resume(path: &Path) -> Result<(Job, Vec<String>), Error> {
        let sitting = Sitting::new(RunFolder::open(path)?);
        let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
        let record = RunRecord::read(sitting.folder())?;
        let mut prepared = prepare_again(&config, record.as_ref()).map_err(|error| {
            let began_in = record.as_ref().and_then(|record| record.began_in.as_deref());
            explained(error, &config, began_in, path)
        })?;
        match record {
            Some(record) => record.check_data(&prepared)?,
            None => run_record::write(sitting.folder(), &config, &prepared)?,
        }
        let (mut notes, mut peak) = (Vec::new(), PeakMemory::NONE);
        match sitting.earlier()? {
            Some(earlier) => {
                notes.extend(earlier.notes);
                peak = PeakMemory::of_checkpoint(&earlier.snapshot.state);
                prepared.search.restore(&earlier.snapshot)?;
            }
            None => notes.push("there is no checkpoint: starting from the beginning".to_owned()),
        }
        let (epoch, step) = prepared.search.position();
        sitting.folder().log(&json!({ "event": "resumed", "epoch": epoch, "step": step }))?;
        Ok((Job { config, prepared, sitting, peak }, notes))
    }

    /// Runs until the end or until `stop` says so; `observe` is told of everything but the end,
    /// after it was written down. A run that is at its end already keeps the result it has.
    ///
    /// # Errors
    ///
    /// A search that fails, or a file that cannot be written.
    pub fn run(
        &mut self,
        stop: impl Fn() -> bool,
        mut observe: impl FnMut(&Event),
    ) -> Result<Ending, Error> {
        if let Some(outcome) = self.earlier_outcome()? {
            return self.ended(outcome);
        }
        loop {
            if stop() {
                return self.stopped();
            }
            let event = self.prepared.search.advance()?;
            match &event {
                Event::EpochPlanned { epoch, steps } => self.record_selection(*epoch, *steps)?,
                Event::EpochEnded(_) => {
                    let history = self.prepared.search.history();
                    self.folder().write_lines("metrics.jsonl", history)?;
                    self.save()?;
                }
                Event::Stepped { .. } if self.sitting.is_due() => self.save()?,
                Event::Stepped { .. } => {}
                Event::Finished => return self.finished(),
            }
            observe(&event);
        }
    }

    /// The run folder.
    pub fn path(&self) -> &Path {
        self.folder().path()
    }

    fn folder(&self) -> &RunFolder {
        self.sitting.folder()
    }

    /// The data and the search.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    fn record_selection(&self, epoch: u32, steps: u32) -> Result<(), Error> {
        match self.prepared.search.plan() {
            Some(plan) => {
                let report = self.prepared.search.report();
                selection::record(self.folder(), &self.prepared.train, (epoch, steps), plan, report)
            }
            None => Ok(()),
        }
    }

    fn stopped(&mut self) -> Result<Ending, Error> {
        self.save()?;
        let (epoch, step) = self.prepared.search.position();
        self.folder().log(&json!({ "event": "stopped", "epoch": epoch, "step": step }))?;
        Ok(Ending::Stopped(epoch, step))
    }

    /// What was written when the search ended; `None` if it goes on, or nothing was written yet.
    fn earlier_outcome(&self) -> Result<Option<Outcome>, Error> {
        let (epoch, _) = self.prepared.search.position();
        let path = self.path().join(RESULT);
        if epoch < self.config.search.train.epochs || !path.exists() {
            return Ok(None);
        }
        let outcome = serde_json::from_str(&self.folder().read(RESULT)?);
        outcome.map(Some).map_err(|error| Error::Content {
            what: "the result of the run",
            path,
            found: error.to_string(),
            expected: "what a run writes; hint: without the file, `tamis resume` writes it again",
        })
    }

    fn finished(&self) -> Result<Ending, Error> {
        let (search, peak) = (&self.prepared.search, self.peak.bytes());
        let outcome = Outcome::of(search, self.dataset_summary(), self.lookup()?, peak);
        let text = serde_json::to_string_pretty(&outcome).map_err(|error| Error::Content {
            what: "the result for",
            path: self.path().join(RESULT),
            found: error.to_string(),
            expected: "values that JSON can hold",
        })?;
        self.folder().write(RESULT, (text + "\n").as_bytes())?;
        self.ended(outcome)
    }

    fn ended(&self, outcome: Outcome) -> Result<Ending, Error> {
        self.folder().log(&json!({ "event": "finished", "genotype": outcome.genotype }))?;
        Ok(Ending::Finished(Box::new(outcome)))
    }

    fn lookup(&self) -> Result<Option<Lookup>, Error> {
        match &self.prepared.table {
            Some(table) => lookup_in(table, &self.prepared.search.genotype()),
            None => Ok(None),
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
        let mut snapshot = search.snapshot();
        self.peak.put(&mut snapshot.state);
        self.sitting.save(search.position(), snapshot)
    }
}
