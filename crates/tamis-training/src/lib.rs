//! Networks trained on their own: before a search the classifier that scores images and the
//! autoencoder that says how much they are alike, after it the network that was found.
//!
//! As the search, a training is a state machine: [`Training::advance`] does the next small thing,
//! [`Training::snapshot`] is the whole state at any step, and a training that is restored from it
//! goes on as if it had never stopped. Batches, order and augmentation are functions of the seed,
//! the epoch and the sample. What a training cost is counted where it arises.
//!
//! What trains anything is here, too: optimizers, schedules, the batches of a pass, and the rules by which
//! settings are checked. The search takes them from here.
//!
//! Scores and embeddings are made afterwards, of images as they are and in the order of their ids.
//! Files are somebody else's business.

#![deny(missing_docs)]

mod autoencoder;
mod classifier;
mod components;
mod config;
mod course;
mod error;
mod forgetting;
mod network;
mod optimizer;
mod parameters;
mod passes;
mod predictions;
pub mod rules;
mod running;
mod schedule;
mod training;
mod triplets;

pub use autoencoder::AutoencoderTraining;
pub use classifier::{ClassifierTraining, ensemble_seed};
pub use components::{
    Components, ComponentsEvent, ComponentsRound, most_components, pixel_components,
};
pub use config::{EmbedConfig, ScorerConfig};
pub use course::{Progress, Schedule, TrainingCost, TrainingRecord};
pub use error::Error;
pub use forgetting::Forgetting;
pub use network::{
    DistillationConfig, NetworkTraining, NetworkTrainingConfig, Teacher, TrainingSet,
};

pub use optimizer::{Adam, Sgd, clip_global_norm};
pub use parameters::{parameters, put_parameters};
pub use passes::{PASSES_PER_STEP, shuffled_batches, steps_of_pass};
pub use predictions::predictions;
pub use schedule::cosine;
pub use training::{Training, TrainingEvent};
