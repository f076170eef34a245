//! `tamis search` and `tamis resume`.

use std::path::{Path, PathBuf};

use tamis::race::RaceEvent;
use tamis::search::Event;
use tamis::{
    Advanced, Ending, Job, LeftOpen, Opened, Outcome, RunConfig, inputs_of_run, refuse_replacing,
    summarize,
};

use super::arguments::{ProgressKind, ResumeArguments, SearchArguments};
use super::earlier::stopped;
use super::naming::{data_name, free_run};
use super::output::{print, tell, tell_lines};
use super::progress::{Progress, Shown};
use super::race_progress::RaceProgress;
use super::retrain::{Retraining, check_recipe};
use super::scoring::Watch;
use super::stop::Stop;
use super::threads::use_threads;
use super::{ExitCode, Failure, STOPPED, lookup, table};

pub(super) fn search(arguments: SearchArguments) -> Result<ExitCode, Failure> {
    let (config, open) = settings(&arguments)?;
    use_threads(arguments.common.threads)?;
    let out = arguments.new_run.out.clone().unwrap_or_else(|| free_folder(&config));
    let file = arguments.settings.layers.config.iter().cloned();
    refuse_replacing(&out, &inputs_of_run(&config).into_iter().chain(file).collect::<Vec<_>>())?;
    let stop = Stop::listen(&arguments.common)?;
    if arguments.or_resume {
        return make(&arguments, config, &out, &stop);
    }
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let job = Job::create(config, &out, &mut watch)?;
    watch.finish();
    let Some(job) = job else { return Ok(stopped("before the search", &out)) };
    if matches!(open, Some(LeftOpen::Recipe)) {
        warn_of_few_images(job.prepared().train.len());
    }
    run(job, arguments.common.progress, &stop)
}

/// Begins the run, goes on with it, or finds it finished; then trains what it found, if that is asked for.
fn make(
    arguments: &SearchArguments,
    config: RunConfig,
    out: &Path,
    stop: &Stop,
) -> Result<ExitCode, Failure> {
    let progress = arguments.common.progress;
    arguments.retrain.as_deref().map(check_recipe).transpose()?;
    let mut watch = Watch::new(progress, stop.clone());
    let opened = Job::open(config.clone(), out, &mut watch);
    watch.finish();
    let code = match opened? {
        Opened::Stopped => return Ok(stopped("before the search", out)),
        Opened::Finished(outcome) => {
            print(format!("{}\n", outcome.genotype))?;
            tell(format_args!("finished before: {}", out.display()));
            ExitCode::SUCCESS
        }
        Opened::Ready(job, notes) => {
            tell_notes(notes);
            run(*job, progress, stop)?
        }
    };
    match (&arguments.retrain, &arguments.retrained) {
        (Some(recipe), Some(folder)) if code == ExitCode::SUCCESS => {
            retrain(&config, out, (recipe, folder), watch)
        }
        _ => Ok(code),
    }
}

/// Trains what the finished run in a folder found.
fn retrain(
    config: &RunConfig,
    run: &Path,
    recipe: (&str, &Path),
    mut watch: Watch,
) -> Result<ExitCode, Failure> {
    let Some(outcome) = summarize(run)?.outcome else {
        let expected = "a result.json that can be read";
        let told =
            format!("training what {} found: found none, expected {expected}", run.display());
        return Err(Failure::Usage(told));
    };
    let training = Retraining::of(&outcome.genotype, config, recipe)?;
    let path = training.folder().display().to_string();
    tell(format_args!("training what was found in {path}"));
    let trained = training.trained(&mut watch);
    watch.finish();
    Ok(match trained? {
        Some(_) => ExitCode::SUCCESS,
        None => {
            tell("stopped while what was found is trained; the same command goes on");
            ExitCode::from(STOPPED)
        }
    })
}

fn tell_notes(notes: Vec<String>) {
    for note in notes {
        tell(format_args!("note: {note}"));
    }
}

pub(super) fn resume(arguments: ResumeArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let resumed = Job::resume(&arguments.run, &mut watch)?;
    watch.finish();
    let Some((job, notes)) = resumed else {
        return Ok(stopped("before the search", &arguments.run));
    };
    tell_notes(notes);
    run(job, arguments.common.progress, &stop)
}

