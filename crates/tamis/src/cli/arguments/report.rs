//! Arguments of `tamis report`.

use std::path::PathBuf;

use clap::Args;

/// Show runs as one HTML page.
///
/// The page stands alone: curves, the found cell, the ladder of a race, the images that were chosen,
/// confusions and the worst mistakes, costs. It needs no network, reads well on a phone, and is light or
/// dark as the reader's system is.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Folders of a search, a race, a training and a comparison, at most one each; without --out any number
    /// of searches and trainings
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// File to write
    #[arg(long, value_name = "FILE", required_unless_present = "tensorboard")]
    pub(crate) out: Option<PathBuf>,
    /// Write the curves as event files, too, in a folder for `tensorboard --logdir DIR`
    #[arg(long, value_name = "DIR")]
    pub(crate) tensorboard: Option<PathBuf>,
}
