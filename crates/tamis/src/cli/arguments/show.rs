//! Arguments of `tamis show` and `tamis runs`.

use std::path::PathBuf;

use clap::Args;

/// Show what a run found and what it cost, or how far it is.
///
/// Also shows the folders that `tamis score` and `tamis embed` train in, and those of comparisons.
/// Nothing is computed or changed, even while another process works on the run.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// List runs: which are finished, what they found, what they cost.
#[derive(Debug, Args)]
pub(crate) struct RunsArguments {
    /// Folder of run folders
    #[arg(value_name = "DIR", default_value = "runs")]
    pub(crate) folder: PathBuf,
    /// Print a JSON object a run
    #[arg(long)]
    pub(crate) json: bool,
}
