//! Settings of `tamis score` and `tamis embed`: the data, the networks, and their training.

use serde::{Deserialize, Serialize};
use tamis_data::{Augmentation, DataConfig};
use tamis_training::{EmbedConfig, ScorerConfig};

use crate::error::Error;

/// All settings of scores and embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoringConfig {
    /// Names every random draw.
    pub seed: u64,
    /// Where networks run; does not change what is computed.
    pub device: String,
    /// Which images.
    pub data: DataConfig,
    /// What is done to images at random while a network trains, never while it scores.
    pub augmentation: Augmentation,
    /// The classifier that scores.
    pub score: ScorerConfig,
    /// Embeddings.
    pub embed: EmbedConfig,
}

impl Default for ScoringConfig {
    fn default() -> Self {
        ScoringConfig {
            seed: 0,
            device: "cpu".to_owned(),
            data: DataConfig::default(),
            augmentation: Augmentation::default(),
            score: ScorerConfig::default(),
            embed: EmbedConfig::default(),
        }
    }
}

impl ScoringConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Training`] or [`Error::Data`].
    pub fn check(&self) -> Result<(), Error> {
        self.data.check()?;
        self.score.check()?;
        Ok(self.embed.check()?)
    }
}