/// What was filled in, and how to say otherwise.
fn note(open: LeftOpen) -> String {
    match open {
        LeftOpen::All => format!(
            "note: no data are named: searching by the recipe `{}` on {} drawn images, a tenth of them \
             each epoch; --data FOLDER searches on yours",
            LeftOpen::DEMO,
            table::thousands(u64::from(LeftOpen::DRAWN))
        ),
        LeftOpen::Recipe => format!(
            "note: searching by the recipe `{}`, on a tenth of the images; --policy full searches on \
             all of them as published",
            LeftOpen::QUICK
        ),
    }
}

/// Why a search on real data does not follow the recipe that it would if less were named.
const LEFT_NOTE: &str = "note: policy or host are named, so the other settings are those of the \
    published recipe `darts` and not of `quick`; --set recipe=quick takes those of `quick`";

/// Images below which a tenth is less than eight steps an epoch.
const FEW: usize = 10_000;

fn warn_of_few_images(images: usize) {
    if images < FEW {
        tell(format_args!(
            "warning: {images} images are few for the recipe `{}`: a tenth of them hardly moves \
             the architecture's parameters; --policy full searches on all of them",
            LeftOpen::QUICK
        ));
    }
}

/// The settings, and what they left open.
fn settings(arguments: &SearchArguments) -> Result<(RunConfig, Option<LeftOpen>), Failure> {
    let table = arguments.table.as_ref().map(|path| path.to_string_lossy().into_owned());
    let latency = arguments.latency.as_ref().map(|path| path.to_string_lossy().into_owned());
    let mut layers = arguments.settings.layers(|layers| {
        let layers = arguments.new_run.over(layers);
        layers
            .optional("space.name", arguments.space.clone())
            .optional("host.name", arguments.host.clone())
            .optional("policy.name", arguments.policy.clone())
            .optional("table", table)
            .optional("cost.target_macs", arguments.target_macs.map(|macs| macs as i64))
            .optional("cost.target_latency_ms", arguments.target_latency)
            .optional("cost.latency_table", latency)
    })?;
    let has_file = arguments.settings.layers.config.is_some();
    let open = if has_file { None } else { LeftOpen::of(&layers) };
    let mut note = None;
    if let Some(open) = &open {
        layers = open.filled(layers);
        note = Some(self::note(*open));
    } else if !has_file && LeftOpen::is_real(&layers) && !layers.sets("recipe") {
        note = Some(LEFT_NOTE.to_owned());
    }
    let mut config = layers.resolve()?;
    // Of data that are not there nothing else needs to be said.
    tamis::data::find(&config.data)?;
    if let Some(note) = note {
        tell(note);
    }
    if config.place.table.is_none() && !arguments.no_table {
        config.place.table = lookup::default_table();
    }
    Ok((config, open))
}

/// `runs/DATA-SPACE-HOST-POLICY-seedN`, with a number behind it if that is taken.
fn free_folder(config: &RunConfig) -> PathBuf {
    let data = data_name(&config.data.source);
    let search = &config.search;
    let name = format!(
        "{data}-{}-{}-{}-seed{}",
        search.space.name, search.host.name, search.policy.name, search.seed
    );
    free_run(&name)
}

fn run(mut job: Job, progress: ProgressKind, stop: &Stop) -> Result<ExitCode, Failure> {
    let (kind, mut finish) = (Shown::of(progress), None);
    let mut progress = Progress::new(progress, job.prepared());
    let ending = job.run(
        || stop.requested(),
        |advanced| match advanced {
            Advanced::Search(event) => {
                if matches!(event, Event::Stepped { .. }) {
                    stop.stepped();
                }
                progress.show(event);
            }
            Advanced::Race(event, race) => {
                if matches!(event, RaceEvent::Stepped { .. }) {
                    stop.stepped();
                }
                if finish.is_none() {
                    progress.finish();
                }
                finish.get_or_insert_with(|| RaceProgress::new(kind, race)).show(event, race);
            }
        },
    );
    progress.finish();
    finish.iter().for_each(RaceProgress::finish);
    match ending? {
        Ending::Finished(outcome) => finished(&outcome, &job),
        Ending::Stopped(epoch, step) => {
            Ok(stopped(&format!("after epoch {epoch}, step {step}"), job.path()))
        }
    }
}

fn finished(outcome: &Outcome, job: &Job) -> Result<ExitCode, Failure> {
    print(format!("{}\n", outcome.genotype))?;
    let rows = table::outcome_rows(outcome, job.path());
    tell("");
    tell_lines(table::aligned(&rows));
    let scale = job.prepared().search.config().alpha.lr_scale;
    for warning in table::warnings(outcome, scale) {
        tell(format_args!("warning: {warning}"));
    }
    Ok(ExitCode::SUCCESS)
}
