//! A trained network, or an architecture, in the forms of other tools.

use std::path::Path;

use tamis_export::{
    Normalization, OnnxOptions, PytorchOptions, Trained, dot, int8_weights, json, onnx, pytorch,
    safetensors,
};
use tamis_graph::Graph;
use tamis_nn::Statistics;
use tamis_report::draw;
use tamis_space::{Architecture, mobilenet};

use super::file::TrainedNetwork;
use super::network::NetworkConfig;
use crate::error::Error;

/// What other tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// An ONNX model.
    Onnx,
    /// Tensors under PyTorch's names.
    Safetensors,
    /// A Python module for PyTorch, which loads them.
    Pytorch,
    /// Graphviz.
    Dot,
    /// A drawing of the cells.
    Svg,
    /// The genotype as DARTS writes it.
    Darts,
    /// The genotype as AutoDL writes it.
    Autodl,
    /// The description as JSON.
    Json,
    /// A network of inverted residuals as ProxylessNAS writes it.
    Proxyless,
}

/// How a network is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Batch norms become part of the convolutions before them (ONNX).
    pub fold: bool,
    /// The input is pixels 0 to 255, normalised inside (ONNX, PyTorch).
    pub normalize: bool,
    /// A second output of probabilities (ONNX).
    pub probabilities: bool,
    /// Weights as bytes with a scale a channel (ONNX).
    pub int8: bool,
}

impl ExportOptions {
    /// Refuses what a form does not know rather than leaving it out.
    fn refuse_for(self, form: ExportForm) -> Result<(), Error> {
        let known_to_onnx =
            [(self.fold, "--fold"), (self.probabilities, "--probabilities"), (self.int8, "--int8")];
        let mut refused = match form {
            ExportForm::Onnx => Vec::new(),
            _ => known_to_onnx.to_vec(),
        };
        if !matches!(form, ExportForm::Onnx | ExportForm::Pytorch) {
            refused.push((self.normalize, "--normalize"));
        }
        match refused.into_iter().find(|(set, _)| *set) {
            Some((_, option)) => Err(Error::NotOfForm { option }),
            None => Ok(()),
        }
    }
}

impl TrainedNetwork {
    /// The files of a form, each with the ending of its name; the first is the one that was asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Export`] if the network cannot be expressed, [`Error::NoCell`] if it is none of a search
    /// space, [`Error::NotOfForm`] of an option that the form does not know.
    pub fn export(
        &self,
        form: ExportForm,
        options: ExportOptions,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        options.refuse_for(form)?;
        let norms = self.graph.norms().len();
        let (means, variances): (Vec<_>, Vec<_>) =
            (0..norms).map(|number| Statistics::of(&self.statistics, number)).unzip();
        let (mean, deviation) =
            (self.normalization.mean.clone(), self.normalization.deviation.clone());
        let normalization = Normalization::of_bytes(mean, deviation);
        let trained = Trained {
            graph: &self.graph,
            weights: &self.weights,
            means: &means,
            variances: &variances,
            classes: &self.classes,
            normalization: Some(&normalization),
        };
        let ExportOptions { fold, normalize, probabilities, int8 } = options;
        Ok(match form {
            ExportForm::Onnx => {
                let options = OnnxOptions { fold, normalize, probabilities, int8 };
                vec![("onnx", onnx(&trained, options)?)]
            }
            ExportForm::Safetensors => vec![("safetensors", safetensors(&trained)?)],
            ExportForm::Pytorch => {
                let module = pytorch(&trained, PytorchOptions { normalize })?;
                vec![("py", module.into_bytes()), ("safetensors", safetensors(&trained)?)]
            }
            _ => description(&self.network, &self.graph, form)?,
        })
    }
}

impl TrainedNetwork {
    /// The network with its weights as an int8 model multiplies them out.
    pub fn with_int8_weights(self) -> TrainedNetwork {
        let weights = int8_weights(&self.graph, &self.weights);
        TrainedNetwork { weights, ..self }
    }
}

/// The files of a form that needs no weights.
///
/// # Errors
///
/// [`Error::Export`], [`Error::NoCell`], or [`Error::NeedsWeights`] of a form that needs some.
pub fn description(
    network: &NetworkConfig,
    graph: &Graph,
    form: ExportForm,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let text = match form {
        ExportForm::Dot => ("dot", dot(graph)),
        ExportForm::Json => ("json", json(graph)?),
        ExportForm::Proxyless => ("json", proxyless(network, graph)?),
        ExportForm::Svg => return drawings(network),
        ExportForm::Darts | ExportForm::Autodl => {
            let outputs = graph.outputs().first();
            let classes = outputs.map_or(0, |logits| graph.node(logits.node).shape.values());
            ("txt", converted(network, classes, form)? + "\n")
        }
        ExportForm::Onnx | ExportForm::Safetensors | ExportForm::Pytorch => {
            return Err(Error::NeedsWeights);
        }
    };
    Ok(vec![(text.0, text.1.into_bytes())])
}

/// The genotype in another text form; of TAS one of AutoDL's says how many classes there are.
fn converted(network: &NetworkConfig, classes: usize, form: ExportForm) -> Result<String, Error> {
    let text = network.genotype.as_deref().ok_or(Error::NoCell)?;
    Ok(match (text.parse()?, form) {
        (Architecture::Darts(genotype), ExportForm::Autodl) => genotype.to_nested_string(),
        (Architecture::Tas(configuration), ExportForm::Autodl) => {
            configuration.to_config(classes)?
        }
        // Both write the cells of NAS-Bench-201 in this one form.
        (architecture, _) => architecture.to_string(),
    })
}

/// A network of inverted residuals in ProxylessNAS's JSON.
fn proxyless(network: &NetworkConfig, graph: &Graph) -> Result<String, Error> {
    let text = network.genotype.as_deref().ok_or(Error::NoCell)?;
    let Architecture::MobileNet(genotype) = text.parse()? else {
        return Err(Error::NotOfForm { option: "--to proxyless" });
    };
    let classes = graph.output("logits").map_or(0, |logits| graph.node(logits).shape.values());
    Ok(mobilenet::to_json(&genotype, graph.image()[0], classes)?)
}

/// Drawings of the cells of a genotype, as SVG; of a genotype of several kinds of cells one each.
///
/// # Errors
///
/// [`Error::Space`] if it is none.
pub fn drawn(genotype: &str) -> Result<Vec<String>, Error> {
    Ok(draw(&genotype.parse()?).into_iter().map(|drawing| drawing.to_file()).collect())
}

fn drawings(network: &NetworkConfig) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let text = network.genotype.as_deref().ok_or(Error::NoCell)?;
    let drawings = draw(&text.parse()?).into_iter();
    let files = drawings.map(|drawing| {
        let ending = match drawing.name {
            "normal cell" => "normal.svg",
            "reduction cell" => "reduction.svg",
            _ => "svg",
        };
        (ending, drawing.to_file().into_bytes())
    });
    Ok(files.collect())
}

/// Where each of the files goes: the first to `out`, others beside it with their own ending.
pub fn beside(out: &Path, number: usize, ending: &str) -> std::path::PathBuf {
    if number == 0 { out.to_owned() } else { out.with_extension(ending) }
}
