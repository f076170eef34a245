//! The work folder of one training: goes on from its newest checkpoint, saves, and stops.

use std::path::Path;
use std::time::{Duration, Instant};

use tamis_run::RunFolder;
use tamis_search::training::{Training, TrainingEvent};

use super::{Observer, ScoringEvent};
use crate::checkpoints::{to_checkpoint, to_snapshot};
use crate::error::Error;

/// Longest stretch of work that a crash may lose.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(300);

/// Trains to the end, in the folder of this description and name beside `out`. False if stopped.
pub(super) fn train(
    training: &mut dyn Training,
    what: &'static str,
    (description, name): (String, String),
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    let folder = open(&out.with_file_name(name), &description)?;
    restore(training, &folder, observer)?;
    let (epoch, step) = training.position();
    let steps = u64::from(training.steps());
    observer.observe(&ScoringEvent::Training {
        what,
        steps_done: u64::from(epoch) * steps + u64::from(step),
        steps: u64::from(training.epochs()) * steps,
        epochs: training.epochs(),
    });
    run(training, &folder, observer)
}

fn open(path: &Path, description: &str) -> Result<RunFolder, Error> {
    if path.exists() {
        return Ok(RunFolder::open(path)?);
    }
    let folder = RunFolder::create(path)?;
    folder.write("config.toml", description.as_bytes())?;
    Ok(folder)
}

fn restore(
    training: &mut dyn Training,
    folder: &RunFolder,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    match folder.latest_checkpoint() {
        Ok(found) => {
            for error in &found.damaged {
                observer.observe(&ScoringEvent::Note(error.to_string()));
            }
            Ok(training.restore(&to_snapshot(found.checkpoint, &found.path)?)?)
        }
        Err(tamis_run::Error::NoCheckpoint { .. }) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

fn run(
    training: &mut dyn Training,
    folder: &RunFolder,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    let mut saved_at = Instant::now();
    loop {
        if observer.stop() {
            save(training, folder)?;
            return Ok(false);
        }
        let event = training.advance()?;
        match &event {
            TrainingEvent::Finished => return Ok(true),
            TrainingEvent::EpochEnded(_) => {
                save(training, folder)?;
                saved_at = Instant::now();
            }
            TrainingEvent::Stepped { .. } if saved_at.elapsed() > CHECKPOINT_INTERVAL => {
                save(training, folder)?;
                saved_at = Instant::now();
            }
            TrainingEvent::Stepped { .. } => {}
        }
        observer.observe(&ScoringEvent::Trained(event));
    }
}

fn save(training: &dyn Training, folder: &RunFolder) -> Result<(), Error> {
    let (epoch, step) = training.position();
    folder.save_checkpoint(epoch, step, &to_checkpoint(training.snapshot()))?;
    Ok(())
}
