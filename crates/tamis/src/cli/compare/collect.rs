//! `--collect`: takes finished runs into the results, wherever they were made, and says which are missing.
//!
//! Nothing is begun, and of the results file nothing is changed: lines are added. Whoever makes a run writes
//! its folder alone; so it is this, and a local comparison, that write the results.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tamis::compare::{Comparison, Plan, PlannedRun, Results, line};
use tamis::{Error, RunConfig, State, Summary, summarize};

use super::command::Places;
use crate::cli::output::{tell, tell_lines};
use crate::cli::pace::in_words;
use crate::cli::retrain::Retraining;
use crate::cli::{ExitCode, Failure, MISSING};

/// What was found beside the results.
#[derive(Default)]
pub(super) struct Collected {
    /// Finished runs that cannot be taken in.
    unfit: Vec<Failure>,
    /// Runs and trainings that are not finished.
    missing: Vec<Missing>,
}

/// Something that is not finished, and how far it is.
struct Missing {
    what: String,
    state: Unfinished,
}

/// How far something is that is not finished.
enum Unfinished {
    NotBegun,
    InUse,
    Begun(String),
    Damaged(String),
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfinished::NotBegun => f.write_str("not begun"),
            Unfinished::InUse => f.write_str("in use"),
            Unfinished::Begun(how_far) => write!(f, "begun, {how_far}"),
            Unfinished::Damaged(problem) => write!(f, "damaged: {problem}"),
        }
    }
}

/// Adds the line of a finished run to the results.
pub(super) fn take_in(
    planned: &PlannedRun,
    folder: &Path,
    results: &mut Results,
) -> Result<(), Failure> {
    let (result, run) = (text(folder, "result.json")?, text(folder, "run.json")?);
    Ok(results.append(&line(&result, &run, &planned.key)?)?)
}

/// The text of a file of a finished run.
fn text(folder: &Path, name: &str) -> Result<String, Error> {
    let path = folder.join(name);
    let unreadable = tamis::record::Error::file("a finished run", &path);
    Ok(fs::read_to_string(&path).map_err(unreadable)?)
}

impl Collected {
    /// Adds the finished runs that the results lack.
    pub(super) fn of(
        plan: &Plan,
        results: &mut Results,
        places: &Places,
    ) -> Result<Collected, Failure> {
        let mut collected = Collected::default();
        let is_finished = |planned: &PlannedRun| places.is_finished(planned);
        if plan.missing(results).any(is_finished) {
            // What another collector has added since is read again.
            let _results = results.lock()?;
            let finished: Vec<PlannedRun> =
                plan.missing(results).filter(|run| is_finished(run)).cloned().collect();
            for planned in &finished {
                let taken = take_in(planned, &places.folder(planned), results);
                collected.unfit.extend(taken.err());
            }
        }
        let missing = plan.missing(results).filter(|planned| !is_finished(planned));
        collected.missing.extend(missing.map(|planned| {
            let what = planned.key.folder_name();
            Missing { what, state: unfinished(&places.folder(planned)) }
        }));
        Ok(collected)
    }

    /// Puts the accuracies of finished trainings beside the runs.
    pub(super) fn take_retrained(
        &mut self,
        comparison: &mut Comparison,
        config: &RunConfig,
        recipe: (&str, &Path),
    ) -> Result<(), Failure> {
        let mut accuracies = std::collections::BTreeMap::new();
        for genotype in comparison.genotypes() {
            let training = Retraining::of(&genotype, config, recipe)?;
            match training.finished() {
                Some(outcome) => {
                    accuracies.extend(outcome.test.map(|test| (genotype, test.accuracy)));
                }
                None => self.missing.push(Missing {
                    what: format!("the training of {genotype}"),
                    state: unfinished(training.folder()),
                }),
            }
        }
        comparison.take_retrained(&accuracies);
        Ok(())
    }

    /// Says what is missing, and ends as that is.
    pub(super) fn end(&self, plan: &Plan, results: &Results) -> ExitCode {
        for failure in &self.unfit {
            tell_lines(format_args!("error: {failure}"));
        }
        for Missing { what, state } in &self.missing {
            tell(format_args!("missing: {what}: {state}"));
        }
        let (all, left) = (plan.runs.len(), plan.missing(results).count());
        tell(format_args!("{} of {all} runs are in {}", all - left, results.path().display()));
        match (self.unfit.first(), self.missing.is_empty()) {
            (Some(failure), _) => ExitCode::from(failure.exit_code()),
            (None, false) => ExitCode::from(MISSING),
            (None, true) => ExitCode::SUCCESS,
        }
    }
}

/// How far what is in a folder is.
fn unfinished(folder: &Path) -> Unfinished {
    match summarize(folder) {
        Err(_) => Unfinished::NotBegun,
        Ok(Summary { state: State::Damaged, problem, .. }) => {
            Unfinished::Damaged(problem.unwrap_or_default())
        }
        Ok(Summary { in_use: Some(true), .. }) => Unfinished::InUse,
        Ok(Summary { epochs_done, epochs, .. }) => {
            let number = |of: Option<u32>| of.map_or("?".to_owned(), |of| of.to_string());
            let epochs = format!("{} of {} epochs", number(epochs_done), number(epochs));
            // A process on another machine is not seen: but when it last saved is.
            let ago = saved_ago(folder).map(|ago| in_words(ago.as_secs_f64()));
            let saved = ago.map_or(String::new(), |ago| format!(", saved {ago} ago"));
            Unfinished::Begun(epochs + &saved)
        }
    }
}

/// How long ago the newest checkpoint was written.
fn saved_ago(folder: &Path) -> Option<Duration> {
    let entries = fs::read_dir(folder.join("checkpoints")).ok()?.flatten();
    let newest = entries.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()?;
    SystemTime::now().duration_since(newest).ok()
}
