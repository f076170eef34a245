//! A training as a state machine.

use tamis_core::Snapshot;
use tamis_data::TrainingBatch;

use crate::course::{Next, Progress, TrainingRecord};
use crate::error::Error;

/// What [`Training::advance`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingEvent {
    /// A step was taken.
    Stepped {
        /// Epoch, from 0.
        epoch: u32,
        /// Step of the epoch, from 0.
        step: u32,
        /// Loss of the batch.
        loss: f64,
    },
    /// An epoch is over.
    EpochEnded(TrainingRecord),
    /// All epochs are over.
    Finished,
}

impl Next {
    /// As an event, with this step of a batch.
    pub(crate) fn event(
        self,
        step: impl FnOnce(&TrainingBatch) -> Result<TrainingEvent, Error>,
    ) -> Result<TrainingEvent, Error> {
        match self {
            Next::Batch(made) => step(&made),
            Next::EpochOver(record) => Ok(TrainingEvent::EpochEnded(record)),
            Next::Finished => Ok(TrainingEvent::Finished),
        }
    }
}

/// A training, as whoever runs and saves it sees it.
pub trait Training {
    /// Does the next thing there is to do.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if the loss is no finite number any more, or a batch that cannot be made.
    fn advance(&mut self) -> Result<TrainingEvent, Error>;

    /// Where it stands.
    fn progress(&self) -> Progress;

    /// The whole state.
    fn snapshot(&self) -> Snapshot;

    /// Takes up the state of a snapshot made by a training with the same settings and data.
    ///
    /// # Errors
    ///
    /// [`Error::Snapshot`] if anything is missing or of another shape; then this training must not
    /// be used any more.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error>;
}
