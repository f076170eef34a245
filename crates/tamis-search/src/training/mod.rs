//! Networks trained on their own: before a search the classifier that scores images and the
//! autoencoder that says how much they are alike, after it the network that was found.
//!
//! As the search, a training is a state machine: [`Training::advance`] does the next small thing,
//! [`Training::snapshot`] is the whole state at any step, and a training that is restored from it
//! goes on as if it had never stopped. Batches, order and augmentation are functions of the seed,
//! the epoch and the sample. What a training cost is counted where it arises.
//!
//! Scores and embeddings are made afterwards, of images as they are and in the order of their ids.
//! Files are somebody else's business.

mod autoencoder;
mod classifier;
mod components;
mod config;
mod course;
mod forgetting;
mod network;
mod running;
mod triplets;

pub use autoencoder::AutoencoderTraining;
pub use classifier::{ClassifierTraining, ensemble_seed};
pub use components::{
    Components, ComponentsEvent, ComponentsRound, most_components, pixel_components,
};
pub use config::{EmbedConfig, ScorerConfig};
pub use course::{Progress, Schedule, TrainingCost, TrainingRecord};
pub use forgetting::Forgetting;
pub use network::{NetworkTraining, NetworkTrainingConfig, TrainingSet};

pub use crate::epoch::steps_of_pass;
pub use crate::ledger::PASSES_PER_STEP;

use crate::error::Error;
use crate::snapshot::Snapshot;

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
