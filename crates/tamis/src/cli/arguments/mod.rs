//! What can be typed, a file a command. Help texts teach: each says what a value means and gives one
//! that works.

mod common;
mod compare;
mod completions;
mod config;
mod data;
mod export;
mod listing;
mod lookup;
mod race;
mod rank;
mod report;
mod scoring;
mod search;
mod select;
mod settings;
mod show;
mod space;
mod suggested;
mod train;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use common::{CommonArguments, ProgressKind};
pub(crate) use compare::{CompareArguments, ComparisonFormat, PlanForm};
pub(crate) use completions::CompletionsArguments;
pub(crate) use config::ConfigCommand;
pub(crate) use data::{DataArguments, DataCommand, PackArguments};
pub(crate) use export::ExportArguments;
pub(crate) use lookup::LookupArguments;
pub(crate) use race::RaceArguments;
pub(crate) use rank::{RankArguments, RankFormat};
pub(crate) use report::ReportArguments;
pub(crate) use scoring::{EmbedArguments, EmbedBy, ScoreArguments, TableArguments};
pub(crate) use search::{ResumeArguments, SearchArguments};
pub(crate) use select::SelectArguments;
pub(crate) use settings::{assigned, settings_file};
pub(crate) use show::{RunsArguments, ShowArguments};
pub(crate) use space::{
    ArchitectureArguments, ConvertArguments, LatencyArguments, SpaceCommand, TextForm,
};
pub(crate) use train::{
    EvaluateArguments, EvaluateFormat, PredictArguments, PredictFormat, Split, TrainArguments,
};

/// Neural architecture search on the images that matter.
///
/// Tamis chooses the data, searches on it, and shows what that saved and what it cost. Without
/// arguments `tamis search` draws its own images and takes less than a minute.
#[derive(Debug, Parser)]
#[command(
    name = "tamis",
    version,
    max_term_width = 100,
    args_override_self = true,
    after_long_help = EXIT_CODES
)]
pub(crate) struct Arguments {
    /// Work as if started in this folder: relative paths begin there
    #[arg(short = 'C', value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   the work failed
  2   the arguments or settings are wrong
  3   data or a file cannot be read
  4   `tamis compare --collect`: runs are missing
  73  another process works on it
  75  stopped by a signal, after saving; the same command, or `tamis resume`, goes on";

// What a command does is said where its arguments are.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Search(Box<SearchArguments>),
    Resume(ResumeArguments),
    Race(Box<RaceArguments>),
    Rank(Box<RankArguments>),
    Train(Box<TrainArguments>),
    Evaluate(EvaluateArguments),
    Predict(PredictArguments),
    Export(ExportArguments),
    /// Look at search spaces and architectures.
    #[command(subcommand)]
    Space(SpaceCommand),
    Report(ReportArguments),
    Compare(Box<CompareArguments>),
    Score(ScoreArguments),
    Embed(EmbedArguments),
    Select(SelectArguments),
    /// Look at image data.
    #[command(subcommand)]
    Data(DataCommand),
    Show(ShowArguments),
    Runs(RunsArguments),
    Lookup(LookupArguments),
    /// Settings of a run.
    #[command(subcommand)]
    Config(ConfigCommand),
    Completions(CompletionsArguments),
    /// Print the manual: one page of every command, for man.
    Man,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn commands_that_share_arguments_keep_what_they_say_of_themselves() {
        let mut program = Arguments::command();
        program.build();
        let command = |name: &str| program.find_subcommand(name).unwrap();
        let set = |name: &str| {
            let arguments = command(name).get_arguments();
            let set = arguments.into_iter().find(|argument| argument.get_id() == "set").unwrap();
            set.get_help().unwrap().to_string()
        };
        for (name, about, example) in [
            ("search", "Search an architecture", "space.channels=16"),
            ("score", "Score every training image", "score.blocks=9"),
            ("embed", "Embed every training image", "embed.latent=16"),
            ("select", "Choose samples once", "policy.bin_width=0.25"),
            ("compare", "Run a grid of hosts", "all runs"),
        ] {
            assert!(command(name).get_about().unwrap().to_string().starts_with(about), "{name}");
            assert!(set(name).contains(example), "{name}: {}", set(name));
        }
        let long = command("search").get_long_about().unwrap().to_string();
        assert!(long.contains("standard output") && long.contains("recipe quick"), "{long}");
    }
}
