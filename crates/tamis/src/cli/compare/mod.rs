//! `tamis compare`: a grid of runs, each made by a process of its own, here or wherever `--plan` is carried
//! out, and their table.

mod children;
mod collect;
mod command;
mod csv;
mod figures;
mod markdown;
mod picture;
mod plan;
mod progress;
mod shell;
mod slurm;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tamis::compare::{
    Comparison, DataIdentity, Grid, Plan, PlannedRun, Results, Seeds, parse_policies,
    refuse_grid_setting,
};
use tamis::data::{Dataset, open};
use tamis::run::FolderLock;
use tamis::space::nas_bench_201::Table;
use tamis::{
    Error, Layers, RunConfig, inputs_of_run, is_provided, load_table, provide, refuse_replacing,
};

use super::arguments::{CompareArguments, ComparisonFormat, PlanForm};
use super::output::{print, print_text, tell, tell_lines};
use super::retrain::{Retraining, check_recipe};
use super::scoring::Watch;
use super::stop::Stop;
use super::threads::processors;
use super::{ExitCode, Failure, STOPPED, lookup};
use children::{Ended, Options};
use collect::Collected;
use command::Places;
use progress::Progress;

pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode, Failure> {
    let asked = Asked::of(arguments)?;
    match (arguments.plan, arguments.collect) {
        (Some(form), _) => planned(asked, arguments, form),
        (None, true) => collect(asked, arguments),
        (None, false) => make(asked, arguments),
    }
}

/// What is to be compared, and what there is of it.
struct Asked {
    config: RunConfig,
    plan: Plan,
    results: Results,
    table: Option<Table>,
    data: Data,
    places: Places,
}

impl Asked {
    fn of(arguments: &CompareArguments) -> Result<Asked, Failure> {
        let base = settings(arguments)?;
        let config = base.resolve()?;
        let grid = grid(arguments, &config)?;
        arguments.retrain.as_deref().map(check_recipe).transpose()?;
        let path = arguments.results.clone();
        let path = path.unwrap_or_else(|| arguments.out.join("results.jsonl"));
        let file = arguments.settings.layers.config.iter().cloned();
        let inputs: Vec<PathBuf> = inputs_of_run(&config).into_iter().chain(file).collect();
        for output in [&path, &arguments.out] {
            refuse_replacing(output, &inputs)?;
        }
        let results = Results::open(&path)?;
        let table = config.place.table.as_deref().map(load_table).transpose()?;
        let (identity, data) = identify(&config, &results)?;
        let plan = Plan::of(&grid, &base, &identity)?;
        tell_of(&results, &data);
        let places = Places::of(&arguments.out, arguments.retrain.as_deref());
        Ok(Asked { config, plan, results, table, data, places })
    }
}

/// Prints the commands of the runs that are missing.
fn planned(
    asked: Asked,
    arguments: &CompareArguments,
    form: PlanForm,
) -> Result<ExitCode, Failure> {
    let Asked { plan, results, data, places, .. } = asked;
    if plan.missing(&results).next().is_some() {
        let unprovided = check(&plan, &results, &data?)?;
        if let Some(first) = unprovided.first() {
            let policy = &first.run.choice.policy;
            tell(format_args!(
                "note: {policy} needs scores or embeddings, and no setting names any: the first run that \
                 needs them makes them, and the others wait"
            ));
        }
    }
    plan::print_plan(&plan, &results, &places, arguments, form)
}

/// Takes in what is finished and begins nothing.
fn collect(asked: Asked, arguments: &CompareArguments) -> Result<ExitCode, Failure> {
    let Asked { config, plan, mut results, table, places, .. } = asked;
    let mut collected = Collected::of(&plan, &mut results, &places)?;
    let mut comparison = Comparison::of(&plan, &results, table.as_ref());
    if let Some(retrain) = places.retrain() {
        collected.take_retrained(&mut comparison, &config, retrain)?;
    }
    print_comparison(&comparison, arguments)?;
    tell_origins(&plan, &results);
    Ok(collected.end(&plan, &results))
}

