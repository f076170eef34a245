//! Arguments of `tamis select`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tamis::select::Argument;

use super::listing::policies;
use super::settings::LayerArguments;
use super::suggested;

/// What a score of probabilities is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreOf {
    /// Entropy in nats: high where the network is not certain
    Entropy,
    /// Largest less second largest: low where the network is not certain
    Margin,
    /// Cross-entropy with the sample's class, in nats: high where the network is wrong
    Loss,
}

impl From<ScoreOf> for tamis::ProbabilityScore {
    fn from(score: ScoreOf) -> Self {
        match score {
            ScoreOf::Entropy => Self::Entropy,
            ScoreOf::Margin => Self::Margin,
            ScoreOf::Loss => Self::Loss,
        }
    }
}

/// Choose samples once, for whoever trains elsewhere.
///
/// Writes the ids of the samples that a policy chooses, those of a search with the same policy,
/// files and seed. The images are not needed where scores, embeddings or labels name the samples.
#[derive(Debug, Args)]
#[command(
    after_long_help = SELECT_EXAMPLES,
    mut_arg("set", |set| set.help("One setting, such as policy.bin_width=0.25"))
)]
pub(crate) struct SelectArguments {
    /// What chooses, such as random:0.1, proxy:0.1, two-tail:1000
    #[arg(
        long,
        value_name = "P",
        value_parser = suggested::policies(|entry| !entry.needs_search),
        hide_possible_values = true,
        long_help = policies("What chooses, such as random:0.1 or two-tail:1000", |entry| {
            !entry.needs_search && entry.argument != Argument::Policy
        })
    )]
    pub(crate) policy: String,
    /// Where the samples' classes come from: data, as `tamis search` takes it
    #[arg(long, value_name = "D", conflicts_with = "labels")]
    pub(crate) data: Option<String>,
    /// Or a file with a column `label`, or one class a line or value
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Scores, as `tamis score` writes them, or probabilities of classes
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
    /// What to make of probabilities: a row a sample, a column p_0, p_1, ... a class, in .npy without names
    #[arg(long, value_enum, value_name = "SCORE")]
    pub(crate) score: Option<ScoreOf>,
    /// Embeddings, as `tamis embed` writes them
    #[arg(long, value_name = "FILE")]
    pub(crate) embeddings: Option<PathBuf>,
    /// File to write: .txt and .npy hold ids alone, .csv and .parquet all that is known; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Names every random draw
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    #[command(flatten)]
    pub(crate) layers: LayerArguments,
}

const SELECT_EXAMPLES: &str = "\
Examples:
  tamis select --policy proxy:0.1 --scores scores.csv --out chosen.npy
      a tenth by entropy, from the scores alone
  tamis select --policy proxy:0.1 --scores softmax.npy --score entropy --out chosen.csv
      the same from probabilities of classes; with class, score and reason of each
  tamis select --policy random:500 --labels labels.txt --out -
      five hundred at random, to standard output";
