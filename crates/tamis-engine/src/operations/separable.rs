//! A depthwise and a 1x1 convolution and their batch norm, after a ReLU if there is one.

use tamis_graph::{ConvolutionLayer, Layer};

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
        _batch: usize,
    ) -> Separable<'a> {
        let layers = convolutions.map(|place| {
            let node = &weights.graph.nodes()[place];
            let Layer::Convolution(layer) = node.layer else { unreachable!() };
            let from = sides(weights.graph.node(node.inputs[0]).shape);
            (layer, AnyConvolution::new(layer, from, sides(node.shape)))
        });
        let [channels, height, width] = sides(weights.graph.nodes()[norm].shape);
        Separable { weights, layers, norm, relu, shape: [channels, height * width] }
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

    pub(crate) fn forward(&self, input: &[f32]) -> (Vec<f32>, Saved, Moments) {
        let (activated, between, convolved) = self.convolve(input);
        let (output, normalised, moments) =
            batch_norm::forward(&convolved, self.shape, self.affine());
        (output, Saved { activated, between, convolved, normalised }, moments)
    }

    pub(crate) fn evaluate(&self, input: &[f32], moments: &Moments) -> Vec<f32> {
        let (_, _, convolved) = self.convolve(input);
        batch_norm::evaluate(&convolved, self.shape[1], &batch_norm::folded(moments, self.affine()))
    }

    pub(crate) fn backward(
        &self,
        (_, saved): (&[f32], &Saved),
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
        _of_input: bool,
    ) -> Option<Vec<f32>> {
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
        Some(of_input)
    }
}
