//! Describes a network: layers one after the other, each given what it reads.
//!
//! A layer that cannot read what it is given is noted, and [`Builder::finish`] refuses the network with the
//! first such note, so that building needs no error handling of its own.

use crate::activation::Activation;
use crate::block::{Block, Cell};
use crate::error::Error;
use crate::graph::Graph;
use crate::layer::{Convolution, ConvolutionLayer, Layer, Mix, Pool, Shape};
use crate::node::{Node, NodeId, Output};
use crate::parameters::{Init, ParameterLayout};

/// The layer that could not be described, what it would read, and what it can.
struct Misfit {
    layer: String,
    found: String,
    expected: &'static str,
}

/// A network in the making.
pub struct Builder {
    graph: Graph,
    misfit: Option<Misfit>,
}

impl Builder {
    /// A network that reads images `[channel, height, width]`, and the place of the image.
    pub fn new(image: [usize; 3]) -> (Builder, NodeId) {
        let shape = Shape::Planes(image);
        let node =
            Node { path: "image".to_owned(), layer: Layer::Image, inputs: Vec::new(), shape };
        let graph = Graph {
            image,
            nodes: vec![node],
            outputs: Vec::new(),
            blocks: Vec::new(),
            parameters: ParameterLayout::default(),
            norms: Vec::new(),
            drop_paths: 0,
        };
        (Builder { graph, misfit: None }, NodeId(0))
    }

