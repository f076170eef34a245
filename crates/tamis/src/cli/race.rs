//! `tamis race`, and `tamis resume` of a race.

use std::path::{Path, PathBuf};

use tamis::race::RaceEvent;
use tamis::search::SPACES;
use tamis::space::Architecture;
use tamis::{
    RaceEnding, RaceJob, RaceOutcome, RaceStart, RunConfig, inputs_of_run, refuse_replacing,
};

use super::arguments::{ProgressKind, RaceArguments, ResumeArguments};
use super::earlier::{searched, stopped};
use super::naming::{data_name, free_run};
use super::output::{print, tell, tell_lines};
use super::progress::Shown;
use super::race_progress::RaceProgress;
use super::scoring::Watch;
use super::stop::Stop;
use super::threads::use_threads;
use super::{ExitCode, Failure, lookup, table};

pub(super) fn race(arguments: RaceArguments) -> Result<ExitCode, Failure> {
    let (config, start) = settings(&arguments)?;
    use_threads(arguments.common.threads)?;
    let out = arguments.out.clone().unwrap_or_else(|| free_folder(&config));
    let inputs = inputs_of_run(&config).into_iter().chain(arguments.run);
    let inputs = inputs.chain(arguments.settings.layers.config);
    refuse_replacing(&out, &inputs.collect::<Vec<_>>())?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let job = RaceJob::create(config, &start, &out, &mut watch)?;
    watch.finish();
    match job {
        Some(job) => run(job, arguments.common.progress, &stop),
        None => Ok(stopped("before the race", &out)),
    }
}

pub(super) fn resume(arguments: ResumeArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let resumed = RaceJob::resume(&arguments.run, &mut watch)?;
    watch.finish();
    match resumed {
        Some(job) => run(job, arguments.common.progress, &stop),
        None => Ok(stopped("before the race", &arguments.run)),
    }
}

/// The settings, and what the candidates begin at.
fn settings(arguments: &RaceArguments) -> Result<(RunConfig, RaceStart), Failure> {
    let (outcome, found_on) = arguments.run.as_deref().map(searched).transpose()?.unzip();
    let own_data = found_on.as_ref().and_then(|layers| layers.table().get("data").cloned());
    let own_space = found_on.as_ref().and_then(|layers| layers.table().get("space").cloned());
    let table = arguments.table.as_ref().map(|path| path.to_string_lossy().into_owned());
    let genotype = arguments.genotype.as_ref().map(|text| text.parse::<Architecture>());
    let genotype = genotype.transpose().map_err(tamis::Error::from)?;
    // That of the genotype, where it names one that is searched.
    let own_name = genotype.as_ref().map(|of| of.space().to_owned());
    let own_name = own_name.filter(|name| SPACES.iter().any(|entry| entry.name == *name));
    let layers = arguments.settings.layers(|layers| {
        // Other data or another space has other settings.
        layers
            .optional("data", own_data.filter(|_| arguments.settings.data.is_none()))
            .optional("space", own_space.filter(|_| arguments.space.is_none()))
            .optional("space.name", arguments.space.clone().or(own_name))
            .optional("policy.name", arguments.policy.clone())
            .optional("race.candidates", arguments.candidates.clone())
            .optional("seed", arguments.seed)
            .optional("table", table)
    })?;
    let mut config = layers.resolve()?;
    tamis::data::find(&config.data)?;
    if config.place.table.is_none() {
        config.place.table = lookup::default_table();
    }
    let start = outcome.as_ref().map(RaceStart::of).transpose()?;
    let mut start: RaceStart = start.unwrap_or_default();
    start.found = genotype.or(start.found);
    Ok((config, start))
}

/// `runs/DATA-race-CANDIDATES-POLICY-seedN`, with a number behind it if that is taken.
fn free_folder(config: &RunConfig) -> PathBuf {
    let (data, policy) = (data_name(&config.data.source), &config.search.policy.name);
    // Of a file its name alone.
    let candidates = data_name(&config.race.candidates);
    let name = format!("{data}-race-{candidates}-{policy}-seed{}", config.search.seed);
    free_run(&name)
}

fn run(mut job: RaceJob, progress: ProgressKind, stop: &Stop) -> Result<ExitCode, Failure> {
    let progress = Shown::of(progress);
    if matches!(progress, Shown::Bar | Shown::Plain) {
        let (notes, warnings) = job.told();
        notes.iter().for_each(|note| tell(format_args!("note: {note}")));
        warnings.iter().for_each(|warning| tell(format_args!("warning: {warning}")));
    }
    let mut progress = RaceProgress::new(progress, job.race());
    let ending = job.run(
        || stop.requested(),
        |event, race| {
            if matches!(event, RaceEvent::Stepped { .. }) {
                stop.stepped();
            }
            progress.show(event, race);
        },
    );
    progress.finish();
    match ending? {
        RaceEnding::Finished(outcome) => finished(&outcome, job.path()),
        RaceEnding::Stopped(rungs, trials) => {
            let when = format!("after {rungs} rungs and {trials} trials of the next");
            Ok(stopped(&when, job.path()))
        }
    }
}

fn finished(outcome: &RaceOutcome, path: &Path) -> Result<ExitCode, Failure> {
    print(format!("{}\n", outcome.genotype))?;
    tell("");
    tell_lines(table::aligned(&table::standings(outcome)));
    tell("");
    tell_lines(table::aligned(&table::race_rows(outcome, path)));
    outcome.notes.iter().for_each(|note| tell(format_args!("warning: {note}")));
    Ok(ExitCode::SUCCESS)
}
