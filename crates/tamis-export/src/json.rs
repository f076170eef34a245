//! A network's description as JSON.

use serde::Serialize;
use serde_json::{Value, json as value};
use tamis_graph::{Convolution, Counts, Graph, Layer, Mix, NodeId, Pool, Shape};

use crate::error::Error;

/// What the value at `format` says; another number means that fields have another meaning.
const FORMAT: &str = "tamis-graph/1";

#[derive(Serialize)]
struct Description<'a> {
    format: &'static str,
    image: [usize; 3],
    layers: Vec<LayerDescription<'a>>,
    outputs: Vec<OutputDescription<'a>>,
    parameters: Vec<ParameterDescription<'a>>,
    counts: Counts,
    peak_activation_values: usize,
}

#[derive(Serialize)]
struct LayerDescription<'a> {
    path: &'a str,
    kind: &'static str,
    inputs: Vec<usize>,
    shape: Vec<usize>,
    parameters: Vec<usize>,
    settings: Value,
    main: bool,
}

#[derive(Serialize)]
struct OutputDescription<'a> {
    name: &'a str,
    layer: usize,
}

#[derive(Serialize)]
struct ParameterDescription<'a> {
    path: &'a str,
    shape: &'a [usize],
    offset: usize,
}

/// A network's description as JSON, without weights:
///
/// * `format`: `tamis-graph/1`;
/// * `image`: `[channel, height, width]` of what it reads;
/// * `layers`, each after what it reads: its `path`; its `kind`, as [`Layer::kind`]; the `inputs`, places in
///   this list; the `shape` of one sample of what it gives, `[channel, height, width]` or `[values]`; its
///   `parameters`, places in that list; its `settings`, as the fields of [`Layer`]; whether the `main` output
///   needs it;
/// * `outputs`, the main one first: `name`, and `layer`, a place;
/// * `parameters`, as they lie in the vector of weights: `path`, `shape`, `offset`;
/// * `counts`: `params` and `macs`, multiply-adds of one image, as [`Graph::counts`];
/// * `peak_activation_values`, as [`Graph::peak_activation_values`].
///
/// # Errors
///
/// [`Error::Library`] if the library that writes JSON refuses.
pub fn json(graph: &Graph) -> Result<String, Error> {
    let main = graph.main();
    let outputs = graph.outputs().iter();
    let parameters = graph.parameters().parameters().iter();
    let description = Description {
        format: FORMAT,
        image: graph.image(),
        layers: graph.ids().map(|id| describe(graph, id, main[id.index()])).collect(),
        outputs: outputs
            .map(|output| OutputDescription { name: &output.name, layer: output.node.index() })
            .collect(),
        parameters: parameters
            .map(|parameter| ParameterDescription {
                path: &parameter.path,
                shape: &parameter.shape,
                offset: parameter.offset,
            })
            .collect(),
        counts: graph.counts(),
        peak_activation_values: graph.peak_activation_values(),
    };
    let refused =
        |error: serde_json::Error| Error::Library { form: "JSON", message: error.to_string() };
    serde_json::to_string_pretty(&description).map_err(refused)
}

fn describe(graph: &Graph, id: NodeId, main: bool) -> LayerDescription<'_> {
    let node = graph.node(id);
    let shape = match node.shape {
        Shape::Planes(sides) => sides.to_vec(),
        Shape::Features(values) => vec![values],
    };
    LayerDescription {
        path: &node.path,
        kind: node.layer.kind(),
        inputs: node.inputs.iter().map(|input| input.index()).collect(),
        shape,
        parameters: node.layer.parameters(),
        settings: settings(&node.layer),
        main,
    }
}

fn settings(layer: &Layer) -> Value {
    match *layer {
        Layer::Convolution(of) => {
            let Convolution { outputs, kernel, stride, padding, dilation, groups, bias } =
                of.convolution;
            value!({
                "inputs": of.inputs, "outputs": outputs, "kernel": kernel, "stride": stride,
                "padding": padding, "dilation": dilation, "groups": groups, "bias": bias,
            })
        }
        Layer::FactorizedReduction { inputs, outputs, .. } => {
            value!({ "inputs": inputs, "outputs": outputs })
        }
        Layer::BatchNorm { affine, number } => {
            value!({ "affine": affine.is_some(), "number": number })
        }
        Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
            let Pool { side, stride, padding } = pool;
            value!({ "side": side, "stride": stride, "padding": padding })
        }
        Layer::Mix(Mix { matrix, decision, first }) => {
            value!({ "matrix": matrix, "decision": decision, "first": first })
        }
        Layer::Weigh { matrix, decision } => value!({ "matrix": matrix, "decision": decision }),
        Layer::Zero { stride } => value!({ "stride": stride }),
        Layer::HalveAndWiden { outputs } | Layer::Linear { outputs, .. } => {
            value!({ "outputs": outputs })
        }
        Layer::Channels { first, outputs } => value!({ "first": first, "outputs": outputs }),
        Layer::Shuffle { groups } => value!({ "groups": groups }),
        Layer::Unflatten(sides) => value!({ "sides": sides }),
        Layer::DropPath { number } => value!({ "number": number }),
        Layer::Image
        | Layer::Normalize
        | Layer::Relu
        | Layer::Activation(_)
        | Layer::ScaleChannels
        | Layer::GlobalAverage
        | Layer::Add
        | Layer::Concatenate
        | Layer::Upsample
        | Layer::Flatten => value!({}),
    }
}
