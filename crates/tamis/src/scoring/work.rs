//! The work folder of one training: goes on from its newest checkpoint, saves, and stops.

use std::path::Path;

use tamis_run::RunFolder;
use tamis_training::{Training, TrainingEvent};

use super::{Observer, ScoringEvent};
use crate::error::Error;
use crate::folder::Sitting;

/// Trains to the end, in the folder of this description and name beside `out`. False if stopped.
pub(super) fn train(
    training: &mut dyn Training,
    what: &'static str,
    (description, name): (String, String),
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    let folder = RunFolder::open_or_create(&out.with_file_name(name), description.as_bytes())?;
    let mut sitting = Sitting::new(folder);
    restore(training, &sitting, observer)?;
    let progress = training.progress();
    observer.observe(&ScoringEvent::Training {
        what,
        steps_done: progress.steps_done(),
        steps: u64::from(progress.epochs) * u64::from(progress.steps),
        epochs: progress.epochs,
    });
    run(training, &mut sitting, observer)
}

fn restore(
    training: &mut dyn Training,
    sitting: &Sitting,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let Some(earlier) = sitting.earlier()? else { return Ok(()) };
    for note in earlier.notes {
        observer.observe(&ScoringEvent::Note(note));
    }
    Ok(training.restore(&earlier.snapshot)?)
}

fn run(
    training: &mut dyn Training,
    sitting: &mut Sitting,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    loop {
        if observer.stop() {
            save(training, sitting)?;
            return Ok(false);
        }
        let event = match training.advance() {
            // It is where it was before the images that cannot be read; the first error is the one to report.
            Err(error @ tamis_training::Error::Data(_)) => {
                let _ = save(training, sitting);
                return Err(error.into());
            }
            advanced => advanced?,
        };
        match &event {
            TrainingEvent::Finished => return Ok(true),
            TrainingEvent::EpochEnded(_) => save(training, sitting)?,
            TrainingEvent::Stepped { .. } if sitting.is_due() => save(training, sitting)?,
            TrainingEvent::Stepped { .. } => {}
        }
        observer.observe(&ScoringEvent::Trained(event));
    }
}

fn save(training: &dyn Training, sitting: &mut Sitting) -> Result<(), Error> {
    let progress = training.progress();
    sitting.save((progress.epoch, progress.step), &training.snapshot())
}
