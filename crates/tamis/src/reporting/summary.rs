//! What there is in a folder of Tamis: finished or not, what it found, what it cost.
//!
//! Read from the files alone. Nothing is computed, written or locked, so that a run can be looked at
//! while another process works on it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tamis_compare::Results;
use tamis_record::RunConfig;
use tamis_record::{Cost, Outcome};
use tamis_run::{FolderLock, FolderView, Saved};
use toml::Table;

use crate::error::Error;
use crate::folder::TrainingSpent;
use crate::networks::{TrainingConfig, TrainingOutcome};
use crate::racing::{RaceOutcome, says_race};
use crate::scoring::TABLES;

/// What a folder is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A search.
    Search,
    /// A race of single networks.
    Race,
    /// A training of a single network.
    Training,
    /// The network that `tamis score` trains.
    Scorer,
    /// The network that `tamis embed` trains.
    Autoencoder,
    /// A comparison of searches.
    Comparison,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It came to its end; of a comparison, all runs did that were begun in it.
    Finished,
    /// A process works on it now.
    Running,
    /// It did not come to its end, and can go on.
    Stopped,
    /// A file of it cannot be read, and it cannot go on as it is.
    Damaged,
}

/// What was spent, of a search that is not finished in the epochs that are done; `None` where it is
/// not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// Forward-and-backward passes of one sample in weight steps.
    pub weight_samples: Option<u64>,
    /// The same in architecture steps.
    pub arch_samples: Option<u64>,
    /// Passes of one sample before the search.
    pub one_off_samples: Option<u64>,
    /// (weight + architecture) / those of all data.
    pub sample_ratio: Option<f64>,
    /// Nominal multiply-adds of the search.
    pub macs: Option<u64>,
    /// Nominal multiply-adds before the search.
    pub one_off_macs: Option<u64>,
    /// Seconds of the search's steps.
    pub search_wall_s: Option<f64>,
    /// Seconds spent before the search.
    pub one_off_wall_s: Option<f64>,
}

/// What there is in a folder. Fields that do not belong to its kind, or that nobody knows, are `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The folder.
    pub path: String,
    /// What it is of.
    pub kind: Kind,
    /// How far it is.
    pub state: State,
    /// What is wrong with it, if anything is.
    pub problem: Option<String>,
    /// Where the data comes from, or its name.
    pub data: Option<String>,
    /// Search space; of a training that of its network, if it is of one.
    pub space: Option<String>,
    /// Search algorithm.
    pub host: Option<String>,
    /// What chooses the samples.
    pub policy: Option<String>,
    /// Seed.
    pub seed: Option<u64>,
    /// Epochs in all.
    pub epochs: Option<u32>,
    /// Epochs from which it would go on, or all of them.
    pub epochs_done: Option<u32>,
    /// The architecture found, or the one so far.
    pub genotype: Option<String>,
    /// Share of right answers of the last epoch that trained the architecture.
    pub arch_val_accuracy: Option<f64>,
    /// Whether every edge is decided.
    pub decisive: Option<bool>,
    /// What was spent.
    pub cost: Option<Spent>,
    /// Finished runs of a comparison.
    pub runs_finished: Option<usize>,
    /// Whether a process works on it; `None` where the system does not tell.
    pub in_use: Option<bool>,
    /// How to go on.
    pub next: Option<String>,
    /// Share of right answers on the test split, of a finished training.
    pub test_accuracy: Option<f64>,
    /// The whole result of a finished search.
    #[serde(skip)]
    pub outcome: Option<Outcome>,
    /// The whole result of a finished race.
    #[serde(skip)]
    pub race: Option<RaceOutcome>,
    /// The whole result of a finished training.
    #[serde(skip)]
    pub training: Option<TrainingOutcome>,
}

/// The line of a finished epoch, as far as it is shown.
#[derive(Deserialize)]
struct Epoch {
    genotype: String,
    arch_val_accuracy: Option<f64>,
    weight_samples: u64,
    arch_samples: u64,
    wall_s: f64,
}

