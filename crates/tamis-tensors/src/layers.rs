//! The layers, each in operations of the tensor library.

use std::cell::RefCell;

use burn::tensor::module::{avg_pool2d, batch_norm, batch_norm_train, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Tensor, Transaction, activation::relu};
use tamis_engine::Moments;
use tamis_graph::{
    Activation, ConvolutionLayer, Graph, Layer, Mix, Node, NodeId, Pool, Shape, averaged_channels,
};

use crate::error::Error;
use crate::leaves::Leaves;
use crate::mixing::{MixingMatrix, total};

/// Added to the variance before its root is taken, everywhere.
const EPSILON: f64 = 1e-5;

/// What comes with a batch.
pub(crate) struct Given<'a> {
    /// What batch norms normalise by; absent in training, where they go by the batch.
    pub(crate) moments: Option<&'a [Moments]>,
    /// What each sample of each layer that drops paths is multiplied with, `[sample][layer]`.
    pub(crate) factors: Option<Vec<Vec<f32>>>,
    pub(crate) mixing: &'a [MixingMatrix],
}

/// A pass in the making.
pub(crate) struct Composed<'a> {
    graph: &'a Graph,
    leaves: &'a Leaves<'a>,
    given: Given<'a>,
    noted: RefCell<Noted>,
}

/// Number, mean and variance of batch norms.
pub(crate) struct Noted {
    norms: usize,
    moments: Vec<(usize, Tensor<1>, Tensor<1>)>,
}

impl Noted {
    /// All moments, read at once: on another device every reading waits for it.
    pub(crate) fn read(self) -> Result<Vec<Option<Moments>>, Error> {
        let mut all = vec![None; self.norms];
        let mut reading = Transaction::default();
        let mut numbers = Vec::with_capacity(self.moments.len());
        for (number, mean, variance) in self.moments {
            numbers.push(number);
            reading = reading.register(mean).register(variance);
        }
        let mut read = reading.try_execute()?.into_iter().map(|data| data.iter::<f64>().collect());
        for number in numbers {
            if let (Some(mean), Some(variance)) = (read.next(), read.next()) {
                all[number] = Some(Moments { mean, variance });
            }
        }
        Ok(all)
    }
}

/// What a layer gives: planes, or values without a place as planes of one pixel.
type Value = Tensor<4>;

