//! Arguments of `tamis data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::CommonArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// List everything that is wrong with some data; exit code 3 if anything is.
    Check(DataArguments),
    /// Class counts, sizes, mean and deviation, duplicates.
    Stats(DataArguments),
    Pack(PackArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(value_name = "D", default_value = "synthetic")]
    pub(crate) data: String,
    /// One setting, such as data.size=32 or data.strict=true
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Make one file of some data, from which images are read one by one: a pack.
///
/// A pack is data like any other, as in --data birds.safetensors. Its images stay in the file, so that it
/// may be larger than memory; what was decoded and scaled is not decoded and scaled again; searches, scores
/// and trainings on it are those of what was packed, bit for bit. Any reader of safetensors files reads it.
///
/// Its images are verified by `tamis data check` alone, all else whenever it is opened.
#[derive(Debug, Args)]
#[command(after_long_help = PACK_EXAMPLES)]
pub(crate) struct PackArguments {
    /// What is packed: a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(value_name = "D")]
    pub(crate) data: String,
    /// The file to make, such as birds.safetensors
    #[arg(value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub(crate) replace: bool,
    /// One setting, such as data.size=64 or data.train=10000
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const PACK_EXAMPLES: &str = "\
Examples:
  tamis data pack birds/ birds.safetensors --set data.size=64
      photographs, scaled and cropped to 64 x 64 once
  tamis data pack birds.tar birds.safetensors --set data.size=64
      the same of the folder in an archive, which need not be unpacked
  tamis search --data birds.safetensors
      a search on them";
