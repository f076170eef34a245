//! Arguments of everything that computes.

use clap::{Args, ValueEnum};

/// How to compute, how to show it, and when to stop.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CommonArguments {
    /// Threads to compute with [default: all processors]; the result does not depend on it
    #[arg(long, value_name = "N")]
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
