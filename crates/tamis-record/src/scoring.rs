//! Settings of `tamis score` and `tamis embed`: the data, the networks, and their training.

use serde::{Deserialize, Serialize};
use tamis_data::{Augmentation, DataConfig};
use tamis_training::{EmbedConfig, ScorerConfig};

use toml::{Table, Value};

use crate::error::Error;
use crate::nested::{flatten, to_table};
use crate::section::{config_error, parse, unknown_among};

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
    /// The settings in a table, over the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming an unknown key or a value of the wrong type.
    pub fn from_table(table: &Table) -> Result<ScoringConfig, Error> {
        let mut table = table.clone();
        let mut section = |key: &str| table.remove(key).unwrap_or(Value::Table(Table::new()));
        let sections = ScoringConfig {
            data: parse(section("data"), "data")?,
            augmentation: parse(section("augmentation"), "augmentation")?,
            score: parse(section("score"), "score")?,
            embed: parse(section("embed"), "embed")?,
            ..ScoringConfig::default()
        };
        refuse_foreign(&table)?;
        let ScoringConfig { seed, device, .. } = parse(Value::Table(table), "")?;
        Ok(ScoringConfig { seed, device, ..sections })
    }

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

/// Refuses what is no setting of scores and embeddings, by those that there are.
fn refuse_foreign(rest: &Table) -> Result<(), Error> {
    let sections = ["data", "augmentation"].map(str::to_owned);
    let mut known: Vec<String> =
        flatten(&to_table(&ScoringConfig::default())?).into_keys().collect();
    known.extend(["score.channels", "embed.latent"].map(str::to_owned));
    known.retain(|name| !sections.iter().any(|section| name.starts_with(section.as_str())));
    known.extend(sections);
    // Of two that are as near, that of the scorer is named.
    known.sort_by_key(|name| (!name.starts_with("score."), name.clone()));
    let foreign = flatten(rest).into_keys().find(|name| !known.contains(name));
    match foreign.and_then(|name| unknown_among(&name, &known)) {
        Some(message) => Err(config_error(None, message)),
        None => Ok(()),
    }
}
