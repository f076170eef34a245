//! Arguments of `tamis search` and `tamis resume`.

use std::path::PathBuf;

use clap::Args;

use super::common::{CommonArguments, NewRunArguments};
use super::listing::{hosts, policies, recipes, spaces};
use super::settings::SettingsArguments;
use super::suggested;

/// Search an architecture.
///
/// The genotype goes to standard output; progress, costs and the place of the run folder go to
/// standard error.
///
/// Without any arguments it draws images and has a first look, by the recipe demo, in less than a
/// minute. Real data, where neither host, policy nor recipe is named, is searched on by the recipe
/// quick, on a tenth of the images: --set recipe=darts or --policy full is as published. On
/// nas-bench-201 its search proposes and a race between single networks decides (finish=none leaves
/// that out).
///
/// Scores or embeddings that a policy needs are made first, unless policy.scores or
/// policy.embeddings names a file, and kept in tamis-tables/ beside the run for the next search.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("epochs", |epochs| epochs.help(EPOCHS_HELP)),
    mut_arg("out", |out| out.help(OUT_HELP))
)]
pub(crate) struct SearchArguments {
    /// Search space: nas-bench-201, darts
    #[arg(
        long,
        value_name = "S",
        value_parser = suggested::spaces(),
        hide_possible_values = true,
        long_help = spaces("Search space [default: nas-bench-201]")
    )]
    pub(crate) space: Option<String>,
    /// Search algorithm: darts, beta-darts
    #[arg(
        long,
        value_name = "H",
        value_parser = suggested::hosts(),
        hide_possible_values = true,
        long_help = hosts("Search algorithm [default: darts]")
    )]
    pub(crate) host: Option<String>,
    /// What chooses the images, such as full, random:0.1, proxy:0.1, bdp, or proxy:0.3+bdp
    #[arg(
        long,
        value_name = "P",
        value_parser = suggested::policies(|_| true),
        hide_possible_values = true,
        long_help = policies("What chooses the images, such as random:0.1 or proxy:0.3+bdp", |_| true)
    )]
    pub(crate) policy: Option<String>,
    #[command(flatten)]
    pub(crate) new_run: NewRunArguments,
    /// Benchmark table to look the result up in [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Look the result up in no table, not in that of TAMIS_DATA either
    #[arg(long, conflicts_with = "table")]
    pub(crate) no_table: bool,
    /// Go on with the run of --out if it was cut off, and leave it as it is if it is finished: the same
    /// command then makes a run however often it is started
    #[arg(long, requires = "out")]
    pub(crate) or_resume: bool,
    /// Then train what was found by this recipe, in a folder of its own in --retrained
    #[arg(
        long,
        value_name = "R",
        requires = "or_resume",
        requires = "retrained",
        long_help = recipes("Then train what was found by this recipe, in a folder of --retrained")
    )]
    pub(crate) retrain: Option<String>,
    /// Where --retrain trains: what several runs find is trained there once
    #[arg(long, value_name = "DIR", requires = "retrain")]
    pub(crate) retrained: Option<PathBuf>,
    /// Multiply-adds of an image that the found network should have, such as 300M, where a space has a choice
    #[arg(long, value_name = "N", value_parser = count, conflicts_with = "target_latency")]
    pub(crate) target_macs: Option<u64>,
    /// What an image should take in the found network, such as 5ms, by the latencies of --latency
    #[arg(long, value_name = "T", value_parser = milliseconds)]
    pub(crate) target_latency: Option<f64>,
    /// Latencies measured by `tamis space latency`
    #[arg(long, value_name = "FILE")]
    pub(crate) latency: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

/// A number of things, with k, M or G for thousands, millions or billions.
fn count(text: &str) -> Result<u64, String> {
    let factors = [("k", 1e3), ("M", 1e6), ("G", 1e9), ("", 1.0)];
    let number = with_unit(text, &factors).filter(|number| *number >= 1.0);
    number
        .map(|number| number.round() as u64)
        .ok_or_else(|| "expected a number such as 300M".to_owned())
}

/// A time in milliseconds.
fn milliseconds(text: &str) -> Result<f64, String> {
    let factors = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
    with_unit(text, &factors).ok_or_else(|| "expected a time such as 5ms".to_owned())
}

/// A positive number times the factor of its unit, the first that the text ends with.
fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number * factor)
}

const EPOCHS_HELP: &str = "Epochs of the search [default: the recipe's, see `tamis config show`]";

const OUT_HELP: &str = "Run folder to make [default: runs/DATA-SPACE-HOST-POLICY-seedN]";

const EXAMPLES: &str = "\
Examples:
  tamis search
      ten classes of drawn images, less than a minute
  tamis search --data photos/ --set data.size=32 --policy full
      a folder of class folders of images; below ten thousand images, all of them
  tamis search --data cifar-10-batches-bin/
      CIFAR-10 in the binary layout, by the recipe quick: another tenth of its images each epoch, then a race
  tamis search --config runs/a --seed 1 --out runs/b
      the settings of another run with another seed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_with_their_units() {
        assert_eq!(
            ["300M", "1.5G", "12k", "77"].map(|text| count(text).unwrap()),
            [300_000_000, 1_500_000_000, 12_000, 77]
        );
        assert_eq!(
            ["5ms", "250us", "0.01s"].map(|text| milliseconds(text).unwrap()),
            [5.0, 0.25, 10.0]
        );
        assert!(["", "M", "-3M", "0", "3T", "infM"].iter().all(|text| count(text).is_err()));
        assert!(["5", "0ms", "ms", "-1ms"].iter().all(|text| milliseconds(text).is_err()));
    }
}

/// Go on with a run that was stopped.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}
