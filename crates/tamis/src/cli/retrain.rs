//! `--retrain`: an architecture that a search found, trained on its own and judged on the test split.
//!
//! A training lies in a folder named by everything that it depends on, so that what several runs find is
//! trained once.

use std::path::{Path, PathBuf};

use tamis::run::Error as RunError;
use tamis::{
    Error, Layers, RunConfig, TrainingConfig, TrainingEnding, TrainingJob, TrainingOutcome,
    content_hash, is_training, summarize,
};

use super::Failure;
use super::scoring::Watch;

/// Refuses a recipe that there is not, before anything is searched to be trained by it.
pub(super) fn check_recipe(recipe: &str) -> Result<(), Failure> {
    TrainingConfig::resolve(&Layers::default().value("recipe", recipe))?;
    Ok(())
}

/// The training of one architecture.
pub(super) struct Retraining {
    config: TrainingConfig,
    folder: PathBuf,
}

impl Retraining {
    /// By a recipe, on the data of a search with these settings, in a folder in this one.
    pub(super) fn of(
        genotype: &str,
        config: &RunConfig,
        (recipe, folder): (&str, &Path),
    ) -> Result<Retraining, Failure> {
        let layers = Layers::default()
            .value("recipe", recipe)
            .value("network.genotype", genotype)
            .value("device", config.place.device.as_str());
        let mut training = TrainingConfig::resolve(&layers)?;
        training.data.clone_from(&config.data);
        let folder = folder.join(content_hash(training.to_toml()?.as_bytes()));
        Ok(Retraining { config: training, folder })
    }

    /// Where it lies.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its result, if it is finished. Nothing is begun or changed.
    pub(super) fn finished(&self) -> Option<TrainingOutcome> {
        summarize(&self.folder).ok()?.training
    }

    /// Its result: begun or gone on with if it is not finished. `None` if `watch` stopped it; asked again,
    /// it goes on.
    pub(super) fn trained(self, watch: &mut Watch) -> Result<Option<TrainingOutcome>, Failure> {
        if let Some(outcome) = self.finished() {
            return Ok(Some(outcome));
        }
        let Some(mut job) = self.job(watch)? else { return Ok(None) };
        match job.run(watch)? {
            TrainingEnding::Finished(outcome) => Ok(Some(*outcome)),
            TrainingEnding::Stopped(..) => Ok(None),
        }
    }

    fn job(self, watch: &mut Watch) -> Result<Option<TrainingJob>, Error> {
        let path = &self.folder;
        if !is_training(path) {
            match TrainingJob::create(self.config, path, watch) {
                // Another process has begun it since.
                Err(Error::Run(RunError::NotEmpty { .. })) if is_training(path) => {}
                created => return created,
            }
        }
        TrainingJob::resume(path, watch)
    }
}
