//! A trained network as an ONNX model.
//!
//! Opset 17 of the default domain, IR version 8: what runtimes since 2022 read. One input, `images`, and the
//! main output under its own name, `logits` of a classifier; the size of the batch is free. Layers are named
//! by their paths, constants by those of the parameters. What needs no name outside of this folder stays in
//! it.

mod convolution;
mod layers;
mod messages;
mod values;
mod weights;
mod writer;

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};
use tamis_graph::{Layer, NodeId, Shape};

use crate::about::{About, PRODUCER, PRODUCER_VERSION};
use crate::checked::Checked;
use crate::error::Error;
use crate::fold::norm_after;
use crate::trained::{Normalization, Trained};
pub use weights::int8_weights;

use messages::{Model, OperatorSet, Property, ValueInfo};
use values::{batch_of, integer};
use writer::Writer;

const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;
const INPUT: &str = "images";
const PROBABILITIES: &str = "probabilities";

/// Bytes of the largest message that readers of protocol buffers take.
const MOST_BYTES: usize = i32::MAX as usize;

/// How a network is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnnxOptions {
    /// Batch norms that follow a convolution become part of it; others stay.
    pub fold: bool,
    /// The input is pixels as they are, 0 to 255 say, in single precision, and the model normalises them.
    /// Without it, the input is normalised images.
    pub normalize: bool,
    /// A second output, `probabilities`: the softmax of the logits.
    pub probabilities: bool,
    /// Weights of convolutions and linear layers as bytes with a scale for each output channel, multiplied
    /// out by the runtime: a quarter of the size. Everything else stays single precision.
    pub int8: bool,
}

/// A network as an ONNX model. Input: `images`, `[batch, channel, height, width]`. Output: the main output by
/// its name, `logits` `[batch, class]` of a classifier; with `probabilities` those after it, `[batch,
/// class]`.
///
/// The metadata of the model say what is known of it, each value JSON: `image`, `classes`, `normalization`,
/// `input` (`pixels` or `normalized`), `counts` of the network and of what is `written`,
/// `parameters_left_out`, `options`.
///
/// # Errors
///
/// [`Error`] if the parts of `trained` do not fit each other, a layer cannot be expressed, pixels are to be
/// read whose normalisation is not known, or the model would be larger than protocol buffers may be.
pub fn onnx(trained: &Trained<'_>, options: OnnxOptions) -> Result<Vec<u8>, Error> {
    let network = Checked::new(trained)?;
    let normalization = network.normalization(options.normalize)?;
    let mut form = Form { network, options, writer: Writer::default(), names: BTreeMap::new() };
    form.writer.take(INPUT);
    form.write_input(normalization);
    form.write_layers();
    let output = form.write_outputs()?;
    let Form { network, writer, .. } = form;
    let mut graph = writer.finish()?;
    graph.name = PRODUCER.to_owned();
    graph.input = vec![batch_of(INPUT, Shape::Planes(trained.graph.image()))];
    graph.output = output;
    let opset = OperatorSet { domain: String::new(), version: OPSET };
    let model = Model {
        ir_version: IR_VERSION,
        opset_import: vec![opset],
        producer_name: PRODUCER.to_owned(),
        producer_version: PRODUCER_VERSION.to_owned(),
        doc_string: input_documentation(options).to_owned(),
        graph: Some(graph),
        metadata_props: properties(&network, options)?,
    };
    let found = model.encoded_len();
    if found > MOST_BYTES {
        return Err(Error::TooLarge { found, limit: MOST_BYTES });
    }
    Ok(model.encode_to_vec())
}

/// A network on its way into a model.
struct Form<'a> {
    network: Checked<'a>,
    options: OnnxOptions,
    writer: Writer,
    /// What the results of the layers written so far are called.
    names: BTreeMap<NodeId, String>,
}

impl Form<'_> {
    /// What the layers read: the input, or the input normalised.
    fn write_input(&mut self, normalization: Option<&Normalization>) {
        let image = self.network.layers().find(|(_, node)| node.layer == Layer::Image);
        let Some((id, _)) = image else { return };
        let Some(normalization) = normalization else {
            self.names.insert(id, INPUT.to_owned());
            return;
        };
        let single =
            |values: Vec<f64>| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let [factors, offsets] = normalization.factors_and_offsets().map(single);
        let shape = [1, factors.len(), 1, 1];
        let factors = self.writer.floats("normalization.factor", &shape, &factors);
        let offsets = self.writer.floats("normalization.offset", &shape, &offsets);
        let scaled =
            self.writer.node("Mul", &[INPUT, &factors], "normalization.scaled", Vec::new());
        let images = self.writer.node("Add", &[&scaled, &offsets], "normalization", Vec::new());
        self.names.insert(id, images);
    }

    /// The layers in order, a convolution together with the batch norm that it takes in.
    fn write_layers(&mut self) {
        let layers: Vec<_> = self.network.layers().collect();
        for (id, node) in layers {
            if self.names.contains_key(&id) {
                continue;
            }
            let norm = if self.options.fold { norm_after(&self.network, id) } else { None };
            let result = norm.unwrap_or(id);
            let name = self.name_of(result);
            let name = self.write_layer(node, norm, &name);
            self.names.insert(id, name.clone());
            self.names.insert(result, name);
        }
    }

    /// What a layer's result is to be called.
    fn name_of(&self, id: NodeId) -> String {
        let output = id == self.network.output();
        let name = if output { self.network.output_name() } else { &self.network.node(id).path };
        name.to_owned()
    }

    /// The outputs, which have to be named as such even where they are what came in.
    fn write_outputs(&mut self) -> Result<Vec<ValueInfo>, Error> {
        let (id, name) = (self.network.output(), self.network.output_name());
        let shape = self.network.node(id).shape;
        if self.names[&id] != name {
            self.writer.node("Identity", &[&self.names[&id]], name, Vec::new());
        }
        let mut outputs = vec![batch_of(name, shape)];
        if self.options.probabilities {
            if let Shape::Planes(sides) = shape {
                let found = format!("shape {sides:?}");
                return Err(Error::NoClasses { output: name.to_owned(), found });
            }
            self.writer.node("Softmax", &[name], PROBABILITIES, vec![integer("axis", 1)]);
            outputs.push(batch_of(PROBABILITIES, shape));
        }
        Ok(outputs)
    }
}

fn input_documentation(options: OnnxOptions) -> &'static str {
    if options.normalize {
        "images: [batch, channel, height, width], pixels as they are stored, in single precision"
    } else {
        "images: [batch, channel, height, width], normalised: (pixel * pixel_scale - mean) / deviation"
    }
}

fn properties(network: &Checked<'_>, options: OnnxOptions) -> Result<Vec<Property>, Error> {
    let About { image, classes, normalization, counts, written, parameters_left_out, .. } =
        About::of(network);
    let input = if options.normalize { "pixels" } else { "normalized" };
    Ok(vec![
        property("image", &image)?,
        property("input", input)?,
        property("classes", classes)?,
        property("normalization", &normalization)?,
        property("counts", &counts)?,
        property("written", &written)?,
        property("parameters_left_out", &parameters_left_out)?,
        property("options", &options)?,
    ])
}

fn property<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<Property, Error> {
    let refused =
        |error: serde_json::Error| Error::Library { form: "ONNX", message: error.to_string() };
    let value = serde_json::to_string(value).map_err(refused)?;
    Ok(Property { key: key.to_owned(), value })
}

#[cfg(test)]
mod tests;
