//! Settings of the scorer and of embeddings. Unknown keys are refused, values out of range too.

use serde::{Deserialize, Serialize};
use tamis_data::ImageShape;
use tamis_select::Amount;

use crate::error::Error;
use crate::rules::{
    is_at_least_one, is_at_least_two, is_below_one, is_not_negative, is_positive, is_share_of_some,
    refuse_first,
};

/// Section `score`: the classifier whose outputs score images, and its training.
///
/// The recipe is that of the proxy-data authors' residual networks: SGD, batches of 128, the rate a
/// tenth from half and from three quarters of the epochs on. They train for 200 epochs; the default
/// here is small, so that scoring costs less than it saves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScorerConfig {
    /// Epochs of its training.
    pub epochs: u32,
    /// Channels of its first stage; 16 for colour images and 8 for grey ones if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Residual blocks a stage: 3 is ResNet-20, 9 is ResNet-56.
    pub blocks: usize,
    /// Images a batch.
    pub batch: usize,
    /// Learning rate at epoch 0.
    pub lr: f64,
    /// Momentum.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// EL2N: networks whose scores are averaged.
    pub networks: u32,
    /// EL2N: share of the epochs after which the networks score.
    pub el2n_share: f64,
}

impl Default for ScorerConfig {
    fn default() -> Self {
        ScorerConfig {
            epochs: 10,
            channels: None,
            blocks: 3,
            batch: 128,
            lr: 0.1,
            momentum: 0.9,
            weight_decay: 1e-4,
            networks: 3,
            el2n_share: 0.1,
        }
    }
}

impl ScorerConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        refuse_first([
            is_at_least_one("score.epochs", f64::from(self.epochs)),
            is_at_least_one("score.networks", f64::from(self.networks)),
            is_at_least_two("score.batch", self.batch as f64),
            is_positive("score.lr", self.lr),
            is_below_one("score.momentum", self.momentum),
            is_not_negative("score.weight_decay", self.weight_decay),
            is_share_of_some("score.el2n_share", self.el2n_share),
        ])
    }

    /// Channels of the first stage for these images.
    pub fn channels_for(&self, shape: ImageShape) -> usize {
        self.channels.unwrap_or(if shape.channels == 1 { 8 } else { 16 })
    }

    /// Epochs after which EL2N is taken: the share of all, rounded up.
    pub fn el2n_epochs(&self) -> u32 {
        // A share that is none is refused by `check`; until then it is all.
        let share = Amount::share(self.el2n_share).map_or(self.epochs, |share| {
            u32::try_from(share.of_rounded_up(self.epochs as usize)).unwrap_or(self.epochs)
        });
        share.clamp(1, self.epochs.max(1))
    }
}

/// Section `embed`: the autoencoder and its training, and how many values an embedding has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbedConfig {
    /// Epochs of the autoencoder's training.
    pub epochs: u32,
    /// Channels after its first convolution.
    pub width: usize,
    /// Values of a latent code, or principal components of pixels; 32 for colour images and 8 for
    /// grey ones if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent: Option<usize>,
    /// Images a batch.
    pub batch: usize,
    /// Adam's learning rate at epoch 0; it falls to 0 along a cosine.
    pub lr: f64,
    /// What the triplets' loss counts against the reconstruction's.
    pub triplet_weight: f64,
}

impl Default for EmbedConfig {
    fn default() -> Self {
        let (epochs, width, batch) = (5, 32, 128);
        EmbedConfig { epochs, width, latent: None, batch, lr: 1e-3, triplet_weight: 1.0 }
    }
}

impl EmbedConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        refuse_first([
            is_at_least_one("embed.epochs", f64::from(self.epochs)),
            is_at_least_one("embed.width", self.width as f64),
            is_at_least_one("embed.latent", self.latent.unwrap_or(1) as f64),
            is_at_least_two("embed.batch", self.batch as f64),
            is_positive("embed.lr", self.lr),
            is_not_negative("embed.triplet_weight", self.triplet_weight),
        ])
    }

    /// Values of an embedding of these images.
    pub fn latent_for(&self, shape: ImageShape) -> usize {
        self.latent.unwrap_or(if shape.channels == 1 { 8 } else { 32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_and_a_setting_out_of_range_is_named() {
        ScorerConfig::default().check().unwrap();
        EmbedConfig::default().check().unwrap();
        let scorer = ScorerConfig { el2n_share: f64::NAN, ..ScorerConfig::default() };
        assert!(scorer.check().unwrap_err().to_string().contains("score.el2n_share"));
        let embed = EmbedConfig { latent: Some(0), ..EmbedConfig::default() };
        assert!(embed.check().unwrap_err().to_string().contains("embed.latent"));
    }

    #[test]
    fn el2n_is_taken_after_a_tenth_of_the_epochs_and_at_least_one() {
        let epochs = |epochs| ScorerConfig { epochs, ..ScorerConfig::default() }.el2n_epochs();
        assert_eq!([1, 9, 10, 11, 200].map(epochs), [1, 1, 1, 2, 20]);
        // 0.07 of 100 is a little more than 7 in binary fractions.
        let scorer = ScorerConfig { epochs: 100, el2n_share: 0.07, ..ScorerConfig::default() };
        assert_eq!(scorer.el2n_epochs(), 7);
    }
}
