//! Arguments of `tamis lookup`.

use std::path::PathBuf;

use clap::Args;

/// Accuracy, cost and index of an architecture in a benchmark's table.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct LookupArguments {
    /// NAS-Bench-201 cell, such as '|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|...|', or its index in
    /// the table; or NAS-Bench-101 cell, such as 'conv3x3-bn-relu(0) output(1)'
    #[arg(value_name = "G|INDEX", required_unless_present = "index")]
    pub(crate) genotype: Option<String>,
    /// Index of the cell in the table
    #[arg(long, value_name = "N", conflicts_with = "genotype")]
    pub(crate) index: Option<u32>,
    /// The table, a CSV file [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  tamis lookup \"$(tamis search)\" --table nasbench201.csv
      the cell that a search found
  tamis lookup 1462 --table nasbench201.csv
      the cell with this index";