    /// The shape of what a layer gives.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.graph.node(id).shape
    }

    /// Names what a layer gives as an output; the first so named is the main one.
    pub fn output(&mut self, name: &str, node: NodeId) {
        self.graph.outputs.push(Output { name: name.to_owned(), node });
    }

    /// Layers that belong together, as `describe` adds them: they read these inputs, and the last of them is
    /// what it returns. All mixing weights that they name are of one matrix.
    pub fn block(
        &mut self,
        (cell, matrix): (Cell, usize),
        inputs: Vec<NodeId>,
        describe: impl FnOnce(&mut Builder) -> NodeId,
    ) -> NodeId {
        let [layers, parameters] = self.counted();
        let output = describe(self);
        let [layers_end, parameters_end] = self.counted();
        let (layers, parameters) = (layers..layers_end, parameters..parameters_end);
        if output.0 + 1 != layers_end || layers.is_empty() {
            self.note("a search cell", &[], "layers of which the last comes out");
        }
        self.graph.blocks.push(Block { cell, matrix, inputs, layers, parameters });
        output
    }

    /// How many layers and parameters there are.
    fn counted(&self) -> [usize; 2] {
        [self.graph.nodes.len(), self.graph.parameters.parameters().len()]
    }

    /// The network, called `network` with its article in errors.
    ///
    /// # Errors
    ///
    /// [`Error::Shapes`] if a layer cannot read what it is given.
    pub fn finish(self, network: &str) -> Result<Graph, Error> {
        match self.misfit {
            None => Ok(self.graph),
            Some(Misfit { layer, found, expected }) => {
                Err(Error::Shapes { network: network.to_owned(), layer, found, expected })
            }
        }
    }

    /// A convolution. Its weights start as PyTorch's do: uniform within `1 / sqrt(fan in)`.
    pub fn convolution(&mut self, path: &str, input: NodeId, convolution: Convolution) -> NodeId {
        let inputs = self.shape(input).channels();
        let Convolution { outputs, kernel, groups, bias, .. } = convolution;
        let of_group = inputs / groups;
        let weight = self.weight(path, [outputs, of_group, kernel[0], kernel[1]]);
        let bound = bound(of_group * kernel[0] * kernel[1]);
        let bias = bias.then(|| self.parameter(path, "bias", &[outputs], Init::Uniform { bound }));
        let layer = ConvolutionLayer { convolution, inputs, weight, bias };
        if !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            self.note(path, &[self.shape(input)], "channels that its groups divide");
        }
        self.push(path, Layer::Convolution(layer), vec![input])
    }

    /// Convolutions without bias that share one weight, at `PATH.weight`: of each of these numbers of outputs
    /// one, which gives the first outputs of `convolution`.
    pub fn convolution_prefixes(
        &mut self,
        path: &str,
        input: NodeId,
        convolution: Convolution,
        outputs: &[usize],
    ) -> Vec<NodeId> {
        let inputs = self.shape(input).channels();
        let Convolution { outputs: all, kernel, groups, bias, .. } = convolution;
        let weight = self.weight(path, [all, inputs, kernel[0], kernel[1]]);
        if groups != 1 || bias || outputs.iter().any(|&outputs| outputs > all) {
            self.note(
                path,
                &[self.shape(input)],
                "one group without bias, and no more outputs than all",
            );
        }
        let prefix = |&outputs: &usize| {
            let convolution = Convolution { outputs, ..convolution };
            let layer = ConvolutionLayer { convolution, inputs, weight, bias: None };
            self.push(&format!("{path}.{outputs}"), Layer::Convolution(layer), vec![input])
        };
        outputs.iter().map(prefix).collect()
    }

    /// A convolution at `PATH.conv` and its batch norm at `PATH.bn`.
    pub fn conv_norm(&mut self, path: &str, input: NodeId, convolution: Convolution) -> NodeId {
        let convolved = self.convolution(&format!("{path}.conv"), input, convolution);
        self.batch_norm(&format!("{path}.bn"), convolved, true)
    }

    /// [`Builder::conv_norm`], then ReLU.
    pub fn conv_norm_relu(
        &mut self,
        path: &str,
        input: NodeId,
        convolution: Convolution,
    ) -> NodeId {
        let normed = self.conv_norm(path, input, convolution);
        self.relu(normed)
    }

    /// ReLU, then [`Builder::conv_norm`].
    pub fn relu_conv_norm(
        &mut self,
        path: &str,
        input: NodeId,
        convolution: Convolution,
    ) -> NodeId {
        let activated = self.relu(input);
        self.conv_norm(path, activated, convolution)
    }

    /// The two shifted convolutions of [`Layer::FactorizedReduction`], at `PATH.conv1` and `PATH.conv2`.
    pub fn factorized_reduction(&mut self, path: &str, input: NodeId, outputs: usize) -> NodeId {
        let inputs = self.shape(input).channels();
        let first = self.weight(&format!("{path}.conv1"), [outputs / 2, inputs, 1, 1]);
        let second = self.weight(&format!("{path}.conv2"), [outputs - outputs / 2, inputs, 1, 1]);
        let layer = Layer::FactorizedReduction { inputs, outputs, weights: [first, second] };
        self.push(path, layer, vec![input])
    }

    /// Batch norm, with scale and shift if `affine`.
    pub fn batch_norm(&mut self, path: &str, input: NodeId, affine: bool) -> NodeId {
        let channels = self.shape(input).channels();
        let affine = affine.then(|| {
            let scale = self.parameter(path, "weight", &[channels], Init::Constant(1.0));
            self.parameter(path, "bias", &[channels], Init::Constant(0.0));
            scale
        });
        self.graph.norms.push(channels);
        let number = self.graph.norms.len() - 1;
        self.push(path, Layer::BatchNorm { affine, number }, vec![input])
    }

    /// See [`Layer::Normalize`].
    pub fn normalize(&mut self, input: NodeId) -> NodeId {
        self.plain(Layer::Normalize, vec![input])
    }

    /// A linear layer with bias.
    pub fn linear(&mut self, path: &str, input: NodeId, outputs: usize) -> NodeId {
        let inputs = self.shape(input).channels();
        let init = Init::Uniform { bound: bound(inputs) };
        let weight = self.parameter(path, "weight", &[outputs, inputs], init);
        self.parameter(path, "bias", &[outputs], init);
        self.push(path, Layer::Linear { weight, outputs }, vec![input])
    }

    /// `max(0, x)`.
    pub fn relu(&mut self, input: NodeId) -> NodeId {
        self.plain(Layer::Relu, vec![input])
    }

    /// Another function of each value.
    pub fn activation(&mut self, input: NodeId, activation: Activation) -> NodeId {
        self.plain(Layer::Activation(activation), vec![input])
    }

    /// The planes of `input`, each times its value of `scales`.
    pub fn scale_channels(&mut self, input: NodeId, scales: NodeId) -> NodeId {
        self.plain(Layer::ScaleChannels, vec![input, scales])
    }

    /// The largest value of each window.
    pub fn max_pool(&mut self, input: NodeId, pool: Pool) -> NodeId {
        self.plain(Layer::MaxPool(pool), vec![input])
    }

    /// The mean of each window.
    pub fn average_pool(&mut self, input: NodeId, pool: Pool) -> NodeId {
        self.plain(Layer::AveragePool(pool), vec![input])
    }

    /// The mean of each channel.
    pub fn global_average(&mut self, input: NodeId) -> NodeId {
        self.plain(Layer::GlobalAverage, vec![input])
    }

    /// The sum of all inputs; a single one is its own.
    pub fn add(&mut self, inputs: Vec<NodeId>) -> NodeId {
        match inputs[..] {
            [single] => single,
            _ => self.plain(Layer::Add, inputs),
        }
    }

    /// See [`Layer::Mix`].
    pub fn mix(&mut self, mix: Mix, inputs: Vec<NodeId>) -> NodeId {
        self.plain(Layer::Mix(mix), inputs)
    }

    /// See [`Layer::Weigh`].
    pub fn weigh(&mut self, input: NodeId, [matrix, decision]: [usize; 2]) -> NodeId {
        self.plain(Layer::Weigh { matrix, decision }, vec![input])
    }

    /// The channels of all inputs, one input after the other; a single one is its own.
    pub fn concatenate(&mut self, inputs: Vec<NodeId>) -> NodeId {
        match inputs[..] {
            [single] => single,
            _ => self.plain(Layer::Concatenate, inputs),
        }
    }

    /// Zeros like the input, or like every second pixel of it.
    pub fn zero(&mut self, input: NodeId, stride: usize) -> NodeId {
        self.plain(Layer::Zero { stride }, vec![input])
    }

    /// See [`Layer::HalveAndWiden`].
    pub fn halve_and_widen(&mut self, input: NodeId, outputs: usize) -> NodeId {
        self.plain(Layer::HalveAndWiden { outputs }, vec![input])
    }

    /// The first channels alone; the input itself if it has no more.
    pub fn truncate(&mut self, input: NodeId, outputs: usize) -> NodeId {
        match self.shape(input).channels() == outputs {
            true => input,
            false => self.channels(input, 0, outputs),
        }
    }

    /// So many channels from one on.
    pub fn channels(&mut self, input: NodeId, first: usize, outputs: usize) -> NodeId {
        self.plain(Layer::Channels { first, outputs }, vec![input])
    }

    /// See [`Layer::Shuffle`].
    pub fn shuffle(&mut self, input: NodeId, groups: usize) -> NodeId {
        self.plain(Layer::Shuffle { groups }, vec![input])
    }

    /// Nearest upsampling by 2.
    pub fn upsample(&mut self, input: NodeId) -> NodeId {
        self.plain(Layer::Upsample, vec![input])
    }

    /// All planes as one row of values.
    pub fn flatten(&mut self, input: NodeId) -> NodeId {
        self.plain(Layer::Flatten, vec![input])
    }

    /// A row of values as planes `[channel, height, width]`.
    pub fn unflatten(&mut self, input: NodeId, sides: [usize; 3]) -> NodeId {
        self.plain(Layer::Unflatten(sides), vec![input])
    }

    /// See [`Layer::DropPath`].
    pub fn drop_path(&mut self, input: NodeId) -> NodeId {
        let number = self.graph.drop_paths;
        self.graph.drop_paths += 1;
        self.plain(Layer::DropPath { number }, vec![input])
    }

    /// A layer without parameters, named by its kind and place.
    fn plain(&mut self, layer: Layer, inputs: Vec<NodeId>) -> NodeId {
        let path = format!("{}_{}", layer.kind(), self.graph.nodes.len());
        self.push(&path, layer, inputs)
    }

    fn push(&mut self, path: &str, layer: Layer, inputs: Vec<NodeId>) -> NodeId {
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shape(input)).collect();
        let shape = layer.shape(&shapes).unwrap_or_else(|expected| {
            self.note(path, &shapes, expected);
            Shape::Planes([1; 3])
        });
        self.graph.nodes.push(Node { path: path.to_owned(), layer, inputs, shape });
        NodeId(self.graph.nodes.len() - 1)
    }

    /// Notes a misfit, unless there was one before: what follows from that would mislead.
    fn note(&mut self, path: &str, found: &[Shape], expected: &'static str) {
        if self.misfit.is_none() {
            let (layer, found) = (path.to_owned(), format!("{found:?}"));
            self.misfit = Some(Misfit { layer, found, expected });
        }
    }

    fn weight(&mut self, path: &str, shape: [usize; 4]) -> usize {
        let [_, inputs, rows, columns] = shape;
        let fan_in = inputs.saturating_mul(rows).saturating_mul(columns);
        self.parameter(path, "weight", &shape, Init::Uniform { bound: bound(fan_in) })
    }

    fn parameter(&mut self, path: &str, name: &str, shape: &[usize], init: Init) -> usize {
        self.graph.parameters.push(format!("{path}.{name}"), shape, init)
    }
}

/// Half-width of PyTorch's initial interval.
fn bound(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}
