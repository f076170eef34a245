//! A depthwise and a 1x1 convolution and their batch norm, after a ReLU if there is one.

use tamis_graph::{ConvolutionLayer, Layer};
use tamis_kernels::Destination;

use super::batch_norm::{self, Normalised};
use super::conv_norm::affine_of;
use super::convolution::AnyConvolution;
use super::{WeightGradient, Weights, planes, sides};
use crate::batch::Moments;

pub(crate) struct Separable<'a> {
    weights: Weights<'a>,
    layers: [(ConvolutionLayer, AnyConvolution); 2],
    norm: usize,
    relu: bool,
    batch: usize,
    shape: [usize; 2],
}

pub(crate) struct Saved {
    activated: Vec<f32>,
    between: Vec<f32>,
    convolved: Vec<f32>,
    normalised: Normalised,
}

impl<'a> Separable<'a> {
    pub(crate) fn new(
        weights: Weights<'a>,
        convolutions: [usize; 2],
        norm: usize,
        relu: bool,
        batch: usize,
    ) -> Separable<'a> {
        let layers = convolutions.map(|place| {
            let node = &weights.graph.nodes()[place];
            let Layer::Convolution(layer) = node.layer else { unreachable!() };
            let from = sides(weights.graph.node(node.inputs[0]).shape);
            (layer, AnyConvolution::new(layer, from, sides(node.shape)))
        });
        let [channels, height, width] = sides(weights.graph.nodes()[norm].shape);
        Separable { weights, layers, norm, relu, batch, shape: [channels, height * width] }
    }

    fn affine(&self) -> Option<[&'a [f32]; 2]> {
        affine_of(self.weights.graph, self.norm)
            .map(|scale| [self.weights.of(scale), self.weights.of(scale + 1)])
    }

    fn convolve(&self, input: &[f32]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let activated = if self.relu { planes::relu(input) } else { input.to_vec() };
        let [(depth, depthwise), (point, pointwise)] = &self.layers;
        let between = depthwise.forward(&activated, self.weights.of(depth.weight), None);
        let convolved = pointwise.forward(&between, self.weights.of(point.weight), None);
        (activated, between, convolved)
    }

    pub(crate) fn output_values(&self) -> usize {
        self.batch * self.shape[0] * self.shape[1]
    }

    pub(crate) fn forward(&self, input: &[f32], to: Destination<'_>) -> (Saved, Moments) {
        let (activated, between, convolved) = self.convolve(input);
        let (output, normalised, moments) =
            batch_norm::forward(&convolved, self.shape, self.affine());
        put(&output, to);
        (Saved { activated, between, convolved, normalised }, moments)
    }

    pub(crate) fn evaluate(&self, input: &[f32], moments: &Moments, to: Destination<'_>) {
        let (_, _, convolved) = self.convolve(input);
        put(
            &batch_norm::evaluate(
                &convolved,
                self.shape[1],
                &batch_norm::folded(moments, self.affine()),
            ),
            to,
        );
    }

    pub(crate) fn backward(
        &self,
        (_, saved): (&[f32], &Saved),
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
        to: Option<Destination<'_>>,
    ) {
        let scale = affine_of(self.weights.graph, self.norm);
        let of_affine = scale.map(|scale| {
            let start = self.weights.graph.parameters().parameters()[scale].offset;
            &mut of_weights.flat[start..][..2 * self.shape[0]]
        });
        let of_convolved = batch_norm::backward(
            (&saved.convolved, &saved.normalised),
            self.shape[1],
            self.affine(),
            gradient,
            of_affine,
        );
        let [(depth, depthwise), (point, pointwise)] = &self.layers;
        pointwise.weight_gradient(&saved.between, &of_convolved, of_weights.of(point.weight));
        let of_between = pointwise.input_gradient(self.weights.of(point.weight), &of_convolved);
        depthwise.weight_gradient(&saved.activated, &of_between, of_weights.of(depth.weight));
        let mut of_input = depthwise.input_gradient(self.weights.of(depth.weight), &of_between);
        if self.relu {
            planes::relu_backward(&saved.activated, &mut of_input);
        }
        if let Some(to) = to {
            put(&of_input, to);
        }
    }
}

fn put(from: &[f32], to: Destination<'_>) {
    match to {
        Destination::Write(to) => to.copy_from_slice(from),
        Destination::Add(to) => crate::values::add(to, from),
    }
}
