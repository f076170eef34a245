//! A depthwise convolution, a 1x1 convolution if there is one, and their batch norm, after a ReLU if there is
//! one, by the kernel that does all at once.

use tamis_graph::{Graph, Layer};
use tamis_kernels::Destination;
use tamis_kernels::separable::{self, Affine, Operands, SeparableShape, Wants};

use super::conv_norm::{add, affine_of};
use super::{Fused, WeightGradient, Weights, batch_norm, followed, sides};
use crate::batch::Moments;

/// Convolutions and batch norm at their place.
pub(crate) struct Separable<'a> {
    shape: SeparableShape,
    /// Number of the depthwise weight.
    depthwise: usize,
    /// That of the 1x1 weight.
    pointwise: Option<usize>,
    weights: Weights<'a>,
    /// Number of the scale.
    scale: Option<usize>,
}

impl<'a> Separable<'a> {
    pub(crate) fn new(
        weights: Weights<'a>,
        (depthwise, pointwise): (usize, Option<usize>),
        norm: usize,
        relu: bool,
        batch: usize,
    ) -> Separable<'a> {
        let graph = weights.graph;
        let node = &graph.nodes()[depthwise];
        let [inputs, height, width] = sides(graph.node(node.inputs[0]).shape);
        let mut shape = SeparableShape {
            batch,
            inputs,
            outputs: graph.nodes()[norm].shape.channels(),
            height,
            width,
            size: 3,
            dilation: 1,
            stride: 1,
            relu,
            pointwise: pointwise.is_some(),
        };
        if let Layer::Convolution(layer) = node.layer {
            let convolution = layer.convolution;
            (shape.size, shape.dilation) = (convolution.kernel[0], convolution.dilation);
            shape.stride = convolution.stride[0];
        }
        Separable {
            shape,
            depthwise: weight_of(graph, depthwise),
            pointwise: pointwise.map(|place| weight_of(graph, place)),
            weights,
            scale: affine_of(graph, norm),
        }
    }

    /// Adds to the gradients of the parameters and, if wanted, gives that of the input.
    pub(crate) fn backward(
        &self,
        (input, saved): (&[f32], &separable::Saved),
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
        of_input: Option<Destination<'_>>,
    ) {
        let wanted = of_weights.wanted();
        let wants = Wants { weights: wanted, affine: wanted && self.scale.is_some() };
        let found = separable::backward(saved, &self.operands(input), gradient, of_input, wants);
        if !wanted {
            return;
        }
        let mut gradients = vec![(self.depthwise, found.depthwise)];
        gradients.extend(self.pointwise.map(|pointwise| (pointwise, found.pointwise)));
        if let Some(scale) = self.scale {
            gradients.extend([(scale, found.gamma), (scale + 1, found.beta)]);
        }
        for (number, gradient) in gradients {
            add(of_weights.of(number), &gradient.unwrap_or_default());
        }
    }

    fn affine(&self) -> Option<[&'a [f32]; 2]> {
        self.scale.map(|scale| [self.weights.of(scale), self.weights.of(scale + 1)])
    }

    fn operands<'b>(&'b self, input: &'b [f32]) -> Operands<'b> {
        let depthwise = self.weights.of(self.depthwise);
        // Of a shared weight its part.
        let shared = self.pointwise.map(|number| self.weights.of(number)).unwrap_or_default();
        let pointwise = &shared[..self.shape.pointwise_weights()];
        let affine = self.affine().map(|[gamma, beta]| Affine { gamma, beta });
        Operands { input, depthwise, pointwise, affine }
    }
}

impl Fused for Separable<'_> {
    type Saved = separable::Saved;

    fn output_values(&self) -> usize {
        self.shape.output_values()
    }

    fn forward(&self, input: &[f32], output: Destination<'_>) -> (Option<Self::Saved>, Moments) {
        let found = separable::forward(&self.shape, &self.operands(input), output, true);
        let count = self.output_values() / self.shape.outputs;
        (found.saved, followed(&found.mean, &found.variance, count))
    }

    fn evaluate(&self, input: &[f32], moments: &Moments, output: Destination<'_>) {
        let scales = batch_norm::folded(moments, self.affine());
        let (gamma, beta): (Vec<f32>, Vec<f32>) = scales.iter().map(|of| (of[0], of[1])).unzip();
        let affine = Some(Affine { gamma: &gamma, beta: &beta });
        let operands = Operands { affine, ..self.operands(input) };
        separable::scaled(&self.shape, &operands, output);
    }
}

/// Number of a convolution's weight.
fn weight_of(graph: &Graph, place: usize) -> usize {
    match graph.nodes()[place].layer {
        Layer::Convolution(layer) => layer.weight,
        _ => 0,
    }
}
