//! Arguments of `tamis space`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::settings::SettingsArguments;
use super::suggested;

#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    /// List the search spaces, and whose genotypes are read.
    List,
    /// Show an architecture: its operations, what of it works, what its network costs.
    Show(ArchitectureArguments),
    /// Count parameters, multiply-adds and activations of an architecture's network.
    Count(ArchitectureArguments),
    /// Write a genotype in another form.
    Convert(ConvertArguments),
    /// Measure the parts of a space's networks on this machine, for searches with a target of latency.
    #[command(after_long_help = LATENCY)]
    Latency(LatencyArguments),
}

/// An architecture and the size of its network.
#[derive(Debug, Args)]
pub(crate) struct ArchitectureArguments {
    /// Genotype of any space, in any form that is read, or a network's name such as resnet20 or mobilenet-v2
    #[arg(value_name = "G")]
    pub(crate) genotype: String,
    /// Channels of the first stage or cell, or of the stem [default: 16, of NAS-Bench-101 128, of the DARTS
    /// space 36, of mobilenet the genotype's]
    #[arg(long, value_name = "N")]
    pub(crate) channels: Option<usize>,
    /// Cells: of the DARTS space all, of others those of a stage [default: 5, of NAS-Bench-101 3, of
    /// the DARTS space 20]
    #[arg(long, value_name = "N", alias = "layers")]
    pub(crate) cells: Option<usize>,
    /// Pixels of an image's side
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) size: usize,
    /// Channels of an image
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) image_channels: usize,
    /// Classes
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) classes: usize,
    /// Time one image on this machine, too
    #[arg(long)]
    pub(crate) latency: bool,
    /// The stem that the DARTS space has for large images
    #[arg(long)]
    pub(crate) imagenet_stem: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// A genotype and a form.
#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// Genotype of any space, in any form that is read
    #[arg(value_name = "G")]
    pub(crate) genotype: String,
    /// What to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: TextForm,
}

const LATENCY: &str = "\
Every kind of block is timed by itself, one image on one thread, the quickest of several rounds. The
file can be used by every search of the same space, size, images and classes.

Example:
  tamis space latency --data photos/ --set data.size=64 --out latency.json
  tamis search --space mobilenet --data photos/ --set data.size=64 --policy full \\
      --latency latency.json --target-latency 2ms";

/// A space, and where its latencies go.
#[derive(Debug, Args)]
pub(crate) struct LatencyArguments {
    /// Search space
    #[arg(
        long,
        value_name = "S",
        value_parser = suggested::spaces(),
        hide_possible_values = true,
        default_value = "mobilenet"
    )]
    pub(crate) space: String,
    /// File to write
    #[arg(short, long, value_name = "FILE", default_value = "latency.json")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

/// How genotypes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextForm {
    /// As DARTS writes it
    Darts,
    /// As AutoDL writes it, of TAS a `.config`
    Autodl,
    /// A drawing of the cells, SVG; of the DARTS space the normal one, of TAS the widths
    Svg,
    /// Every layer for Graphviz
    Dot,
    /// Every layer as JSON
    Json,
    /// A network of inverted residuals as ProxylessNAS writes it
    Proxyless,
}
