//! Arguments of `tamis train`, `tamis evaluate` and `tamis predict`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::common::{CommonArguments, NewRunArguments};
use super::listing::{policies, recipes};
use super::settings::SettingsArguments;
use super::suggested;

/// Train a single network, and judge it on the test split.
///
/// What a search found (--run), any genotype of NAS-Bench-201, NAS-Bench-101, the DARTS space or TAS, or a
/// residual network. The test accuracy goes to standard output; the run folder holds the network as
/// network.safetensors, which `evaluate` and `predict` take.
///
/// The test split is read once, when all epochs are over. What is looked at before that is held out of the
/// training images: --set train.validation=0.1.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("set", |set| set.help("One setting, such as train.lr=0.05 or network.channels=32")),
    mut_arg("out", |out| out.help("Run folder to make [default: runs/DATA-train-NETWORK-POLICY-seedN]"))
)]
pub(crate) struct TrainArguments {
    /// Genotype: |nor_conv_3x3~0|+… of NAS-Bench-201, conv3x3-bn-relu(0) … output(1) of NAS-Bench-101,
    /// Genotype(normal=[…], …) of the DARTS space, or stem(16) stage(…) … or the text of a .config of TAS
    #[arg(long, value_name = "G", group = "what")]
    pub(crate) genotype: Option<String>,
    /// Folder of a finished search, whose result is trained
    #[arg(long, value_name = "RUN", group = "what")]
    pub(crate) run: Option<PathBuf>,
    /// Network of no search space: resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110
    #[arg(long, value_name = "NAME", group = "what")]
    pub(crate) network: Option<String>,
    /// A trained network, or its run folder, whose answers the network learns from, too: knowledge
    /// distillation
    #[arg(long, value_name = "RUN")]
    pub(crate) teacher: Option<PathBuf>,
    /// Recipe: quick, nas-bench-201-12, nas-bench-201-200, darts-600
    #[arg(
        long,
        value_name = "R",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        long_help = recipes("Recipe [default: quick]")
    )]
    pub(crate) recipe: Option<String>,
    /// What chooses the images to train on, such as random:0.1 or proxy:0.1 [default: full]
    #[arg(
        long,
        value_name = "P",
        value_parser = suggested::policies(|entry| !entry.needs_search),
        hide_possible_values = true,
        long_help = policies("What chooses the images [default: full]", |entry| !entry.needs_search)
    )]
    pub(crate) policy: Option<String>,
    /// Channels of the first stage or cell [default: the recipe's, or 16]
    #[arg(long, value_name = "N")]
    pub(crate) channels: Option<u32>,
    /// Cells: of the DARTS space all, of others those of a stage [default: the recipe's, or 3, of
    /// NAS-Bench-101 1, of the DARTS space 8]
    #[arg(long, value_name = "N", alias = "layers")]
    pub(crate) cells: Option<u32>,
    #[command(flatten)]
    pub(crate) new_run: NewRunArguments,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const EXAMPLES: &str = "\
Examples:
  tamis train --run runs/synthetic-nas-bench-201-darts-random-epoch-0.1-seed0
      what a search found, on the images that it searched on
  tamis train --network resnet20 --data fashion-mnist/ --policy proxy:0.1
      ResNet-20 on a tenth of the images, chosen by their entropy
  tamis train --recipe darts-600 --data cifar-10-batches-bin/ --epochs 50 --genotype \"Genotype(…)\"
      the recipe of DARTS, shortened
  tamis resume runs/photos-train-resnet20-full-seed0
      goes on with a training that was stopped";

/// Judge a trained network on data whose classes are known.
///
/// The accuracy goes to standard output; class by class, confusions and calibration follow in the table, or
/// in JSON.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// Folder of a finished `tamis train`, or its network.safetensors
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// A file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(long, value_name = "D")]
    pub(crate) data: String,
    /// Which split
    #[arg(long, value_enum, default_value = "test")]
    pub(crate) split: Split,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: EvaluateFormat,
    /// One setting of the data, such as data.size=32
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Threads to compute with [default: all processors]
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    /// The test split
    Test,
    /// The training split
    Train,
}

/// How a judgement is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvaluateFormat {
    /// An aligned table
    Text,
    /// One JSON object
    Json,
}

/// Say what a trained network sees in images.
///
/// A row an image: file, class, probability. The milliseconds that one image takes alone are told on
/// standard error.
#[derive(Debug, Args)]
pub(crate) struct PredictArguments {
    /// Folder of a finished `tamis train`, or its network.safetensors
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Images, or folders of them
    #[arg(value_name = "IMAGES", required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// How to write
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: PredictFormat,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) out: PathBuf,
    /// Likeliest classes of each image to tell
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

/// How predictions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PredictFormat {
    /// Comma-separated, with a header
    Csv,
    /// Parquet
    Parquet,
    /// One JSON object an image
    Json,
}
