//! What single steps compute, forward and backward, on plain rows `[sample, channel, height, width]`.

pub(crate) mod batch_norm;
pub(crate) mod conv_norm;
pub(crate) mod convolution;
pub(crate) mod linear;
pub(crate) mod planes;
pub(crate) mod pooling;
pub(crate) mod separable;

use tamis_graph::{Graph, Shape};

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
}

/// The gradient of all parameters.
pub(crate) struct WeightGradient<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) flat: Vec<f32>,
}

impl WeightGradient<'_> {
    /// The gradient of a parameter by its number.
    pub(crate) fn of(&mut self, number: usize) -> &mut [f32] {
        &mut self.flat[self.graph.parameters().parameters()[number].range()]
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
