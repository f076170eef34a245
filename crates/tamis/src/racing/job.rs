//! One race: settings in, a run folder out.
//!
//! [`RaceJob::create`] opens the data, makes scores that the policy needs, and writes down who runs;
//! [`RaceJob::run`] turns the race, a line of `trials.jsonl` a trial and a checkpoint after each. Stopped or
//! cut off, [`RaceJob::resume`] goes on to the same bytes.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tamis_data::Dataset;
use tamis_race::{Candidate, Race, RaceData, RaceEvent};
use tamis_record::{DatasetSummary, Layers, RunConfig, UsedFiles, What};
use tamis_run::RunFolder;
use tamis_space::Architecture;
use toml::Table;

use super::outcome::RaceOutcome;
use super::start::{RaceStart, read};
use crate::error::Error;
use crate::folder::{Beginning, PeakMemory, RunRecord, Sitting, explained};
use crate::ground::{Ground, Tables};
use crate::lookup::lookup_in;
use crate::scoring::{Missing, Observer, ScoringEvent, complete};

const RESULT: &str = "result.json";
const TRIALS: &str = "trials.jsonl";
/// Who runs, one a line.
pub(crate) const CANDIDATES: &str = "candidates.txt";

/// A race and its folder.
pub struct RaceJob {
    config: RunConfig,
    ground: Ground,
    race: Race,
    sitting: Sitting,
    peak: PeakMemory,
}

/// How a race ended.
#[derive(Debug)]
pub enum RaceEnding {
    /// One is left; this is in `result.json`.
    Finished(Box<RaceOutcome>),
    /// Stopped on request after so many rungs, and trials of the next.
    Stopped(u32, u32),
}

/// Whether a folder is that of a race.
pub fn is_race(path: &Path) -> bool {
    let text = std::fs::read_to_string(path.join("config.toml")).unwrap_or_default();
    text.parse::<Table>().is_ok_and(|table| says_race(&table))
}

/// Whether the settings of a folder are those of a race.
pub(crate) fn says_race(settings: &Table) -> bool {
    settings.get("what").and_then(toml::Value::as_str) == Some("race")
}

