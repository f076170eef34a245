//! Arguments of `tamis export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tamis::ExportForm;

/// Write a trained network in the form of another tool.
///
/// ONNX has opset 17 and a free batch size; its input is normalised images, or pixels with --normalize.
/// `pytorch` writes a module and its tensors beside it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ExportArguments {
    /// Folder of a finished `tamis train`, or its network.safetensors
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: Form,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// onnx: make batch norms part of the convolutions before them
    #[arg(long)]
    pub(crate) fold: bool,
    /// onnx, pytorch: take pixels from 0 to 255, and normalise them inside
    #[arg(long)]
    pub(crate) normalize: bool,
    /// onnx: give probabilities, too
    #[arg(long)]
    pub(crate) probabilities: bool,
    /// onnx: weights as bytes with a scale a channel, a quarter of the size; with --data it is told what
    /// accuracy that costs
    #[arg(long)]
    pub(crate) int8: bool,
    /// Data on whose test split --int8 is judged
    #[arg(long, value_name = "D", requires = "int8")]
    pub(crate) data: Option<String>,
    /// One setting of that data, such as data.size=32
    #[arg(long, value_name = "KEY=VALUE", requires = "data")]
    pub(crate) set: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  tamis export runs/photos-train-resnet20-full-seed0 --to onnx --normalize --fold --out photos.onnx
      a model that onnxruntime and most compilers of networks read
  tamis export runs/photos-train-resnet20-full-seed0 --to pytorch --out photos.py
      photos.py and photos.safetensors: `from photos import load`";

/// What other tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// An ONNX model
    Onnx,
    /// Tensors under PyTorch's names
    Safetensors,
    /// A Python module for PyTorch, and its tensors
    Pytorch,
    /// Graphviz: every layer
    Dot,
    /// A drawing of the cells
    Svg,
    /// The genotype as DARTS writes it
    Darts,
    /// The genotype as AutoDL writes it, of TAS a .config
    Autodl,
    /// The description as JSON
    Json,
    /// A network of inverted residuals as ProxylessNAS writes it
    Proxyless,
}

impl From<Form> for ExportForm {
    fn from(form: Form) -> ExportForm {
        match form {
            Form::Onnx => ExportForm::Onnx,
            Form::Safetensors => ExportForm::Safetensors,
            Form::Pytorch => ExportForm::Pytorch,
            Form::Dot => ExportForm::Dot,
            Form::Svg => ExportForm::Svg,
            Form::Darts => ExportForm::Darts,
            Form::Autodl => ExportForm::Autodl,
            Form::Json => ExportForm::Json,
            Form::Proxyless => ExportForm::Proxyless,
        }
    }
}
