//! Arguments of `tamis race`.

use std::path::PathBuf;

use clap::Args;

use super::common::CommonArguments;
use super::listing::{policies, spaces};
use super::settings::SettingsArguments;
use super::suggested;

/// Decide between architectures by short trainings of their networks.
///
/// Every candidate is a network of its own, as deep as it is meant to be, with few channels. All are trained
/// for some steps on the images that a policy gives; the better go on and are trained longer, from the
/// beginning, until one is left: successive halving. Some hundred steps of a network show whether it trains,
/// which a search on a supernet of a few cells cannot see.
///
/// The winner's genotype goes to standard output; progress, standings and costs go to standard error.
///
/// What decides is the mean training loss of the last quarter of a candidate's steps; --set race.score names
/// another score, --set race.steps and race.keep another ladder.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("set", |set| set.help("One setting, such as race.steps=[80,240] or race.channels=8"))
)]
pub(crate) struct RaceArguments {
    /// Folder of a finished search: its result is where candidates begin, on its data and space
    #[arg(long, value_name = "RUN", conflicts_with = "genotype")]
    pub(crate) run: Option<PathBuf>,
    /// Genotype at which candidates begin, in any text form of its space
    #[arg(long, value_name = "G")]
    pub(crate) genotype: Option<String>,
    /// Who runs: neighbours, visited, largest:N, random:N, file:PATH [default: neighbours]
    #[arg(
        long,
        value_name = "C",
        long_help = "Who runs [default: neighbours]\n\n  \
            neighbours  the start, and every one that differs in one decision; none is put in nowhere\n  \
            visited     what the search of --run would have found after each epoch of its second half\n  \
            largest:N   the architectures of most parameters\n  \
            random:N    random ones\n  \
            file:PATH   those of a file, one a line"
    )]
    pub(crate) candidates: Option<String>,
    /// Space of largest and random candidates [default: that of --run, or nas-bench-201]
    #[arg(
        long,
        value_name = "S",
        value_parser = suggested::spaces(),
        hide_possible_values = true,
        long_help = spaces(SPACE_HELP)
    )]
    pub(crate) space: Option<String>,
    /// What chooses the images, such as full, random:0.1 or proxy:0.1 [default: full]
    #[arg(
        long,
        value_name = "P",
        value_parser = suggested::policies(|_| true),
        hide_possible_values = true,
        long_help = policies("What chooses the images [default: full]", |_| true)
    )]
    pub(crate) policy: Option<String>,
    /// Names every random draw: the same seed gives the same race, bit for bit [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Run folder to make [default: runs/DATA-race-CANDIDATES-POLICY-seedN]
    #[arg(long, value_name = "RUN")]
    pub(crate) out: Option<PathBuf>,
    /// Benchmark table to look the winner up in [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const SPACE_HELP: &str =
    "Space of largest and random candidates [default: that of --run, or nas-bench-201]";

const EXAMPLES: &str = "\
Examples:
  tamis race --run runs/cifar-10-batches-bin-nas-bench-201-darts-random-epoch-0.098-seed0
      what a search found, and all that differ in one operation
  tamis race --candidates random:16 --data cifar-10-batches-bin/ --policy proxy:0.1
      sixteen random cells, on a tenth of the images, chosen by their entropy
  tamis race --genotype '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|'
      a cell and its neighbours, on drawn images
  tamis resume runs/synthetic-race-neighbours-full-seed0
      goes on with a race that was stopped";