/// What there is in this folder.
///
/// # Errors
///
/// [`Error::NothingToShow`] if it is not there or holds nothing of Tamis.
pub fn summarize(path: &Path) -> Result<Summary, Error> {
    let nothing = |found: String| Error::NothingToShow { path: path.to_owned(), found };
    fs::read_dir(path).map_err(|error| nothing(error.to_string()))?;
    if is_comparison(path) {
        return Ok(comparison(path));
    }
    let view = FolderView::of(path).map_err(|_| nothing("no config.toml".to_owned()))?;
    let settings = match view.read("config.toml") {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => return Ok(Summary::new(path, Kind::Search).damaged(error.to_string())),
    };
    match settings.parse::<Table>() {
        Ok(table) => match table.get("what").and_then(toml::Value::as_str) {
            Some("scorer") => Ok(training(&view, &table, Kind::Scorer)),
            Some("autoencoder") => Ok(training(&view, &table, Kind::Autoencoder)),
            _ if table.contains_key("network") => Ok(network(&view, &table)),
            _ if says_race(&table) => Ok(race(&view, &table)),
            _ => Ok(search(&view, &table)),
        },
        Err(error) => {
            let problem = format!("config.toml: {}", error.message());
            Ok(Summary::new(path, Kind::Search).damaged(problem))
        }
    }
}

/// What there is in each folder in this one, by name, and the folders that hold nothing of Tamis.
///
/// # Errors
///
/// [`Error::NothingToShow`] if it is not there.
pub fn summarize_all(path: &Path) -> Result<(Vec<Summary>, Vec<PathBuf>), Error> {
    let nothing = |error: std::io::Error| Error::NothingToShow {
        path: path.to_owned(),
        found: error.to_string(),
    };
    let mut folders = folders_in(path).map_err(nothing)?;
    // Tables that were made for runs lie among the trainings that made them.
    if let Some(tables) = folders.iter().position(|folder| folder.ends_with(TABLES)) {
        let tables = folders.remove(tables);
        folders.extend(folders_in(&tables).map_err(nothing)?);
    }
    folders.sort();
    let (mut found, mut foreign) = (Vec::new(), Vec::new());
    for folder in folders {
        match summarize(&folder) {
            Ok(summary) => found.push(summary),
            Err(_) => foreign.push(folder),
        }
    }
    Ok((found, foreign))
}

fn folders_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
    let folders =
        paths.filter(|path| path.as_ref().is_ok_and(|path| path.is_dir()) || path.is_err());
    folders.collect()
}

fn is_comparison(path: &Path) -> bool {
    let has_results = path.join("results.jsonl").is_file() && path.join("runs").is_dir();
    path.join("compare.lock").is_file() || has_results
}

fn comparison(path: &Path) -> Summary {
    let mut summary = Summary::new(path, Kind::Comparison);
    summary.in_use = FolderLock::is_held(path, "compare.lock");
    summary.next = Some("the same `tamis compare` command goes on, or prints the table".to_owned());
    match Results::open(&path.join("results.jsonl")) {
        Ok(results) => summary.runs_finished = Some(results.records().len()),
        Err(error) => return summary.damaged(error.to_string()),
    }
    let state = if has_unfinished_runs(path) { State::Stopped } else { State::Finished };
    summary.at_work_or(state)
}

/// Whether a run was begun in a comparison and not finished. Which runs it is to have at all is
/// known to its command alone.
fn has_unfinished_runs(path: &Path) -> bool {
    let runs = fs::read_dir(path.join("runs")).into_iter().flatten().flatten();
    runs.into_iter().any(|run| !run.path().join("result.json").is_file())
}

/// The work folder of a training for scores or embeddings.
fn training(view: &FolderView, settings: &Table, kind: Kind) -> Summary {
    let whole = |key: &str| settings.get(key).and_then(toml::Value::as_integer);
    let mut summary = Summary::new(view.path(), kind);
    summary.seed = whole("seed").and_then(|seed| seed.try_into().ok());
    summary.epochs = whole("epochs").and_then(|epochs| epochs.try_into().ok());
    summary.in_use = view.in_use();
    let summary = summary.saved(view.saved());
    if summary.state == State::Damaged {
        return summary;
    }
    let is_over = summary.epochs.is_some() && summary.epochs_done == summary.epochs;
    let mut summary = summary.at_work_or(if is_over { State::Finished } else { State::Stopped });
    if !is_over {
        let command = if kind == Kind::Scorer { "score" } else { "embed" };
        summary.next = Some(format!("the same `tamis {command}` command goes on"));
    }
    summary
}

