//! Arguments of everything that computes, and of everything that makes a run folder.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tamis::Layers;
use tamis::run::Machine;

/// Threads that may be asked for, for each processor there is: more only wait for each other.
const THREADS_A_PROCESSOR: usize = 4;

/// How to compute, how to show it, and when to stop.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CommonArguments {
    /// Threads to compute with [default: all processors, or those of SLURM_CPUS_PER_TASK]; the result
    /// does not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// How to show progress
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) progress: ProgressKind,
    /// Stop with a checkpoint after this many steps in this sitting
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) stop_after_steps: Option<u64>,
    /// Stop with a checkpoint when standard input ends: how one process asks another
    #[arg(long, hide = true)]
    pub(crate) stop_with_input: bool,
}

/// How long a run is, by what chance, and where it is made.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewRunArguments {
    /// Epochs [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Images a batch [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u32>,
    /// Names every random draw: the same seed gives the same run, bit for bit [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Run folder to make
    #[arg(long, value_name = "RUN")]
    pub(crate) out: Option<PathBuf>,
}

impl NewRunArguments {
    /// The settings with those that were given.
    pub(crate) fn over(&self, layers: Layers) -> Layers {
        layers
            .optional("train.epochs", self.epochs)
            .optional("train.batch", self.batch)
            .optional("seed", self.seed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    /// Bars on a terminal, plain lines elsewhere
    Auto,
    /// One line an epoch
    Plain,
    /// One JSON object an epoch
    Json,
    /// Nothing
    None,
}

fn threads(text: &str) -> Result<usize, String> {
    threads_of(text, Machine::this().processors)
}

/// A number of threads that a machine with so many processors has a use for.
fn threads_of(text: &str, processors: usize) -> Result<usize, String> {
    let most = processors.saturating_mul(THREADS_A_PROCESSOR);
    let found = text.parse().ok().filter(|threads| (1..=most).contains(threads));
    found.ok_or_else(|| {
        format!(
            "expected a whole number from 1 to {most}: this machine has {processors} processors"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_at_least_one_and_at_most_what_the_processors_have_a_use_for() {
        for (text, processors, threads) in [("1", 1, 1), ("4", 1, 4), ("3", 2, 3), ("64", 16, 64)] {
            assert_eq!(threads_of(text, processors), Ok(threads));
        }
        for text in ["0", "9", "1024", "-1", "1.5", "", "all", "99999999999999999999999"] {
            let told = threads_of(text, 2).unwrap_err();
            assert!(told.contains("from 1 to 8") && told.contains("2 processors"), "{told}");
        }
    }
}
