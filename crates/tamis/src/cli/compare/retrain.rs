//! `--retrain`: every architecture that a comparison found, trained on its own and judged on the test split.

use std::collections::BTreeMap;
use std::path::Path;

use tamis::compare::Comparison;
use tamis::{
    Layers, RunConfig, TrainingConfig, TrainingEnding, TrainingJob, TrainingOutcome, content_hash,
    is_training,
};

use crate::cli::Failure;
use crate::cli::output::tell;
use crate::cli::scoring::Watch;

/// Trains what is not trained yet, in folders named by everything that a training depends on, and puts the
/// accuracies beside the runs. False if `watch` stopped it; asked again, it goes on.
pub(super) fn retrain(
    comparison: &mut Comparison,
    config: &RunConfig,
    (recipe, folder): (&str, &Path),
    watch: &mut Watch,
) -> Result<bool, Failure> {
    let genotypes = comparison.genotypes();
    let mut accuracies = BTreeMap::new();
    for (number, genotype) in genotypes.iter().enumerate() {
        tell(format_args!("training {} of {}: {genotype}", number + 1, genotypes.len()));
        let training = settings(config, recipe, genotype)?;
        let path = folder.join(content_hash(training.to_toml()?.as_bytes()));
        let Some(outcome) = trained(training, &path, watch)? else { return Ok(false) };
        accuracies.extend(outcome.test.map(|test| (genotype.clone(), test.accuracy)));
    }
    if accuracies.is_empty() && !genotypes.is_empty() {
        tell("warning: the data has no test split: nothing can be said of what was trained");
    }
    comparison.take_retrained(&accuracies);
    Ok(true)
}

fn settings(config: &RunConfig, recipe: &str, genotype: &str) -> Result<TrainingConfig, Failure> {
    let layers = Layers::default()
        .value("recipe", recipe)
        .value("network.genotype", genotype)
        .value("device", config.place.device.as_str());
    let mut training = TrainingConfig::resolve(&layers)?;
    training.data.clone_from(&config.data);
    Ok(training)
}

fn trained(
    config: TrainingConfig,
    path: &Path,
    watch: &mut Watch,
) -> Result<Option<TrainingOutcome>, Failure> {
    let job = match is_training(path) {
        true => TrainingJob::resume(path, watch)?,
        false => TrainingJob::create(config, path, watch)?,
    };
    let Some(mut job) = job else { return Ok(None) };
    match job.run(watch)? {
        TrainingEnding::Finished(outcome) => Ok(Some(*outcome)),
        TrainingEnding::Stopped(..) => Ok(None),
    }
}
