//! One run: settings in, a run folder out.
//!
//! [`Job::create`] makes scores and embeddings first, if the policy needs them and no setting names
//! any. [`Job::run`] turns the search's loop and writes down what happens: selection when an epoch is
//! planned, metrics and a checkpoint when it is over, `result.json` at the end. Asked to stop, it
//! saves a checkpoint at the next step and [`Job::resume`] goes on from there as if nothing had
//! happened.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tamis_data::Dataset;
use tamis_race::{Race, RaceEvent};
use tamis_record::{DatasetSummary, Outcome};
use tamis_record::{Finish, Layers, RunConfig, UsedFiles};
use tamis_run::RunFolder;
use tamis_search::{Event, Search};
use tamis_space::Architecture;

use crate::error::Error;
use crate::folder::PeakMemory;
use crate::folder::Sitting;
use crate::folder::explained;
use crate::folder::{Beginning, RunRecord};
use crate::ground::Ground;
use crate::lookup::lookup_in;
use crate::networks::{NetworkConfig, quickest_ms};
use crate::racing::{RaceEnding, RaceJob, RaceStart};
use crate::scoring::{Missing, Observer, Unobserved, complete};
use crate::searches::finish::{FOLDER, check_finish, finish_of, race_of};
use crate::searches::prepared::{Prepared, prepare_on};
use crate::searches::selection;

/// The file that a run writes at its end.
pub(crate) const RESULT: &str = "result.json";

/// A run and its folder.
pub struct Job {
    config: RunConfig,
    prepared: Prepared,
    sitting: Sitting,
    peak: PeakMemory,
}

