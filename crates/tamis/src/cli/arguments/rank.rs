//! Arguments of `tamis rank`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::common::CommonArguments;
use super::listing;
use super::settings::SettingsArguments;

/// Judge policies by how well their images preserve the order of networks.
///
/// A panel of networks is trained for some steps on the images of each policy. Kendall's tau between the
/// order of their scores and that of a benchmark's accuracies says what a policy preserves; its regret says
/// what is lost by taking the network that scores best. One run gives hundreds of pairs, where a search
/// gives one result.
///
/// Every policy and seed is a race of a single rung under DIR/runs. What is finished is not made again;
/// Ctrl-C stops with exit code 75, and the same command goes on. The table goes to standard output, lines to
/// DIR/ranking.jsonl.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("set", |set| set.help("One setting of all trainings, such as race.channels=8"))
)]
pub(crate) struct RankArguments {
    /// The panel: largest:N, random:N, file:PATH; with --genotype also its neighbours
    #[arg(long, value_name = "C", default_value = "random:24")]
    pub(crate) candidates: String,
    /// Genotype at which the candidates `neighbours` begin
    #[arg(long, value_name = "G")]
    pub(crate) genotype: Option<String>,
    /// What chooses the images, such as full,random:2500; `P@SEEDS` gives one its own seeds
    #[arg(
        long,
        value_name = "P,..",
        long_help = listing::policies("What chooses the images, such as full,random:2500", |_| true)
    )]
    pub(crate) policies: String,
    /// Seeds of every policy: 0..5 is 0, 1, 2, 3, 4; also 0,3,7
    #[arg(long, value_name = "A..B", default_value = "0..5")]
    pub(crate) seeds: String,
    /// Steps that every network is trained
    #[arg(long, value_name = "N", default_value = "240", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) steps: u32,
    /// Policy that the others are held against, seed by seed [default: the first]
    #[arg(long, value_name = "P")]
    pub(crate) against: Option<String>,
    /// The accuracies that the order is held against
    #[arg(long, value_enum, default_value = "cifar10_test_200")]
    pub(crate) by: Column,
    /// Benchmark table of these accuracies [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Folder of the ranking
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How to print the table
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: RankFormat,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

/// A column of a benchmark's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Column {
    /// CIFAR-10 after 12 epochs, on validation images
    #[value(name = "cifar10_valid_12")]
    Cifar10Valid12,
    /// CIFAR-10 after 200 epochs, on test images
    #[value(name = "cifar10_test_200")]
    Cifar10Test200,
    /// CIFAR-100 after 200 epochs, on test images
    #[value(name = "cifar100_test_200")]
    Cifar100Test200,
    /// ImageNet16-120 after 200 epochs, on test images
    #[value(name = "imagenet16_test_200")]
    ImageNet16Test200,
}

/// How a ranking is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RankFormat {
    /// Aligned columns
    Text,
    /// A table in Markdown
    Markdown,
}

const EXAMPLES: &str = "\
Examples:
  tamis rank --data cifar-10-batches-bin/ --policies random:2500,proxy:2500 --out ranking
      two ways to choose 2,500 images, by 24 random cells, five seeds
  tamis rank --data cifar-10-batches-bin/ --candidates file:panel.txt --policies full,random-epoch:0.1 \\
      --steps 480 --seeds 0..10 --out ranking
      a panel of one's own, trained twice as long";