/// Makes what is missing, here.
fn make(asked: Asked, arguments: &CompareArguments) -> Result<ExitCode, Failure> {
    let Asked { config, plan, mut results, table, data, places } = asked;
    let mut ended = Ended::default();
    if plan.missing(&results).next().is_some() {
        let train = data?;
        let unprovided = check(&plan, &results, &train)?;
        ended = execute(arguments, &plan, &mut results, (train, unprovided))?;
    }
    let mut comparison = Comparison::of(&plan, &results, table.as_ref());
    if let Some(recipe) = places.retrain().filter(|_| !ended.stopped) {
        let stop = Stop::listen(&arguments.common)?;
        let mut watch = Watch::new(arguments.common.progress, stop);
        let whole = retrain(&mut comparison, &config, recipe, &mut watch);
        watch.finish();
        if !whole? {
            tell("stopped while architectures were trained; the same command goes on");
            return Ok(ExitCode::from(STOPPED));
        }
    }
    print_comparison(&comparison, arguments)?;
    Ok(finish(&plan, &results, &ended))
}

/// Trains what is not trained yet, and puts the accuracies beside the runs. False if `watch` stopped it;
/// asked again, it goes on.
fn retrain(
    comparison: &mut Comparison,
    config: &RunConfig,
    recipe: (&str, &Path),
    watch: &mut Watch,
) -> Result<bool, Failure> {
    let genotypes = comparison.genotypes();
    let mut accuracies = BTreeMap::new();
    for (number, genotype) in genotypes.iter().enumerate() {
        tell(format_args!("training {} of {}: {genotype}", number + 1, genotypes.len()));
        let training = Retraining::of(genotype, config, recipe)?;
        let Some(outcome) = training.trained(watch)? else { return Ok(false) };
        accuracies.extend(outcome.test.map(|test| (genotype.clone(), test.accuracy)));
    }
    if accuracies.is_empty() && !genotypes.is_empty() {
        tell("warning: the data has no test split: nothing can be said of what was trained");
    }
    comparison.take_retrained(&accuracies);
    Ok(true)
}

fn print_comparison(comparison: &Comparison, arguments: &CompareArguments) -> Result<(), Failure> {
    let text = written(comparison, arguments);
    match arguments.format {
        ComparisonFormat::Text | ComparisonFormat::Markdown => print_text(&text),
        ComparisonFormat::Csv | ComparisonFormat::Svg => print(text),
    }
}

fn settings(arguments: &CompareArguments) -> Result<Layers, Failure> {
    for assignment in &arguments.settings.layers.set {
        refuse_grid_setting(assignment)?;
    }
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut layers = arguments.settings.layers(|layers| {
        layers
            .optional("train.epochs", arguments.epochs)
            .optional("train.batch", arguments.batch)
            .optional("table", arguments.table.as_ref().map(text))
    })?;
    if layers.resolve()?.place.table.is_none() {
        layers = layers.optional("table", lookup::default_table().as_ref().map(text));
    }
    Ok(layers)
}

fn grid(arguments: &CompareArguments, config: &RunConfig) -> Result<Grid, Failure> {
    let or = |named: &[String], default: String| match named {
        [] => vec![default],
        named => named.iter().map(|name| name.trim().to_owned()).collect(),
    };
    let search = &config.search;
    let scale = toml::Value::try_from(search.alpha.lr_scale).ok();
    let scale = scale.as_ref().and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let seeds: Seeds = arguments.seeds.parse()?;
    let grid = Grid {
        spaces: or(&arguments.spaces, search.space.name.clone()),
        hosts: or(&arguments.hosts, search.host.name.clone()),
        policies: parse_policies(&arguments.policies, &seeds)?,
        scales: or(&arguments.alpha_lr_scales, scale),
    };
    grid.check()?;
    Ok(grid)
}

/// The data, or why it cannot be read.
type Data = Result<Arc<Dataset>, Error>;

/// What the data is; where it cannot be read, what all results say it is.
fn identify(config: &RunConfig, results: &Results) -> Result<(DataIdentity, Data), Error> {
    let opened = open(&config.data).map_err(Error::from).and_then(|loaded| {
        let identity = DataIdentity::new(&loaded, config)?;
        for (kind, lines) in [("note", &loaded.notes), ("warning", &loaded.warnings)] {
            lines.iter().for_each(|line| tell(format_args!("{kind}: {line}")));
        }
        Ok((identity, Arc::new(loaded.train)))
    });
    match opened {
        Ok((identity, train)) => Ok((identity, Ok(train))),
        // Mistakes in the settings are mistakes whatever the results say.
        Err(error) if error.exit_code() != 3 => Err(error),
        Err(error) => match results.data_identity() {
            Some(identity) => Ok((identity, Err(error))),
            None => Err(error),
        },
    }
}