/// What a run did.
pub enum Advanced<'a> {
    /// Its search.
    Search(&'a Event),
    /// The race that finishes it.
    Race(&'a RaceEvent, &'a Race),
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
    /// A new run in a new or empty folder. Scores or embeddings that the policy needs and no setting
    /// names are made first, beside the folder, where other runs find them. `None` if `observer`
    /// stopped that; [`Job::resume`] goes on.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written; a folder that cannot be used; a
    /// training that fails.
    pub fn create(
        mut config: RunConfig,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<Job>, Error> {
        config.what = None;
        race_of(&config)?;
        let ground = Ground::of(&config, observer)?;
        let first = Missing::alone(prepare_on(&config, ground.train.clone()))?;
        check_finish(&config, &ground.train)?;
        let sitting = Sitting::new(RunFolder::create(path, config.to_toml()?.as_bytes())?);
        sitting.folder().log(&json!({ "event": "created" }))?;
        let Some(search) = searchable(first, &mut config, &ground.train, path, observer)? else {
            return Ok(None);
        };
        let prepared = ground.carrying(search);
        beginning(&config, &prepared)?.write(sitting.folder())?;
        Ok(Some(Job { config, prepared, sitting, peak: PeakMemory::NONE }))
    }

    /// A run that goes on from its newest whole checkpoint, or from its beginning if it never had
    /// one. Damaged checkpoints that are newer are returned as notes. `None` if `observer` stopped
    /// the making of scores or embeddings.
    ///
    /// # Errors
    ///
    /// [`Error::DataChanged`], [`Error::DataReordered`] or [`Error::FileChanged`] if data, scores or
    /// embeddings are not what they were, [`Error::Run`] if no checkpoint is whole or the folder
    /// cannot be used.
    pub fn resume(
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Job, Vec<String>)>, Error> {
        Job::go_on(path, None, observer)
    }

    /// The same by these settings, or by those in the folder.
    pub(super) fn go_on(
        path: &Path,
        asked: Option<RunConfig>,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Job, Vec<String>)>, Error> {
        let sitting = Sitting::new(RunFolder::open(path)?);
        let mut config = match asked {
            Some(asked) => asked,
            None => Layers::default().file(&path.join("config.toml"))?.resolve()?,
        };
        let record = RunRecord::read(sitting.folder())?;
        let began_in = record.as_ref().and_then(|record| record.began_in.clone());
        let ground = Ground::again(&config, record.as_ref(), observer)
            .map_err(|error| explained(error, &config, began_in.as_deref(), path))?;
        let first = prepare_on(&config, ground.train.clone())
            .map_err(|error| explained(error, &config, began_in.as_deref(), path));
        let Some(search) = searchable(first, &mut config, &ground.train, path, observer)? else {
            return Ok(None);
        };
        let mut prepared = ground.carrying(search);
        match record {
            // Now of those that were made, too.
            Some(record) => record.check_files(&UsedFiles::of_search(&config.search)?)?,
            None => beginning(&config, &prepared)?.write(sitting.folder())?,
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
        Ok(Some((Job { config, prepared, sitting, peak }, notes)))
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
        mut observe: impl FnMut(Advanced<'_>),
    ) -> Result<Ending, Error> {
        if let Some(outcome) = self.earlier_outcome()? {
            return self.ended(outcome);
        }
        loop {
            if stop() {
                return self.stopped();
            }
            let event = self.prepared.search.advance().map_err(|error| self.kept(error))?;
            match &event {
                Event::EpochPlanned { epoch, steps } => self.record_selection(*epoch, *steps)?,
                Event::EpochEnded(_) => {
                    let history = self.prepared.search.history();
                    self.folder().write_lines("metrics.jsonl", history)?;
                    self.save()?;
                }
                Event::Stepped { .. } if self.sitting.is_due() => self.save()?,
                Event::Stepped { .. } => {}
                Event::Finished => return self.finish(stop, observe),
            }
            observe(Advanced::Search(&event));
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

    /// A search whose next images cannot be read is where it was before the step: that is saved.
    fn kept(&mut self, error: tamis_search::Error) -> Error {
        if matches!(error, tamis_search::Error::Data(_)) {
            // The first error is the one to report; the checkpoint before it is there.
            let _ = self.save();
        }
        error.into()
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
        let expected = "what a run writes; hint: without the file, `tamis resume` writes it again";
        let unreadable = tamis_record::Error::content("the result of the run", &path, expected);
        let outcome = serde_json::from_str(&self.folder().read(RESULT)?);
        Ok(outcome.map(Some).map_err(unreadable)?)
    }

    /// Has the race decide, if one is to.
    fn finish(
        &mut self,
        stop: impl Fn() -> bool,
        mut observe: impl FnMut(Advanced<'_>),
    ) -> Result<Ending, Error> {
        let Some(config) = race_of(&self.config)? else { return self.finished(None) };
        let found = self.prepared.search.architecture();
        let visited = self.prepared.search.history().iter().map(|record| record.genotype.parse());
        let visited = visited.collect::<Result<_, tamis_space::Error>>()?;
        let start = RaceStart { found: Some(found.clone()), visited };
        let folder = self.path().join(FOLDER);
        // What is there already goes on with those that it began with.
        let who = match RunFolder::is_begun(&folder) {
            true => Vec::new(),
            false => start.candidates(&config, &self.prepared.train)?,
        };
        // What it needs the search had, too: nothing is made.
        let race = RaceJob::open(config, self.prepared.ground(), who, &folder, &mut Unobserved)?;
        let Some(mut race) = race else { return self.stopped() };
        match race.run(stop, |event, race| observe(Advanced::Race(event, race)))? {
            RaceEnding::Finished(outcome) => self.finished(Some(finish_of(&outcome, &found)?)),
            RaceEnding::Stopped(..) => self.stopped(),
        }
    }

    fn finished(&self, finish: Option<(Finish, Architecture)>) -> Result<Ending, Error> {
        let (search, peak) = (&self.prepared.search, self.peak.bytes());
        let found = finish.as_ref().map_or_else(|| search.architecture(), |(_, of)| of.clone());
        let lookup = self.prepared.table.as_ref().and_then(|table| lookup_in(table, &found));
        let mut outcome = Outcome::of(search, self.dataset_summary(), finish, lookup, peak);
        if let Some(target) = outcome.target.as_mut().filter(|target| target.is_latency) {
            target.measured_ms = Some(self.measured_ms()?);
        }
        let (path, expected) = (self.path().join(RESULT), "values that JSON can hold");
        let unwritable = tamis_record::Error::content("the result for", &path, expected);
        let text = serde_json::to_string_pretty(&outcome).map_err(unwritable)?;
        self.folder().write(RESULT, (text + "\n").as_bytes())?;
        self.ended(outcome)
    }

    fn ended(&self, outcome: Outcome) -> Result<Ending, Error> {
        self.folder().log(&json!({ "event": "finished", "genotype": outcome.genotype }))?;
        Ok(Ending::Finished(Box::new(outcome)))
    }

    /// Milliseconds of an image in the network of the found architecture, at the size that was searched.
    fn measured_ms(&self) -> Result<f64, Error> {
        let network = NetworkConfig {
            genotype: Some(self.prepared.search.architecture().to_string()),
            ..NetworkConfig::default()
        };
        let train = &self.prepared.train;
        quickest_ms(&network.describe(train.shape(), train.classes().len(), false)?.graph)
    }

    fn dataset_summary(&self) -> DatasetSummary {
        let Prepared { data_name, fingerprint, train, .. } = &self.prepared;
        DatasetSummary::of(data_name, fingerprint, train)
    }

    fn save(&mut self) -> Result<(), Error> {
        let search = &self.prepared.search;
        let mut snapshot = search.snapshot();
        self.peak.put(&mut snapshot.state);
        self.sitting.save(search.position(), &snapshot)
    }
}

/// What is written down of a run that begins.
fn beginning<'a>(config: &'a RunConfig, prepared: &'a Prepared) -> Result<Beginning<'a>, Error> {
    Ok(Beginning {
        table: config.to_table()?,
        seed: config.search.seed,
        files: UsedFiles::of_search(&config.search)?,
        data: &prepared.data_name,
        fingerprint: &prepared.fingerprint,
        train: &prepared.train,
        device: prepared.device,
        notes: &prepared.notes,
        warnings: &prepared.warnings,
    })
}

/// Whether a run has all scores and embeddings that it needs; false if it would make some first.
///
/// # Errors
///
/// Whatever else does not fit together.
pub fn is_provided(config: &RunConfig, train: Arc<Dataset>) -> Result<bool, Error> {
    match prepare_on(config, train) {
        Ok(_) => Ok(true),
        Err(error) => Missing::of(&error).map(|_| false).ok_or(error),
    }
}

/// Makes the scores or embeddings that a run in the folder `run` would make before its search, where
/// it finds them. False if `observer` stopped it; asked again, it goes on.
///
/// # Errors
///
/// As [`Job::create`], before anything is made, or a training that fails.
pub fn provide(
    config: &RunConfig,
    train: &Arc<Dataset>,
    run: &Path,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    let first = prepare_on(config, train.clone());
    Ok(searchable(first, &mut config.clone(), train, run, observer)?.is_some())
}

/// The search, with all scores and embeddings that it needs. `None` if stopped.
fn searchable(
    first: Result<Search, Error>,
    config: &mut RunConfig,
    train: &Arc<Dataset>,
    run: &Path,
    observer: &mut dyn Observer,
) -> Result<Option<Search>, Error> {
    complete(first, config, train, run, observer, |config| prepare_on(config, train.clone()))
}
