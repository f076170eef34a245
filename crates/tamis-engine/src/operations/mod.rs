//! What single steps compute, forward and backward, on plain rows `[sample, channel, height, width]`.

pub(crate) mod batch_norm;
pub(crate) mod cell;
pub(crate) mod channels;
pub(crate) mod conv_norm;
pub(crate) mod convolution;
pub(crate) mod linear;
pub(crate) mod planes;
pub(crate) mod pooling;
pub(crate) mod separable;

use std::ops::Range;

use tamis_graph::{ConvolutionLayer, Graph, Shape};
use tamis_kernels::Destination;

use crate::batch::Moments;

/// Added to the variance before its root is taken, everywhere.
pub(crate) const EPSILON: f64 = 1e-5;

/// The parameters of a network as slices.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) flat: &'a [f32],
}

impl<'a> Weights<'a> {
    /// A parameter by its number.
    pub(crate) fn of(&self, number: usize) -> &'a [f32] {
        &self.flat[self.graph.parameters().parameters()[number].range()]
    }

    /// Where parameters that follow one another lie, by their numbers.
    pub(crate) fn range(&self, numbers: &Range<usize>) -> Range<usize> {
        let parameters = &self.graph.parameters().parameters()[numbers.clone()];
        match parameters {
            [] => 0..0,
            [first, ..] => first.offset..parameters.last().map_or(0, |last| last.range().end),
        }
    }

    /// The weight of a convolution: of a shared one its part.
    pub(crate) fn of_convolution(&self, layer: &ConvolutionLayer) -> &'a [f32] {
        &self.of(layer.weight)[..layer.weight_values()]
    }
}

/// The gradient of all parameters.
pub(crate) struct WeightGradient<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) flat: Vec<f32>,
}

impl<'a> WeightGradient<'a> {
    /// Zeros, or nothing if it is not wanted.
    pub(crate) fn new(graph: &'a Graph, wanted: bool) -> WeightGradient<'a> {
        let length = if wanted { graph.parameters().length() } else { 0 };
        WeightGradient { graph, flat: vec![0.0; length] }
    }

    /// Whether anybody wants it.
    pub(crate) fn wanted(&self) -> bool {
        !self.flat.is_empty()
    }

    /// The gradient of a parameter by its number.
    pub(crate) fn of(&mut self, number: usize) -> &mut [f32] {
        &mut self.flat[self.graph.parameters().parameters()[number].range()]
    }

    /// That of the weight of a convolution: of a shared one its part.
    pub(crate) fn of_convolution(&mut self, layer: &ConvolutionLayer) -> &mut [f32] {
        &mut self.of(layer.weight)[..layer.weight_values()]
    }
}

/// Layers that one kernel computes, a batch norm at their end, at their place.
pub(crate) trait Fused {
    /// What the backward pass needs besides values.
    type Saved;

    /// Values of the result.
    fn output_values(&self) -> usize;

    /// By the batch's statistics: what the backward pass needs, and the moments.
    fn forward(&self, input: &[f32], output: Destination<'_>) -> (Option<Self::Saved>, Moments);

    /// By given moments.
    fn evaluate(&self, input: &[f32], moments: &Moments, output: Destination<'_>);
}

/// The moments of a batch as running statistics follow them, from a kernel's mean and biased variance over
/// `count` values.
fn followed(mean: &[f32], variance: &[f32], count: usize) -> Moments {
    let unbias = unbias(count);
    Moments {
        mean: mean.iter().map(|&mean| mean.into()).collect(),
        variance: variance.iter().map(|&variance| f64::from(variance) * unbias).collect(),
    }
}

/// `[channel, height, width]` of planes; values without a place are channels of one pixel.
pub(crate) fn sides(shape: Shape) -> [usize; 3] {
    match shape {
        Shape::Planes(sides) => sides,
        Shape::Features(values) => [values, 1, 1],
    }
}

/// What turns the variance over `count` values into the unbiased estimate that running statistics
/// follow.
pub(crate) fn unbias(count: usize) -> f64 {
    count as f64 / (count as f64 - 1.0).max(1.0)
}
