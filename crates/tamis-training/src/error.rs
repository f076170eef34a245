//! What can stop a training.

use tamis_core::Misfit;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of range.
    #[error("checking the settings: found {key} = {found}, expected {expected}")]
    Setting {
        /// Path of the setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A network does not give numbers any more.
    #[error(
        "training the {network}, epoch {epoch} step {step}: found a loss of {found}, expected a \
         finite number; samples of the batch: {samples}; hint: lower {key}"
    )]
    Diverged {
        /// What is trained.
        network: &'static str,
        /// Epoch, from 0.
        epoch: u32,
        /// Step of the epoch, from 0.
        step: u32,
        /// The loss.
        found: f64,
        /// The first sample ids of the batch.
        samples: String,
        /// Setting of the learning rate.
        key: &'static str,
    },
    /// More principal components than the images can have.
    #[error(
        "finding principal components of pixels: found embed.latent = {found}, expected at most \
         {most}: {images} images of {values} values each have no more; hint: lower embed.latent"
    )]
    Components {
        /// Components asked for.
        found: usize,
        /// Most that there can be: the least of images and values.
        most: usize,
        /// Images.
        images: usize,
        /// Values of one image.
        values: usize,
    },
    /// A teacher of other images or classes.
    #[error("learning from a teacher: found one of {found}, expected {expected}")]
    Teacher {
        /// What it is for.
        found: String,
        /// What the training is on.
        expected: String,
    },
    /// A snapshot does not belong to this training.
    #[error(transparent)]
    Snapshot(#[from] Misfit),
    /// A network cannot be described.
    #[error(transparent)]
    Description(#[from] tamis_graph::Error),
    /// A network could not be built or run.
    #[error(transparent)]
    Network(#[from] tamis_nn::Error),
    /// Data could not be read.
    #[error(transparent)]
    Data(#[from] tamis_data::Error),
}