/// The training of a single network.
fn network(view: &FolderView, settings: &Table) -> Summary {
    let mut summary = Summary::new(view.path(), Kind::Training);
    summary.in_use = view.in_use();
    match TrainingConfig::from_table(settings) {
        Ok(config) => summary.of_training(&config),
        Err(error) => return summary.damaged(format!("config.toml: {error}")),
    }
    match view.read("result.json") {
        Ok(Some(text)) => match serde_json::from_str::<TrainingOutcome>(&text) {
            Ok(outcome) => summary.trained(outcome),
            Err(error) => summary.damaged(format!("result.json: {error}")),
        },
        Ok(None) => summary.resumable(view),
        Err(error) => summary.damaged(error.to_string()),
    }
}

/// A race of single networks.
fn race(view: &FolderView, settings: &Table) -> Summary {
    let mut summary = Summary::new(view.path(), Kind::Race);
    summary.in_use = view.in_use();
    match RunConfig::from_table(settings) {
        Ok(config) => summary.settings(&config),
        Err(error) => return summary.damaged(format!("config.toml: {error}")),
    }
    // It has neither.
    (summary.host, summary.epochs) = (None, None);
    match view.read("result.json") {
        Ok(Some(text)) => match serde_json::from_str::<RaceOutcome>(&text) {
            Ok(outcome) => summary.raced(outcome),
            Err(error) => summary.damaged(format!("result.json: {error}")),
        },
        Ok(None) => Summary { epochs_done: None, ..summary.resumable(view) },
        Err(error) => summary.damaged(error.to_string()),
    }
}

fn search(view: &FolderView, settings: &Table) -> Summary {
    let mut summary = Summary::new(view.path(), Kind::Search);
    summary.in_use = view.in_use();
    match RunConfig::from_table(settings) {
        Ok(config) => summary.settings(&config),
        Err(error) => return summary.damaged(format!("config.toml: {error}")),
    }
    match view.read("result.json") {
        Ok(Some(text)) => match serde_json::from_str::<Outcome>(&text) {
            Ok(outcome) => summary.finished(outcome),
            Err(error) => summary.damaged(format!("result.json: {error}")),
        },
        Ok(None) => unfinished(view, summary),
        Err(error) => summary.damaged(error.to_string()),
    }
}

fn unfinished(view: &FolderView, summary: Summary) -> Summary {
    let mut summary = summary.saved(view.saved());
    if summary.state == State::Damaged {
        return summary;
    }
    let metrics = match view.read("metrics.jsonl") {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => return summary.damaged(error.to_string()),
    };
    // The line of an epoch is written before its checkpoint: what no checkpoint has is done again.
    let done = summary.epochs_done.unwrap_or(0) as usize;
    let epochs: Result<Vec<Epoch>, _> =
        metrics.lines().take(done).map(serde_json::from_str).collect();
    match epochs {
        Ok(epochs) => summary.so_far(&epochs),
        // It is written anew from the checkpoint.
        Err(error) => summary.problem = Some(format!("metrics.jsonl: {error}")),
    }
    summary.at_work_or_stopped()
}

impl Summary {
    fn new(path: &Path, kind: Kind) -> Summary {
        Summary {
            path: path.display().to_string(),
            kind,
            state: State::Stopped,
            problem: None,
            data: None,
            space: None,
            host: None,
            policy: None,
            seed: None,
            epochs: None,
            epochs_done: None,
            genotype: None,
            arch_val_accuracy: None,
            decisive: None,
            cost: None,
            runs_finished: None,
            in_use: None,
            next: None,
            test_accuracy: None,
            outcome: None,
            race: None,
            training: None,
        }
    }

    fn damaged(mut self, problem: String) -> Summary {
        (self.state, self.problem, self.next) = (State::Damaged, Some(problem), None);
        self
    }

    fn at_work_or(mut self, state: State) -> Summary {
        self.state = if self.in_use == Some(true) { State::Running } else { state };
        self
    }

    fn settings(&mut self, config: &RunConfig) {
        let search = &config.search;
        self.data = Some(config.data.source.clone());
        self.space = Some(search.space.name.clone());
        self.host = Some(search.host.name.clone());
        self.policy = Some(search.policy.name.clone());
        self.seed = Some(search.seed);
        self.epochs = Some(search.train.epochs);
    }

    fn of_training(&mut self, config: &TrainingConfig) {
        self.data = Some(config.data.source.clone());
        self.policy = Some(config.policy.name.clone());
        self.seed = Some(config.seed);
        self.epochs = Some(config.train.epochs);
        self.genotype = config.network.name.clone().or_else(|| config.network.genotype.clone());
        self.space = config.network.space().map(str::to_owned);
    }