impl<'a> Composed<'a> {
    pub(crate) fn new(graph: &'a Graph, leaves: &'a Leaves<'a>, given: Given<'a>) -> Composed<'a> {
        let noted = Noted { norms: graph.norms().len(), moments: Vec::new() };
        Composed { graph, leaves, given, noted: RefCell::new(noted) }
    }

    /// The outputs, flattened.
    pub(crate) fn outputs(&self, images: Tensor<4>, outputs: &[NodeId]) -> Vec<Tensor<1>> {
        let is_run =
            |mix: Mix, option: usize| self.given.mixing[mix.matrix].runs(mix.decision, option);
        let needed = self.graph.needed_where(outputs, is_run);
        let widths = self.graph.widths_where(is_run);
        let mut values: Vec<Option<Value>> = vec![None; self.graph.nodes().len()];
        for id in self.graph.ids().filter(|id| needed[id.index()]) {
            let node = self.graph.node(id);
            let inputs = node.inputs.iter().map(|input| values[input.index()].clone());
            let inputs: Vec<Option<Value>> = inputs.collect();
            values[id.index()] = Some(match node.layer {
                Layer::Image => images.clone(),
                Layer::Mix(mix) => {
                    let [channels, ..] = sides(node.shape);
                    let to = [widths[id.index()], channels];
                    let of_inputs = node.inputs.iter().map(|input| widths[input.index()]);
                    let aligned = inputs
                        .into_iter()
                        .zip(of_inputs)
                        .map(|(input, width)| input.map(|input| self.aligned(input, width, to)));
                    self.mix(mix, aligned.collect(), || zeros(&images, node.shape))
                }
                _ => self.layer(node, inputs.into_iter().flatten().collect()),
            });
        }
        let given = outputs.iter().filter_map(|output| values[output.index()].clone());
        given.map(|value| value.reshape([-1])).collect()
    }

    pub(crate) fn into_noted(self) -> Noted {
        self.noted.into_inner()
    }

    fn mix(&self, mix: Mix, inputs: Vec<Option<Value>>, zeros: impl FnOnce() -> Value) -> Value {
        let matrix = &self.given.mixing[mix.matrix];
        let options = mix.first..mix.first + inputs.len();
        let terms = options.clone().zip(inputs).map(|(option, input)| {
            input.and_then(|input| matrix.weigh(mix.decision, option, || input))
        });
        let sum = total(terms.collect::<Vec<_>>()).unwrap_or_else(zeros);
        matrix.with_idle(sum, mix.decision, options)
    }

    /// The first channels, `width`, as so many, before zeros: means of neighbours.
    fn aligned(&self, input: Value, width: usize, [to, channels]: [usize; 2]) -> Value {
        let [batch, own, height, columns] = input.dims();
        let zeros = |channels: usize| {
            Tensor::zeros([batch, channels, height, columns], (&input.device(), input.dtype()))
        };
        if width == 0 {
            return zeros(channels);
        }
        if (own, width) == (channels, to) {
            return input;
        }
        let mut means = vec![0.0; to * width];
        for output in 0..to {
            let window = averaged_channels(output, [width, to]);
            let share = 1.0 / window.len() as f64;
            window.for_each(|channel| means[output * width + channel] = share);
        }
        let means = self.leaves.fixed(means).reshape([1, to, width]).repeat_dim(0, batch);
        let rest = zeros(channels - to);
        let first = input.slice([0..batch, 0..width, 0..height, 0..columns]);
        let found = means.matmul(first.reshape([batch, width, height * columns]));
        let found = found.reshape([batch, to, height, columns]);
        if channels == to { found } else { Tensor::cat(vec![found, rest], 1) }
    }

    fn layer(&self, node: &Node, mut inputs: Vec<Value>) -> Value {
        let first = inputs.remove(0);
        match node.layer {
            Layer::Convolution(layer) => self.convolution(first, &layer),
            Layer::FactorizedReduction { weights, .. } => self.factorized_reduction(first, weights),
            Layer::BatchNorm { affine, number } => self.batch_norm(first, affine, Some(number)),
            Layer::Normalize => self.batch_norm(first, None, None),
            Layer::Weigh { matrix, decision } => first * self.given.mixing[matrix].sum(decision),
            Layer::Relu => relu(first),
            Layer::Activation(activation) => activated(first, activation),
            Layer::ScaleChannels => {
                inputs.into_iter().fold(first, |planes, scales| planes * scales)
            }
            Layer::MaxPool(Pool { side, stride, padding }) => {
                let options = MaxPoolOptions::new([side; 2]).with_stride([stride; 2]);
                max_pool2d(first, options.with_padding([padding; 2]))
            }
            Layer::AveragePool(Pool { side, stride, padding }) => {
                let options = AvgPoolOptions::new([side; 2]).with_stride([stride; 2]);
                let options = options.with_padding([padding; 2]).with_count_include_pad(false);
                avg_pool2d(first, options)
            }
            Layer::GlobalAverage => {
                let [batch, channels, height, width] = first.dims();
                let planes = first.reshape([batch, channels, height * width]);
                planes.mean_dim(2).reshape([batch, channels, 1, 1])
            }
            Layer::Add => inputs.into_iter().fold(first, |sum, input| sum + input),
            Layer::Concatenate => {
                Tensor::cat(std::iter::once(first).chain(inputs).collect::<Vec<_>>(), 1)
            }
            Layer::Zero { .. } => reshaped(&first, node.shape).zeros_like(),
            Layer::HalveAndWiden { outputs } => halve_and_widen(first, outputs),
            Layer::Channels { first: start, outputs } => {
                let [batch, _, height, width] = first.dims();
                first.slice([0..batch, start..start + outputs, 0..height, 0..width])
            }
            Layer::Shuffle { groups } => {
                let [batch, channels, height, width] = first.dims();
                let groups = first.reshape([batch, groups, channels / groups, height * width]);
                groups.swap_dims(1, 2).reshape([batch, channels, height, width])
            }
            Layer::Upsample => upsample(first),
            Layer::Flatten | Layer::Unflatten(_) => {
                let [batch, ..] = first.dims();
                let [channels, height, width] = sides(node.shape);
                first.reshape([batch, channels, height, width])
            }
            Layer::Linear { weight, .. } => self.linear(first, weight),
            Layer::DropPath { number } => self.drop_path(first, number),
            // An image and a mixed sum are not asked for here.
            Layer::Image | Layer::Mix(_) => first,
        }
    }

    fn convolution(&self, input: Value, layer: &ConvolutionLayer) -> Value {
        let of = &layer.convolution;
        let options = ConvOptions::new(of.stride, of.padding, [of.dilation; 2], of.groups);
        let bias = layer.bias.map(|bias| self.leaves.take::<1>(bias));
        let weight = self.leaves.take::<4>(layer.weight);
        let [_, inputs, rows, columns] = weight.dims();
        let weight = weight.slice([0..of.outputs, 0..inputs, 0..rows, 0..columns]);
        conv2d(input, weight, bias, options)
    }

    fn factorized_reduction(&self, input: Value, weights: [usize; 2]) -> Value {
        let [batch, channels, height, width] = input.dims();
        let shifted = input.clone().slice([0..batch, 0..channels, 1..height, 1..width]);
        let [first, second] = weights.map(|weight| self.leaves.take::<4>(weight));
        let options = || ConvOptions::new([2; 2], [0; 2], [1; 2], 1);
        let first = conv2d(input, first, None, options());
        Tensor::cat(vec![first, conv2d(shifted, second, None, options())], 1)
    }

    /// Without a number it goes by the batch always, and nobody asks for its moments.
    fn batch_norm(&self, input: Value, affine: Option<usize>, number: Option<usize>) -> Value {
        let [batch, channels, height, width] = input.dims();
        let [scale, shift] = match affine {
            Some(scale) => [scale, scale + 1].map(|number| self.leaves.take::<1>(number)),
            None => [1.0, 0.0].map(|value| self.leaves.constant(value, channels)),
        };
        if let (Some(moments), Some(number)) = (self.given.moments, number) {
            let Moments { mean, variance } = moments[number].clone();
            let (mean, variance) = (self.leaves.fixed(mean), self.leaves.fixed(variance));
            return batch_norm(input, scale, shift, mean, variance, EPSILON);
        }
        let found = batch_norm_train(input, scale, shift, EPSILON);
        if let Some(number) = number {
            let unbiased = found.variance * unbias(batch * height * width);
            self.noted.borrow_mut().moments.push((number, found.mean, unbiased));
        }
        found.output
    }

    fn linear(&self, input: Value, weight: usize) -> Value {
        let [batch, inputs, _, _] = input.dims();
        let matrix = self.leaves.take::<2>(weight).transpose();
        let bias = self.leaves.take::<1>(weight + 1);
        let output = input.reshape([batch, inputs]).matmul(matrix) + bias.unsqueeze();
        let [batch, outputs] = output.dims();
        output.reshape([batch, outputs, 1, 1])
    }

    fn drop_path(&self, input: Value, number: usize) -> Value {
        let Some(factors) = &self.given.factors else { return input };
        let of_samples = factors.iter().map(|of_sample| f64::from(of_sample[number])).collect();
        input * self.leaves.fixed(of_samples).reshape([-1, 1, 1, 1])
    }
}