fn tell_of(results: &Results, data: &Data) {
    let path = results.path().display();
    for note in results.notes() {
        tell(format_args!("note: {path}: {note}"));
    }
    if let Err(error) = data {
        tell(format_args!("note: {error}: taken for the data of the results in {path}"));
    }
}

/// Builds a search of every arm that has runs to make, so that mistakes show before any run. Returns a
/// run of each arm that lacks scores or embeddings.
fn check<'a>(
    plan: &'a Plan,
    results: &Results,
    train: &Arc<Dataset>,
) -> Result<Vec<&'a PlannedRun>, Failure> {
    let mut arms = BTreeSet::new();
    let mut unprovided = Vec::new();
    for planned in plan.runs.iter().filter(|planned| results.find(&planned.key).is_none()) {
        let run = &planned.run;
        let is_new = arms.insert((&run.space, &run.host, &run.choice));
        if is_new && !is_provided(&planned.config, train.clone())? {
            unprovided.push(planned);
        }
    }
    Ok(unprovided)
}

/// Makes the scores and embeddings that runs lack, here and not in the runs, of which two at once could
/// not make the same. False if stopped.
fn provide_all(
    unprovided: &[&PlannedRun],
    train: &Arc<Dataset>,
    places: &Places,
    watch: &mut Watch,
) -> Result<bool, Failure> {
    for planned in unprovided {
        if !provide(&planned.config, train, &places.folder(planned), watch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn execute(
    arguments: &CompareArguments,
    plan: &Plan,
    results: &mut Results,
    (train, unprovided): (Arc<Dataset>, Vec<&PlannedRun>),
) -> Result<Ended, Failure> {
    let folder = &arguments.out;
    std::fs::create_dir_all(folder)
        .map_err(Failure::system("creating the folder", folder.display()))?;
    // The folder holds the runs, and the results may be those of several folders.
    let _folder = FolderLock::take(folder, "compare.lock")?;
    let _results = results.lock()?;
    let jobs = usize::from(arguments.jobs);
    let shared = if jobs > 1 { Some((processors()? / jobs).max(1)) } else { None };
    let options = Options {
        places: Places::of(folder, None),
        jobs,
        threads: arguments.common.threads.or(shared),
        stop_after_runs: arguments.stop_after_runs,
        stop_after_steps: arguments.common.stop_after_steps,
    };
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let all_provided = provide_all(&unprovided, &train, &options.places, &mut watch);
    watch.finish();
    // The runs are made by processes that read the images themselves.
    drop(train);
    if !all_provided? {
        return Ok(Ended { stopped: true, ..Ended::default() });
    }
    let mut progress = Progress::new(arguments.common.progress, plan, results, jobs);
    let ended = children::make(plan, results, &options, &stop, &mut progress);
    progress.finish();
    ended
}

fn written(comparison: &Comparison, arguments: &CompareArguments) -> String {
    match arguments.format {
        ComparisonFormat::Text => text::text(comparison, arguments.wide),
        ComparisonFormat::Csv => csv::csv(comparison),
        ComparisonFormat::Markdown => markdown::markdown(comparison),
        ComparisonFormat::Svg => picture::picture(comparison),
    }
}

/// Says where the runs of the table come from, where that is not one place.
fn tell_origins(plan: &Plan, results: &Results) {
    let used = || plan.runs.iter().filter_map(|planned| results.find(&planned.key));
    let machines: BTreeSet<String> =
        used().map(|record| record.section.machine.to_string()).collect();
    let versions: BTreeSet<&str> = used().map(|record| record.section.tamis.as_str()).collect();
    if machines.len() > 1 {
        let machines = machines.len();
        let hint = "compare their seconds by the speed-up only, which is of runs of one machine";
        tell(format_args!("note: the runs are of {machines} machines: {hint}"));
    }
    if versions.len() > 1 {
        tell(format_args!("note: the runs are of {} versions of Tamis", versions.len()));
    }
}

/// Says what the table does not, and how it ended.
fn finish(plan: &Plan, results: &Results, ended: &Ended) -> ExitCode {
    tell_origins(plan, results);
    for failed in &ended.failed {
        tell_lines(format_args!("error: {failed}"));
    }
    let left = plan.missing(results).count();
    if ended.stopped {
        let (total, done) = (plan.runs.len(), plan.runs.len() - left);
        tell(format_args!("stopped with {done} of {total} runs done; the same command goes on"));
        return ExitCode::from(STOPPED);
    }
    ended.failed.first().map_or(ExitCode::SUCCESS, |failed| ExitCode::from(failed.code))
}
