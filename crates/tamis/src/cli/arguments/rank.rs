//! Arguments of `tamis rank`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use tamis::Truth;

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
/// Every policy and seed is a race of a single rung under DIR/runs. A finished one is one line of the results
/// file and is never made again; Ctrl-C stops with exit code 75, and the same command goes on. The table goes
/// to standard output.
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
    #[arg(long, value_name = "COLUMN", value_parser = columns(), default_value = Truth::default().name())]
    pub(crate) by: Truth,
    /// Benchmark table of these accuracies [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Finished policies and seeds, one a line; what is in it is not made again [default: DIR/ranking.jsonl]
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) results: Option<PathBuf>,
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
fn columns() -> impl TypedValueParser<Value = Truth> {
    let values = Truth::ALL.map(|(truth, what)| PossibleValue::new(truth.name()).help(what));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Truth>())
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
      a panel of one's own, trained twice as long
  tamis rank ... --results ranking.jsonl --format markdown > ranking.md
      the table of what ranking.jsonl has, once what is missing there is made";
