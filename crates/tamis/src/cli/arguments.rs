//! What can be typed. Help texts teach: each says what a value means and gives one that works.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Neural architecture search on the images that matter.
///
/// Tamis chooses the data, searches on it, and shows what that saved and what it cost. Without
/// arguments `tamis search` draws its own images and takes about two minutes.
#[derive(Debug, Parser)]
#[command(name = "tamis", version, max_term_width = 100, args_override_self = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Search an architecture.
    Search(Box<SearchArguments>),
    /// Go on with a run that was stopped.
    Resume(ResumeArguments),
    /// Run a grid of hosts, policies and seeds, and put the results side by side.
    Compare(Box<CompareArguments>),
    /// Score every training image, for policies that need scores.
    Score(ScoreArguments),
    /// Embed every training image, for policies that need to know how much images are alike.
    Embed(EmbedArguments),
    /// Choose samples once, for whoever trains elsewhere.
    Select(SelectArguments),
    /// Look at image data.
    #[command(subcommand)]
    Data(DataCommand),
    /// Accuracy of an architecture in a benchmark's table.
    Lookup(LookupArguments),
    /// Settings of a run.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Search an architecture.
///
/// The genotype goes to standard output; progress, costs and the place of the run folder go to
/// standard error.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SearchArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(long, value_name = "D")]
    pub(crate) data: Option<String>,
    /// Search space: nas-bench-201, darts
    #[arg(long, value_name = "S")]
    pub(crate) space: Option<String>,
    /// Search algorithm: darts, beta-darts
    #[arg(long, value_name = "H")]
    pub(crate) host: Option<String>,
    /// What chooses the images, such as full, random:0.1, proxy:0.1, bdp, or proxy:0.3+bdp
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Epochs of the search
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Images a batch
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u32>,
    /// Names every random draw: the same seed gives the same run, bit for bit
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Run folder to make [default: runs/DATA-SPACE-HOST-POLICY-seedN]
    #[arg(long, value_name = "RUN")]
    pub(crate) out: Option<PathBuf>,
    /// Benchmark table to look the result up in [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Where to compute: cpu, or wgpu:N if built with --features wgpu
    #[arg(long, value_name = "DEV")]
    pub(crate) device: Option<String>,
    /// Settings file, such as the config.toml of an earlier run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, such as space.channels=16; `tamis config show` lists them
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const EXAMPLES: &str = "\
Examples:
  tamis search
      ten classes of drawn images, about two minutes
  tamis search --data photos/ --set data.size=32
      a folder of class folders of PNG or JPEG images
  tamis search --data cifar-10-batches-bin/ --policy random:0.1 --host beta-darts
      CIFAR-10 in the binary layout, on a tenth of its images
  tamis search --config runs/a/config.toml --seed 1 --out runs/b
      the settings of another run with another seed";

/// Go on with a run that was stopped.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

/// Score every training image.
///
/// Trains a residual network, or goes on with the one in a folder beside FILE, and writes a row an
/// image in the order of their ids: sample_id, label, score. What that cost is written beside it.
#[derive(Debug, Args)]
#[command(after_long_help = SCORE_EXAMPLES)]
pub(crate) struct ScoreArguments {
    /// What the score is
    #[arg(long, value_enum, value_name = "SCORE")]
    pub(crate) by: ScoreBy,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const SCORE_EXAMPLES: &str = "\
Examples:
  tamis score --by entropy --out scores.csv
      entropies of ten classes of drawn images
  tamis score --data cifar-10-batches-bin/ --by entropy --epochs 200 --out scores.txt
      the recipe of the proxy-data paper, in its published form
  tamis search --data cifar-10-batches-bin/ --policy proxy:0.1 --set policy.scores=scores.txt
      a search on the tenth of the images that they choose";

/// What a score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreBy {
    /// Entropy of the trained network's output, in nats: what `proxy` needs
    Entropy,
    /// Cross-entropy of the trained network's output and the class, in nats
    Loss,
    /// How often the network forgot the image while it trained
    Forgetting,
    /// Norm of output less class after a tenth of the epochs, mean of three networks
    El2n,
}

impl From<ScoreBy> for tamis::ScoreKind {
    fn from(by: ScoreBy) -> Self {
        match by {
            ScoreBy::Entropy => Self::Entropy,
            ScoreBy::Loss => Self::Loss,
            ScoreBy::Forgetting => Self::Forgetting,
            ScoreBy::El2n => Self::El2n,
        }
    }
}

/// Embed every training image.
///
/// Writes a row an image in the order of their ids: sample_id, label, z_0, z_1 and so on; near each
/// other where images are alike. What that cost is written beside it.
#[derive(Debug, Args)]
#[command(after_long_help = EMBED_EXAMPLES)]
pub(crate) struct EmbedArguments {
    /// What embeds an image
    #[arg(long, value_enum, value_name = "EMBEDDING")]
    pub(crate) by: EmbedBy,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const EMBED_EXAMPLES: &str = "\
Examples:
  tamis embed --by triplet-ae --out codes.parquet
      codes of ten classes of drawn images
  tamis embed --data photos/ --by pixel-pca --set embed.latent=16 --out pixels.csv
      sixteen principal components of a folder's pixels";

/// What embeds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmbedBy {
    /// Autoencoder trained to reconstruct images and to part classes, as DDS-NAS has one
    TripletAe,
    /// The same autoencoder untrained: what training it is worth
    RandomAe,
    /// Principal components of the pixels
    PixelPca,
    /// Features before the last layer of the network that scores
    Penultimate,
}

