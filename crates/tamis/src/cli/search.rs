//! `tamis search` and `tamis resume`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tamis::search::Event;
use tamis::{Ending, Job, Layers, Outcome, RunConfig};

use super::arguments::{CommonArguments, ResumeArguments, SearchArguments};
use super::output::{print, tell, tell_lines};
use super::progress::Progress;
use super::stop::Stop;
use super::{Failure, STOPPED, lookup, table};

pub(super) fn search(arguments: SearchArguments) -> Result<ExitCode, Failure> {
    let (config, is_open) = settings(&arguments)?;
    use_threads(arguments.common.threads)?;
    let out = arguments.out.unwrap_or_else(|| free_folder(&config));
    let job = Job::create(config, &out)?;
    if is_open {
        warn_of_few_images(job.prepared().train.len());
    }
    run(job, arguments.common)
}

pub(super) fn resume(arguments: ResumeArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let (job, notes) = Job::resume(&arguments.run)?;
    for note in notes {
        tell(format_args!("note: {note}"));
    }
    run(job, arguments.common)
}

/// The recipe of a search on real data that names neither host, policy nor recipe.
const QUICK: &str = "quick";

const QUICK_NOTE: &str = "note: searching by the recipe `quick`, on a tenth of the images; \
    --policy full searches on all of them as published";

/// Images below which a tenth is less than eight steps an epoch.
const FEW: usize = 10_000;

fn warn_of_few_images(images: usize) {
    if images < FEW {
        tell(format_args!(
            "warning: {images} images are few for the recipe `{QUICK}`: a tenth of them hardly moves \
             the architecture's parameters; --policy full searches on all of them"
        ));
    }
}

/// Whether real data is to be searched on and nothing says how.
fn leaves_search_open(layers: &Layers) -> bool {
    let real = layers.sets("data.source") && !layers.has("data.source", "synthetic");
    real && !["recipe", "host.name", "policy.name"].iter().any(|path| layers.sets(path))
}

/// The settings, and whether the recipe was left open.
fn settings(arguments: &SearchArguments) -> Result<(RunConfig, bool), Failure> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut layers = arguments.settings.layers(|layers| {
        layers
            .optional("space.name", arguments.space.clone())
            .optional("host.name", arguments.host.clone())
            .optional("policy.name", arguments.policy.clone())
            .optional("train.epochs", arguments.epochs)
            .optional("train.batch", arguments.batch)
            .optional("seed", arguments.seed)
            .optional("table", arguments.table.as_ref().map(text))
    })?;
    let is_open = arguments.settings.layers.config.is_none() && leaves_search_open(&layers);
    if is_open {
        layers = layers.value("recipe", QUICK);
        tell(QUICK_NOTE);
    }
    let mut config = layers.resolve()?;
    if config.place.table.is_none() {
        config.place.table = lookup::default_table();
    }
    Ok((config, is_open))
}

/// Computes with so many threads, if a number is given.
pub(super) fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::Usage(format!("starting {threads} threads: {error}")))
}

/// `runs/DATA-SPACE-HOST-POLICY-seedN`, with a number behind it if that is taken.
fn free_folder(config: &RunConfig) -> PathBuf {
    let data = Path::new(&config.data.source).file_name().unwrap_or_default().to_string_lossy();
    let search = &config.search;
    let name = format!(
        "{data}-{}-{}-{}-seed{}",
        search.space.name, search.host.name, search.policy.name, search.seed
    );
    let name = name.replace(|c: char| !c.is_alphanumeric() && !"-._".contains(c), "-");
    let taken = |path: &PathBuf| path.exists();
    let numbered = (2..).map(|number| PathBuf::from(format!("runs/{name}-{number}")));
    let first = PathBuf::from(format!("runs/{name}"));
    std::iter::once(first).chain(numbered).find(|path| !taken(path)).unwrap_or_default()
}

fn run(mut job: Job, common: CommonArguments) -> Result<ExitCode, Failure> {
    let stop = Stop::listen(&common)?;
    let mut progress = Progress::new(common.progress, job.prepared());
    let ending = job.run(
        || stop.requested(),
        |event| {
            if matches!(event, Event::Stepped { .. }) {
                stop.stepped();
            }
            progress.show(event);
        },
    );
    progress.finish();
    match ending? {
        Ending::Finished(outcome) => finished(&outcome, &job),
        Ending::Stopped(epoch, step) => {
            let path = job.path().display();
            tell(format_args!("stopped after epoch {epoch}, step {step}; go on with:"));
            tell(format_args!("  tamis resume {path}"));
            Ok(ExitCode::from(STOPPED))
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