impl RaceJob {
    /// A new race in a new or empty folder. `None` if `observer` stopped the making of scores or embeddings;
    /// [`RaceJob::resume`] goes on.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written; a folder that cannot be used.
    pub fn create(
        config: RunConfig,
        start: &RaceStart,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<RaceJob>, Error> {
        if config.finish.is_some() {
            let note = "finish is what decides after a search: this race stands alone";
            observer.observe(&ScoringEvent::Note(note.to_owned()));
        }
        let config = RunConfig { what: Some(What::Race), finish: None, ..config };
        config.race.check()?;
        let ground = Ground::of(&config, observer)?;
        let who = start.candidates(&config, &ground.train)?;
        RaceJob::begin((config, ground, who), path, observer)
    }

    /// A new race of these candidates, on data that is open.
    fn begin(
        (config, ground, who): (RunConfig, Ground, Vec<Architecture>),
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<RaceJob>, Error> {
        let first = Missing::alone(race_on(&config, &ground, who.clone()))?;
        if config.search.cost.has_target() {
            return Err(Error::RaceTarget);
        }
        let sitting = begun_folder(path, &config, &who)?;
        RaceJob::begun((config, ground, who), first, (sitting, None), observer)
    }

    /// A race in a folder of this path, on data that is open: begun with these candidates, gone on with
    /// where it stands by those that it began with, or at its end. `None` if `observer` stopped the making
    /// of scores or embeddings.
    ///
    /// # Errors
    ///
    /// As [`RaceJob::create`] and [`RaceJob::resume`].
    pub(crate) fn open(
        config: RunConfig,
        ground: Ground,
        who: Vec<Architecture>,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<RaceJob>, Error> {
        let config = RunConfig { what: Some(What::Race), finish: None, ..config };
        if !RunFolder::is_begun(path) {
            return RaceJob::begin((config, ground, who), path, observer);
        }
        let sitting = Sitting::new(RunFolder::open(path)?);
        let record = RunRecord::read(sitting.folder())?;
        if let Some(record) = &record {
            record.check_settings(config.to_table()?)?;
            record.check_data(&ground.fingerprint, &ground.train)?;
        }
        let began_with = read(&path.join(CANDIDATES))?;
        if !who.is_empty() && who != began_with {
            return Err(Error::OtherCandidates { path: path.to_owned() });
        }
        let who = began_with;
        let first = race_on(&config, &ground, who.clone());
        RaceJob::begun((config, ground, who), first, (sitting, record), observer)
    }

    /// A race that goes on from its newest whole checkpoint, or from its beginning if it never had one.
    /// `None` if `observer` stopped the making of scores or embeddings.
    ///
    /// # Errors
    ///
    /// As [`Job::resume`](crate::Job::resume).
    pub fn resume(path: &Path, observer: &mut dyn Observer) -> Result<Option<RaceJob>, Error> {
        let sitting = Sitting::new(RunFolder::open(path)?);
        let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
        let record = RunRecord::read(sitting.folder())?;
        let began_in = record.as_ref().and_then(|record| record.began_in.clone());
        let explained = |error| explained(error, &config, began_in.as_deref(), path);
        let ground = Ground::again(&config, record.as_ref(), observer).map_err(explained)?;
        let who = read(&path.join(CANDIDATES))?;
        let first = race_on(&config, &ground, who.clone()).map_err(explained);
        RaceJob::begun((config.clone(), ground, who), first, (sitting, record), observer)
    }

    /// With what it needs made, its beginning written down if the folder has no record of it, and where it
    /// stands taken up.
    fn begun(
        (mut config, ground, who): (RunConfig, Ground, Vec<Architecture>),
        first: Result<Race, Error>,
        (sitting, record): (Sitting, Option<RunRecord>),
        observer: &mut dyn Observer,
    ) -> Result<Option<RaceJob>, Error> {
        let (train, path) = (ground.train.clone(), sitting.folder().path().to_owned());
        let build = |config: &RunConfig| race_on(config, &ground, who.clone());
        let Some(mut race) = complete(first, &mut config, &train, &path, observer, build)? else {
            return Ok(None);
        };
        match record {
            Some(record) => record.check_files(&UsedFiles::of_search(&config.search)?)?,
            None => beginning(&config, &ground)?.write(sitting.folder())?,
        }
        let mut peak = PeakMemory::NONE;
        if let Some(earlier) = sitting.earlier()? {
            earlier.notes.into_iter().for_each(|note| observer.observe(&ScoringEvent::Note(note)));
            peak = PeakMemory::of_checkpoint(&earlier.snapshot.state);
            race.restore(&earlier.snapshot)?;
            sitting.folder().log(&json!({ "event": "resumed" }))?;
        }
        Ok(Some(RaceJob { config, ground, race, sitting, peak }))
    }

    /// Runs until one is left or until `stop` says so; `observe` is told of everything but the end, after it
    /// was written down. A race that is at its end already keeps the result it has.
    ///
    /// # Errors
    ///
    /// A race that fails, or a file that cannot be written.
    pub fn run(
        &mut self,
        stop: impl Fn() -> bool,
        mut observe: impl FnMut(&RaceEvent, &Race),
    ) -> Result<RaceEnding, Error> {
        loop {
            if stop() {
                return self.stopped();
            }
            let event = self.race.advance().map_err(|error| self.kept(error))?;
            match &event {
                RaceEvent::TrialEnded(_) => {
                    self.sitting.folder().write_lines(TRIALS, self.race.records())?;
                    self.save()?;
                }
                RaceEvent::RungEnded { rung, kept } => {
                    let event = json!({ "event": "rung", "rung": rung, "kept": kept });
                    self.sitting.folder().log(&event)?;
                    self.save()?;
                }
                RaceEvent::Stepped { .. } if self.sitting.is_due() => self.save()?,
                RaceEvent::Stepped { .. } => {}
                RaceEvent::Finished => return self.finished(),
            }
            observe(&event, &self.race);
        }
    }

    /// The run folder.
    pub fn path(&self) -> &Path {
        self.sitting.folder().path()
    }

    /// The race.
    pub fn race(&self) -> &Race {
        &self.race
    }

    /// What there is to tell of the data: notes, and what may disappoint.
    pub fn told(&self) -> (&[String], &[String]) {
        (&self.ground.notes, &self.ground.warnings)
    }

    /// A race whose next images cannot be read is where it was before the step: that is saved.
    fn kept(&mut self, error: tamis_race::Error) -> Error {
        if matches!(error, tamis_race::Error::Data(_)) {
            // The first error is the one to report; the checkpoint before it is there.
            let _ = self.save();
        }
        error.into()
    }

    fn save(&mut self) -> Result<(), Error> {
        let mut snapshot = self.race.snapshot();
        self.peak.put(&mut snapshot.state);
        self.sitting.save(self.race.position(), &snapshot)
    }

    fn stopped(&mut self) -> Result<RaceEnding, Error> {
        self.save()?;
        let (rung, trial) = self.race.position();
        let event = json!({ "event": "stopped", "rung": rung, "trial": trial });
        self.sitting.folder().log(&event)?;
        Ok(RaceEnding::Stopped(rung, trial))
    }

    fn finished(&self) -> Result<RaceEnding, Error> {
        let (folder, path) = (self.sitting.folder(), self.path().join(RESULT));
        let expected = "what a race writes; hint: without the file, `tamis resume` writes it again";
        let unreadable = tamis_record::Error::content("the result of the race", &path, expected);
        if path.exists() {
            let outcome = serde_json::from_str(&folder.read(RESULT)?);
            return Ok(RaceEnding::Finished(Box::new(outcome.map_err(unreadable)?)));
        }
        let Some(winner) = self.race.winner() else {
            let (rung, trial) = self.race.position();
            return Ok(RaceEnding::Stopped(rung, trial));
        };
        let outcome = self.outcome(winner);
        let text = serde_json::to_string_pretty(&outcome).map_err(unreadable)?;
        folder.write(RESULT, (text + "\n").as_bytes())?;
        folder.log(&json!({ "event": "finished", "genotype": outcome.genotype }))?;
        Ok(RaceEnding::Finished(Box::new(outcome)))
    }

    fn outcome(&self, winner: &Candidate) -> RaceOutcome {
        let Ground { name, fingerprint, train, table, .. } = &self.ground;
        let lookup = table.as_ref().and_then(|table| lookup_in(table, &winner.architecture));
        let dataset = DatasetSummary::of(name, fingerprint, train);
        RaceOutcome::of((&self.race, winner), &self.config, dataset, lookup, self.peak.bytes())
    }
}

/// A new folder with settings and who runs.
fn begun_folder(path: &Path, config: &RunConfig, who: &[Architecture]) -> Result<Sitting, Error> {
    let lines: String = who.iter().map(|of| format!("{of}\n")).collect();
    let (config, beside) = (config.to_toml()?, Some((CANDIDATES, lines.as_bytes())));
    let sitting = Sitting::new(RunFolder::create_with(path, config.as_bytes(), beside)?);
    sitting.folder().log(&json!({ "event": "created" }))?;
    Ok(sitting)
}

/// The race of these candidates, on data that is open already.
fn race_on(config: &RunConfig, ground: &Ground, who: Vec<Architecture>) -> Result<Race, Error> {
    tamis_data::refuse_one_class(&config.data, &ground.train)?;
    let files = UsedFiles::of_search(&config.search)?;
    let Tables { scores, embeddings, one_off } = Tables::read(&files, config, &ground.train)?;
    let train: Arc<Dataset> = ground.train.clone();
    let policy = &config.search.policy;
    let data = RaceData {
        train,
        augmentation: config.augmentation,
        policy: policy.name.clone(),
        settings: policy.settings(),
        split: config.search.split,
        scores: scores.map(Arc::new),
        embeddings,
        one_off,
    };
    Ok(Race::new(&config.race, who, data, config.search.seed, ground.device)?)
}

/// What is written down of a race that begins.
fn beginning<'a>(config: &'a RunConfig, ground: &'a Ground) -> Result<Beginning<'a>, Error> {
    Ok(Beginning {
        table: config.to_table()?,
        seed: config.search.seed,
        files: UsedFiles::of_search(&config.search)?,
        data: &ground.name,
        fingerprint: &ground.fingerprint,
        train: &ground.train,
        device: ground.device,
        notes: &ground.notes,
        warnings: &ground.warnings,
    })
}