/// What turns the variance over `count` values into the unbiased estimate that running statistics follow.
fn unbias(count: usize) -> f64 {
    count as f64 / (count as f64 - 1.0).max(1.0)
}

fn activated(input: Value, activation: Activation) -> Value {
    match activation {
        Activation::Relu6 => input.clamp(0.0, 6.0),
        Activation::HardSwish => input.clone() * hard_sigmoid(input),
        Activation::HardSigmoid => hard_sigmoid(input),
    }
}

fn hard_sigmoid(input: Value) -> Value {
    (input + 3.0).clamp(0.0, 6.0) / 6.0
}

fn sides(shape: Shape) -> [usize; 3] {
    match shape {
        Shape::Planes(sides) => sides,
        Shape::Features(values) => [values, 1, 1],
    }
}

/// Zeros in a shape, for as many images.
fn zeros(images: &Value, shape: Shape) -> Value {
    let [batch, ..] = images.dims();
    let [channels, height, width] = sides(shape);
    Tensor::zeros([batch, channels, height, width], (&images.device(), images.dtype()))
}

/// The upper left part of the planes in the size of a shape.
fn reshaped(input: &Value, shape: Shape) -> Value {
    let [batch, ..] = input.dims();
    let [channels, height, width] = sides(shape);
    input.clone().slice([0..batch, 0..channels, 0..height, 0..width])
}

/// Every second pixel of `[batch, channel, height, width]`, between channels of zeros.
fn halve_and_widen(input: Value, outputs: usize) -> Value {
    let [batch, channels, height, width] = input.dims();
    let (rows, columns) = (height / 2, width / 2);
    let pairs = input.reshape([batch * channels, rows, 2, columns, 2]);
    let first = pairs.slice([0..batch * channels, 0..rows, 0..1, 0..columns, 0..1]);
    let halved = first.reshape([batch, channels, rows, columns]);
    let before = (outputs - channels) / 2;
    let after = outputs - channels - before;
    let zeros = |channels: usize| {
        Tensor::zeros([batch, channels, rows, columns], (&halved.device(), halved.dtype()))
    };
    let parts = [zeros(before), halved.clone(), zeros(after)];
    Tensor::cat(parts.into_iter().filter(|part| part.dims()[1] > 0).collect::<Vec<_>>(), 1)
}

/// Every pixel four times: `[batch, channel, 2 height, 2 width]`.
fn upsample(input: Value) -> Value {
    let [batch, channels, height, width] = input.dims();
    let pixels = input.reshape([batch * channels, height, 1, width, 1]);
    let pixels = pixels.repeat_dim(4, 2).repeat_dim(2, 2);
    pixels.reshape([batch, channels, 2 * height, 2 * width])
}
