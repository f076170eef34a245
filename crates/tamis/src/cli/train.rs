//! `tamis train`, and `tamis resume` of a training.

use std::path::{Path, PathBuf};

use tamis::{
    TrainingConfig, TrainingEnding, TrainingJob, TrainingOutcome, inputs_of_data, refuse_replacing,
};

use super::arguments::{ResumeArguments, TrainArguments};
use super::earlier::{searched, stopped};
use super::naming::{data_name, free_run};
use super::output::{print, tell, tell_lines};
use super::scoring::Watch;
use super::stop::Stop;
use super::threads::use_threads;
use super::{ExitCode, Failure, table};

pub(super) fn train(arguments: TrainArguments) -> Result<ExitCode, Failure> {
    let config = settings(&arguments)?;
    use_threads(arguments.common.threads)?;
    let out = arguments.new_run.out.clone().unwrap_or_else(|| free_folder(&config));
    let file = arguments.settings.layers.config.iter().cloned();
    let teacher = config.distillation.teacher.clone();
    let inputs = inputs_of_data(&config.data).into_iter().chain(arguments.run).chain(file);
    let inputs = inputs.chain(teacher);
    refuse_replacing(&out, &inputs.collect::<Vec<_>>())?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop);
    let job = TrainingJob::create(config, &out, &mut watch)?;
    run(job, &out, watch)
}

pub(super) fn resume(arguments: ResumeArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop);
    let job = TrainingJob::resume(&arguments.run, &mut watch)?;
    run(job, &arguments.run, watch)
}

fn settings(arguments: &TrainArguments) -> Result<TrainingConfig, Failure> {
    let searched = arguments.run.as_deref().map(searched).transpose()?;
    let (outcome, searched_on) = searched.unzip();
    let found = outcome.map(|outcome| outcome.genotype);
    let searched_on = searched_on.and_then(|layers| layers.table().get("data").cloned());
    let teacher = arguments.teacher.as_ref().map(|path| path.to_string_lossy().into_owned());
    let layers = arguments.settings.layers(|layers| {
        // Other data has other settings.
        let own_data = searched_on.filter(|_| arguments.settings.data.is_none());
        let layers = arguments.new_run.over(layers);
        layers
            .optional("data", own_data)
            .optional("network.genotype", arguments.genotype.clone().or(found))
            .optional("network.name", arguments.network.clone())
            .optional("network.channels", arguments.channels)
            .optional("network.cells", arguments.cells)
            .optional("distillation.teacher", teacher)
            .optional("recipe", arguments.recipe.clone())
            .optional("policy.name", arguments.policy.clone())
    })?;
    let config = TrainingConfig::resolve(&layers)?;
    tamis::data::find(&config.data)?;
    Ok(config)
}

/// `runs/DATA-train-NETWORK-POLICY-seedN`, with a number behind it if that is taken.
fn free_folder(config: &TrainingConfig) -> PathBuf {
    let name = config.network.name.as_deref();
    let network = name.or_else(|| config.network.space()).unwrap_or("network");
    let (data, policy) = (data_name(&config.data.source), &config.policy.name);
    let name = format!("{data}-train-{network}-{policy}-seed{}", config.seed);
    free_run(&name)
}

fn run(job: Option<TrainingJob>, out: &Path, mut watch: Watch) -> Result<ExitCode, Failure> {
    let Some(mut job) = job else {
        watch.finish();
        return Ok(stopped("before the training", out));
    };
    let ending = job.run(&mut watch);
    watch.finish();
    match ending? {
        TrainingEnding::Finished(outcome) => finished(&outcome, job.path()),
        TrainingEnding::Stopped(epoch, step) => {
            Ok(stopped(&format!("after epoch {epoch}, step {step}"), out))
        }
    }
}

fn finished(outcome: &TrainingOutcome, path: &Path) -> Result<ExitCode, Failure> {
    let accuracy = outcome.test.as_ref().map(|test| test.accuracy);
    print(match accuracy.or(outcome.validation_accuracy) {
        Some(accuracy) => format!("{accuracy:.4}\n"),
        None => "unknown\n".to_owned(),
    })?;
    tell("");
    tell_lines(table::aligned(&table::training_rows(outcome, path)));
    if accuracy.or(outcome.validation_accuracy).is_none() {
        tell("warning: the data has no test split: --set train.validation=0.1 holds images out");
    }
    Ok(ExitCode::SUCCESS)
}
