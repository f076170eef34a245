//! Arguments of `tamis score` and `tamis embed`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use tamis::training::{EmbedConfig, ScorerConfig};

use super::common::CommonArguments;
use super::settings::SettingsArguments;

/// Score every training image, for policies that need scores.
///
/// Trains a residual network, or goes on with the one in a folder beside FILE, and writes a row an
/// image in the order of their ids: sample_id, label, score. What that cost is written beside it.
#[derive(Debug, Args)]
#[command(
    after_long_help = with_defaults(SCORE_EXAMPLES, &[score_defaults()]),
    mut_arg("epochs", |epochs| {
        let default = ScorerConfig::default().epochs;
        epochs.help(format!("Epochs of the network's training [default: {default}]"))
    })
)]
pub(crate) struct ScoreArguments {
    /// What the score is
    #[arg(long, value_enum, value_name = "SCORE")]
    pub(crate) by: ScoreBy,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const SCORE_EXAMPLES: &str = "\
Examples:
  tamis score --by entropy --out scores.csv
      entropies of ten classes of drawn images
  tamis score --data cifar-10-batches-bin/ --by entropy --epochs 200 --out scores.txt
      the recipe of the proxy-data paper, in its published form
  tamis search --data cifar-10-batches-bin/ --policy proxy:0.1 --set policy.scores=scores.txt
      a search on the tenth of the images that they choose";

/// What a score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreBy {
    /// Entropy of the trained network's output, in nats: what `proxy` needs
    Entropy,
    /// Cross-entropy of the trained network's output and the class, in nats
    Loss,
    /// How often the network forgot the image while it trained
    Forgetting,
    /// Norm of output less class after a tenth of the epochs, mean of three networks
    El2n,
}

impl From<ScoreBy> for tamis::ScoreKind {
    fn from(by: ScoreBy) -> Self {
        match by {
            ScoreBy::Entropy => Self::Entropy,
            ScoreBy::Loss => Self::Loss,
            ScoreBy::Forgetting => Self::Forgetting,
            ScoreBy::El2n => Self::El2n,
        }
    }
}

/// Embed every training image, for policies that need to know how much images are alike.
///
/// Writes a row an image in the order of their ids: sample_id, label, z_0, z_1 and so on; near each
/// other where images are alike. What that cost is written beside it.
#[derive(Debug, Args)]
#[command(
    after_long_help = with_defaults(EMBED_EXAMPLES, &[embed_defaults(), score_defaults()]),
    mut_arg("epochs", |epochs| {
        let (own, scorer) = (EmbedConfig::default().epochs, ScorerConfig::default().epochs);
        epochs.help(format!(
            "Epochs of the network's training [default: {own}, for penultimate {scorer}]"
        ))
    })
)]
pub(crate) struct EmbedArguments {
    /// What embeds an image
    #[arg(long, value_enum, value_name = "EMBEDDING")]
    pub(crate) by: EmbedBy,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const EMBED_EXAMPLES: &str = "\
Examples:
  tamis embed --by triplet-ae --out codes.parquet
      codes of ten classes of drawn images
  tamis embed --data photos/ --by pixel-pca --set embed.latent=16 --out pixels.csv
      sixteen principal components of a folder's pixels";

/// What embeds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmbedBy {
    /// Autoencoder trained to reconstruct images and to part classes, as DDS-NAS has one
    TripletAe,
    /// The same autoencoder untrained: what training it is worth
    RandomAe,
    /// Principal components of the pixels
    PixelPca,
    /// Features before the last layer of the network that scores
    Penultimate,
}

impl From<EmbedBy> for tamis::Embedding {
    fn from(by: EmbedBy) -> Self {
        match by {
            EmbedBy::TripletAe => Self::TripletAe,
            EmbedBy::RandomAe => Self::RandomAe,
            EmbedBy::PixelPca => Self::PixelPca,
            EmbedBy::Penultimate => Self::Penultimate,
        }
    }
}

/// Examples, and below them the defaults of these sections.
fn with_defaults(examples: &str, sections: &[String]) -> String {
    format!("{examples}\n\nDefaults, each changed by --set:\n  {}", sections.join("\n  "))
}

fn score_defaults() -> String {
    let channels = "score.channels: 16, for grey images 8";
    defaults("score", &ScorerConfig::default(), channels)
}

fn embed_defaults() -> String {
    defaults("embed", &EmbedConfig::default(), "embed.latent: 32, for grey images 8")
}

/// The settings of a section as they are assigned, from the values that the program takes.
fn defaults(section: &str, config: &impl Serialize, otherwise: &str) -> String {
    let table = toml::Table::try_from(config).unwrap_or_default();
    let set = table.iter().map(|(key, value)| format!("{section}.{key}={value}"));
    format!("{}\n  {otherwise}", set.collect::<Vec<_>>().join(" "))
}

/// What scores and embeddings have in common.
#[derive(Debug, Args)]
#[command(
    mut_arg("config", |config| config.help("Settings file")),
    mut_arg("set", |set| set.help("One setting, such as score.blocks=9 or embed.latent=16"))
)]
pub(crate) struct TableArguments {
    /// File to write: .csv, .parquet, .npy (values alone) or, for scores, .txt
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Epochs of the network's training
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Names every random draw [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_tells_every_default_that_the_program_takes() {
        let told = with_defaults("", &[embed_defaults(), score_defaults()]);
        let (score, embed) = (ScorerConfig::default(), EmbedConfig::default());
        for (key, value) in [
            ("score.epochs", score.epochs.to_string()),
            ("score.blocks", score.blocks.to_string()),
            ("score.networks", score.networks.to_string()),
            ("embed.batch", embed.batch.to_string()),
            ("embed.lr", embed.lr.to_string()),
        ] {
            assert!(told.contains(&format!("{key}={value}")), "{key}: {told}");
        }
        // What is told as 16 and 32 is so for images of three colours, as 8 for grey ones.
        let shape = |channels| tamis::data::ImageShape { channels, height: 8, width: 8 };
        assert_eq!([3, 1].map(|colours| score.channels_for(shape(colours))), [16, 8]);
        assert_eq!([3, 1].map(|colours| embed.latent_for(shape(colours))), [32, 8]);
    }
}
