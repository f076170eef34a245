//! Arguments of `tamis lookup`.

use std::path::PathBuf;

use clap::Args;

/// Accuracy of an architecture in a benchmark's table.
#[derive(Debug, Args)]
pub(crate) struct LookupArguments {
    /// NAS-Bench-201 cell, such as '|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|...|'
    #[arg(value_name = "G")]
    pub(crate) genotype: String,
    /// The table, a CSV file [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