impl From<EmbedBy> for tamis::Embedding {
    fn from(by: EmbedBy) -> Self {
        match by {
            EmbedBy::TripletAe => Self::TripletAe,
            EmbedBy::RandomAe => Self::RandomAe,
            EmbedBy::PixelPca => Self::PixelPca,
            EmbedBy::Penultimate => Self::Penultimate,
        }
    }
}

/// Choose samples once.
///
/// Writes the ids of the samples that a policy chooses, those of a search with the same policy,
/// files and seed. The images are not needed where scores, embeddings or labels name the samples.
#[derive(Debug, Args)]
#[command(after_long_help = SELECT_EXAMPLES)]
pub(crate) struct SelectArguments {
    /// What chooses, such as random:0.1, proxy:0.1, two-tail:1000
    #[arg(long, value_name = "P")]
    pub(crate) policy: String,
    /// Where the samples' classes come from: data, as `tamis search` takes it
    #[arg(long, value_name = "D", conflicts_with = "labels")]
    pub(crate) data: Option<String>,
    /// Or a file with a column `label`, or one class a line or value
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Scores, as `tamis score` writes them
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
    /// Embeddings, as `tamis embed` writes them
    #[arg(long, value_name = "FILE")]
    pub(crate) embeddings: Option<PathBuf>,
    /// File to write: .txt and .npy hold ids alone, .csv and .parquet classes too; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Names every random draw
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Settings file, such as the config.toml of a run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, such as policy.bin_width=0.25
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

const SELECT_EXAMPLES: &str = "\
Examples:
  tamis select --policy proxy:0.1 --scores scores.csv --out chosen.npy
      a tenth by entropy, from the scores alone
  tamis select --policy random:500 --labels labels.txt --out -
      five hundred at random, to standard output";

#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(long, value_name = "D")]
    pub(crate) data: Option<String>,
    /// File to write: .csv, .parquet, .npy (values alone) or, for scores, .txt
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Epochs of the network's training
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Names every random draw
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Where to compute: cpu
    #[arg(long, value_name = "DEV")]
    pub(crate) device: Option<String>,
    /// Settings file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, such as score.blocks=9 or embed.latent=16
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

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

/// Run a grid of hosts, policies and seeds, and put the results side by side.
///
/// Every run is a run folder under DIR/runs, made by a process of its own, so that seconds and peak
/// memory are the run's. A finished run is one line of the results file and is never made again;
/// Ctrl-C stops with exit code 75, and the same command goes on. All arms get their first seed
/// before any gets its second. The table goes to standard output.
#[derive(Debug, Args)]
#[command(after_long_help = COMPARE_EXAMPLES)]
pub(crate) struct CompareArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(long, value_name = "D")]
    pub(crate) data: Option<String>,
    /// Search spaces, a block of the table each [default: nas-bench-201]
    #[arg(long, value_name = "S,..", value_delimiter = ',')]
    pub(crate) spaces: Vec<String>,
    /// Search algorithms [default: darts]
    #[arg(long, value_name = "H,..", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,
    /// What chooses the images, such as full,random:0.1; `P@SEEDS` gives one its own seeds:
    /// full@0..3,random:0.1,proxy:0.1@0,3,7
    #[arg(long, value_name = "P,..")]
    pub(crate) policies: String,
    /// Seeds of every arm: 0..5 is 0, 1, 2, 3, 4; also 0,3,7
    #[arg(long, value_name = "A..B", default_value = "0")]
    pub(crate) seeds: String,
    /// Folder of the comparison: run folders under runs/, and the results file
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Scales of the alpha rate, an arm each: none, steps [default: the setting alpha.lr_scale]
    #[arg(long, value_name = "SCALE,..", value_delimiter = ',')]
    pub(crate) alpha_lr_scales: Vec<String>,
    /// Epochs of each search
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// Images a batch
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u32>,
    /// Finished runs, one a line; what is in it is not run again [default: DIR/results.jsonl]
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) results: Option<PathBuf>,
    /// Benchmark table to look the results up in [default: the one in the folder TAMIS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// How to print the comparison
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ComparisonFormat,
    /// Runs at once; the results do not depend on it, their seconds do
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Where to compute: cpu
    #[arg(long, value_name = "DEV")]
    pub(crate) device: Option<String>,
    /// Settings file, such as the config.toml of an earlier run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting of all runs, such as space.channels=16; `tamis config show` lists them
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Stop after this many finished runs in this sitting
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) stop_after_runs: Option<usize>,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  tamis compare --policies full,random:0.5 --seeds 0..3 --epochs 10 --out comparison
      two policies on drawn images, three seeds each
  tamis compare --data cifar-10-batches-bin/ --hosts darts,beta-darts \\
      --policies full@0..3,random:0.1@0..5 --alpha-lr-scales none,steps --out comparison
      all images with three seeds, a tenth of them with five, two rates of the alphas
  tamis compare ... --results results.jsonl --format markdown > results.md
      the table of runs that are in results.jsonl, and those that are missing there";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparisonFormat {
    /// Aligned columns
    Text,
    /// One value a line: every run's figures and their statistics
    Csv,
    /// A table of statistics and a table of every value
    Markdown,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the settings of a run or file, complete; without one, the defaults.
    Show {
        /// Run folder or TOML file
        #[arg(value_name = "RUN|FILE")]
        from: Option<PathBuf>,
        /// One setting, such as recipe=autodl
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Print the settings in which two runs or files differ.
    Diff {
        /// Run folder or TOML file
        a: PathBuf,
        /// Run folder or TOML file
        b: PathBuf,
    },
}
