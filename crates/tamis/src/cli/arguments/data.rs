//! Arguments of `tamis data`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// List everything that is wrong with some data; exit code 3 if anything is.
    Check(DataArguments),
    /// Class counts, sizes, mean and deviation, duplicates.
    Stats(DataArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(value_name = "D", default_value = "synthetic")]
    pub(crate) data: String,
    /// One setting, such as data.size=32
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
