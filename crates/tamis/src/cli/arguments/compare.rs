//! Arguments of `tamis compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::common::CommonArguments;
use super::listing;
use super::settings::SettingsArguments;
use super::suggested;

/// Run a grid of hosts, policies and seeds, and put the results side by side.
///
/// Every run is a run folder under DIR/runs, made by a process of its own, so that seconds and peak
/// memory are the run's. A finished run is one line of the results file and is never made again;
/// Ctrl-C stops with exit code 75, and the same command goes on. All arms get their first seed
/// before any gets its second. The table goes to standard output.
#[derive(Debug, Args)]
#[command(after_long_help = COMPARE_EXAMPLES, mut_arg("set", |set| set.help(SET_HELP)))]
pub(crate) struct CompareArguments {
    /// Search spaces, a block of the table each [default: nas-bench-201]
    #[arg(
        long,
        value_name = "S,..",
        value_parser = suggested::spaces(),
        hide_possible_values = true,
        value_delimiter = ',',
        long_help = listing::spaces("Search spaces, a block of the table each [default: nas-bench-201]")
    )]
    pub(crate) spaces: Vec<String>,
    /// Search algorithms [default: darts]
    #[arg(
        long,
        value_name = "H,..",
        value_parser = suggested::hosts(),
        hide_possible_values = true,
        value_delimiter = ',',
        long_help = listing::hosts("Search algorithms [default: darts]")
    )]
    pub(crate) hosts: Vec<String>,
    /// What chooses the images, such as full,random:0.1; `P@SEEDS` gives one its own seeds:
    /// full@0..3,random:0.1,proxy:0.1@0,3,7
    #[arg(long, value_name = "P,..", long_help = listing::policies(POLICIES_HELP, |_| true))]
    pub(crate) policies: String,
    /// Seeds of every arm: 0..5 is 0, 1, 2, 3, 4; also 0,3,7
    #[arg(long, value_name = "A..B", default_value = "0")]
    pub(crate) seeds: String,
    /// Folder of the comparison: run folders under runs/, and the results file
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Scales of the alpha rate, an arm each: none, steps [default: the setting alpha.lr_scale]
    #[arg(long, value_name = "SCALE,..", value_delimiter = ',')]
    pub(crate) alpha_lr_scales: Vec<String>,
    /// Epochs of each search
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Images a batch
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u32>,
    /// Finished runs, one a line; what is in it is not run again [default: DIR/results.jsonl]
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) results: Option<PathBuf>,
    /// Benchmark table to look the results up in [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Train what was found by this recipe, too, and compare by its test accuracy: quick,
    /// nas-bench-201-12, nas-bench-201-200, darts-600
    #[arg(
        long,
        value_name = "R",
        long_help = listing::recipes("Train what was found by this recipe, too, and compare by that")
    )]
    pub(crate) retrain: Option<String>,
    /// Print the commands that make the runs which the results lack, and make none
    #[arg(
        long,
        value_name = "FORM",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "json",
        conflicts_with = "collect",
        long_help = PLAN_HELP
    )]
    pub(crate) plan: Option<PlanForm>,
    /// Take finished runs into the results, print the table and what is missing, and begin nothing
    #[arg(long, long_help = COLLECT_HELP)]
    pub(crate) collect: bool,
    /// How to print the comparison
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ComparisonFormat,
    /// All columns of the text table, however wide; the other formats have them anyway
    #[arg(long)]
    pub(crate) wide: bool,
    /// Runs at once; the results do not depend on it, their seconds do
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    /// Stop after this many finished runs in this sitting
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) stop_after_runs: Option<usize>,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const POLICIES_HELP: &str = "What chooses the images, such as full,random:0.1; `P@SEEDS` gives one \
its own seeds: full@0..3,random:0.1,proxy:0.1@0,3,7";

const PLAN_HELP: &str = "Print the commands that make the runs which the results lack, one a run, \
and make none. Each says all settings itself and works from any folder. It begins its run, goes on \
with it if it was cut off, and ends with 0 at once if it is finished, with 73 if another process \
makes it, with 75 if it was stopped after saving. It writes the run's folder alone: --collect takes \
it into the results";

const COLLECT_HELP: &str = "Take finished runs under DIR/runs into the results, print the table and \
what is missing, and begin nothing. Ends with 0 if nothing is missing, else with 4";

const SET_HELP: &str =
    "One setting of all runs, such as space.channels=16; `tamis config show` lists them";

const COMPARE_EXAMPLES: &str = "\
Examples:
  tamis compare --policies full,random:0.5 --seeds 0..3 --epochs 10 --out comparison
      two policies on drawn images, three seeds each
  tamis compare --data cifar-10-batches-bin/ --hosts darts,beta-darts \\
      --policies full@0..3,random:0.1@0..5 --alpha-lr-scales none,steps --out comparison
      all images with three seeds, a tenth of them with five, two rates of the alphas
  tamis compare ... --results results.jsonl --format markdown > results.md
      the table of runs that are in results.jsonl, and those that are missing there
  tamis compare ... --out comparison --plan=slurm > comparison.sh; sbatch comparison.sh
  tamis compare ... --out comparison --collect
      the runs made by Slurm, and their table at any time";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanForm {
    /// One JSON object a line: `run`, `result`, `command`
    Json,
    /// One command of a shell a line
    Shell,
    /// A script for sbatch: an array with a task a run
    Slurm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparisonFormat {
    /// Aligned columns
    Text,
    /// One value a line: every run's figures and their statistics
    Csv,
    /// A table of statistics and a table of every value
    Markdown,
    /// A picture with a dot for every run, as SVG
    Svg,
}