    fn trained(mut self, outcome: TrainingOutcome) -> Summary {
        self.data = Some(outcome.dataset.name.clone());
        self.epochs_done = Some(outcome.epochs);
        self.genotype = Some(outcome.network.clone());
        self.space = outcome.space.clone();
        self.test_accuracy = outcome.test.as_ref().map(|test| test.accuracy);
        self.cost = Some(Spent::of_trainings(&outcome.cost));
        self.training = Some(outcome);
        self.state = State::Finished;
        self
    }

    /// Takes in from where it would go on, and what is wrong with the checkpoints.
    fn saved(mut self, saved: Result<Saved, tamis_run::Error>) -> Summary {
        let saved = match saved {
            Ok(saved) => saved,
            Err(error) => return self.damaged(error.to_string()),
        };
        let problems: Vec<String> = saved.damaged.iter().map(ToString::to_string).collect();
        match saved.position {
            None if !problems.is_empty() => return self.damaged(problems.join("; ")),
            position => self.epochs_done = Some(position.map_or(0, |(epoch, _)| epoch)),
        }
        self.problem = (!problems.is_empty()).then(|| problems.join("; "));
        self
    }

    /// Not at its end: with where it would go on, and how.
    fn resumable(self, view: &FolderView) -> Summary {
        let summary = self.saved(view.saved());
        if summary.state == State::Damaged {
            return summary;
        }
        summary.at_work_or_stopped()
    }

    /// A process works on it, or it can go on, and how.
    fn at_work_or_stopped(self) -> Summary {
        let mut summary = self.at_work_or(State::Stopped);
        if summary.state == State::Stopped {
            summary.next = Some(format!("tamis resume {}", summary.path));
        }
        summary
    }

    fn raced(mut self, outcome: RaceOutcome) -> Summary {
        self.data = Some(outcome.dataset.name.clone());
        self.space = Some(outcome.space.clone());
        self.genotype = Some(outcome.genotype.clone());
        self.cost = Some(Spent::of_trainings(&outcome.cost));
        self.race = Some(outcome);
        self.state = State::Finished;
        self
    }

    fn so_far(&mut self, epochs: &[Epoch]) {
        self.genotype = epochs.last().map(|epoch| epoch.genotype.clone());
        self.arch_val_accuracy = epochs.iter().rev().find_map(|epoch| epoch.arch_val_accuracy);
        self.cost = Some(Spent {
            weight_samples: Some(epochs.iter().map(|epoch| epoch.weight_samples).sum()),
            arch_samples: Some(epochs.iter().map(|epoch| epoch.arch_samples).sum()),
            // The sum of nothing is -0.
            search_wall_s: Some(epochs.iter().map(|epoch| epoch.wall_s).sum::<f64>() + 0.0),
            ..Spent::default()
        });
    }

    fn finished(mut self, outcome: Outcome) -> Summary {
        self.data = Some(outcome.dataset.name.clone());
        self.epochs_done = Some(outcome.epochs);
        self.genotype = Some(outcome.genotype.clone());
        self.arch_val_accuracy = outcome.arch_val_accuracy();
        self.decisive = Some(outcome.decisive);
        self.cost = Some(Spent::of(&outcome.cost));
        self.outcome = Some(outcome);
        self.state = State::Finished;
        self
    }
}

impl Spent {
    fn of_trainings(cost: &TrainingSpent) -> Spent {
        Spent {
            weight_samples: Some(cost.samples),
            one_off_samples: cost.one_off_samples,
            macs: Some(cost.macs),
            one_off_macs: cost.one_off_macs,
            search_wall_s: Some(cost.wall_s),
            one_off_wall_s: cost.one_off_wall_s,
            ..Spent::default()
        }
    }

    fn of(cost: &Cost) -> Spent {
        Spent {
            weight_samples: Some(cost.weight_samples),
            arch_samples: Some(cost.arch_samples),
            one_off_samples: cost.one_off_samples,
            sample_ratio: Some(cost.sample_ratio),
            macs: Some(cost.macs),
            one_off_macs: cost.one_off_macs,
            search_wall_s: Some(cost.search_wall_s),
            one_off_wall_s: cost.one_off_wall_s,
        }
    }
}
