//! The search cell: two preprocessed inputs, four nodes, fourteen edges of eight operations.
//!
//! `node_j = sum over i < j, k of share[i -> j, k] * operation_k(node_i)`; the output is the four
//! nodes side by side. What edges that leave one node at one stride share is computed once: the
//! ReLU, both pools with their batch norms, the skip. `none` contributes exactly 0.

use std::ops::Range;

use burn::tensor::{Tensor, activation::relu};
use tamis_kernels::conv_bn::Kernel;
use tamis_space::darts::{CellPlan, EDGES, INPUTS, NODES, Operation};

use super::operations::{DEPTHWISE, Depthwise, average_pool, factorized_reduce, max_pool};
use crate::fused::darts_cell;
use crate::layers::{Builder, Forward, convolve, normalize, relu_conv_normalize};

/// Nodes of a cell that make its output, side by side.
pub(crate) const OUTPUTS: usize = NODES - INPUTS;

pub(super) struct SearchCell {
    preprocess: [Preprocess; 2],
    reduction: bool,
    /// Number of the first weight of each edge.
    edges: Vec<usize>,
    /// Numbers of all edges' weights, which lie together.
    weights: Range<usize>,
}

impl SearchCell {
    pub(super) fn new(builder: &mut Builder, number: usize, plan: &CellPlan) -> Self {
        let CellPlan { channels, reduction, .. } = *plan;
        let path = format!("cells.{number}");
        let halving = [plan.previous_reduction, false];
        let preprocess = [0, 1].map(|state| {
            let path = format!("{path}.preprocess{state}");
            Preprocess::new(builder, &path, plan.inputs[state], channels, halving[state])
        });
        let edges = EDGES.iter().enumerate().map(|(edge, &(source, _))| {
            let first = builder.layout.parameters().len();
            let path = format!("{path}.edges.{edge}");
            if reduction && source < INPUTS {
                for number in [1, 2] {
                    let path = format!("{path}.skip_connect.conv{number}");
                    builder.conv(path, [channels / 2, channels, 1, 1]);
                }
            }
            DEPTHWISE.iter().for_each(|kind| kind.describe(builder, &path, channels));
            first
        });
        let edges: Vec<usize> = edges.collect();
        let end = builder.layout.parameters().len();
        let weights = edges.first().copied().unwrap_or(end)..end;
        SearchCell { preprocess, reduction, edges, weights }
    }

    pub(super) fn forward(&self, states: [Tensor<4>; 2], pass: &Forward) -> Tensor<4> {
        let [before, last] = states;
        let [first, second] = &self.preprocess;
        let states = [first.forward(before, pass), second.forward(last, pass)];
        if !pass.fused {
            return self.compose(states, pass);
        }
        let shares = pass.shares[usize::from(self.reduction)].clone();
        darts_cell(states, pass.leaves.take_flat(self.weights.clone()), shares, self.reduction)
    }

    /// The cell in operations of the tensor library.
    fn compose(&self, states: [Tensor<4>; 2], pass: &Forward) -> Tensor<4> {
        let mut nodes: Vec<Node> =
            states.into_iter().map(|state| Node::new(state, self.reduction, pass)).collect();
        let mut outputs = Vec::with_capacity(OUTPUTS);
        for target in INPUTS..NODES {
            let edges = EDGES.iter().enumerate().filter(|(_, edge)| edge.1 == target);
            let sums = edges.map(|(edge, &(source, _))| self.edge(&nodes[source], edge, pass));
            let Some(node) = sums.reduce(|sum, edge| sum + edge) else { continue };
            outputs.push(node.clone());
            nodes.push(Node::new(node, false, pass));
        }
        Tensor::cat(outputs, 1)
    }

    fn edge(&self, source: &Node, edge: usize, pass: &Forward) -> Tensor<4> {
        let share = |operation| share(pass, self.reduction, edge, operation);
        let mut first = self.edges[edge];
        let skip = if source.stride == 2 {
            let weights = [first, first + 1].map(|number| pass.leaves.take::<4>(number));
            first += 2;
            factorized_reduce(source.activated.clone(), weights, pass)
        } else {
            source.value.clone()
        };
        let mut sum = source.maximum.clone() * share(Operation::MaxPool3x3)
            + source.average.clone() * share(Operation::AvgPool3x3)
            + skip * share(Operation::SkipConnect);
        for (kind, operation) in DEPTHWISE.iter().zip(CONVOLUTIONS) {
            let activated = source.activated.clone();
            let output = kind.forward(activated, source.stride, first, pass);
            first += Depthwise::weights(kind);
            sum = sum + output * share(operation);
        }
        sum
    }
}

/// The operations of [`DEPTHWISE`].
const CONVOLUTIONS: [Operation; 4] =
    [Operation::SepConv3x3, Operation::SepConv5x5, Operation::DilConv3x3, Operation::DilConv5x5];

/// A node and what all edges that leave it share.
struct Node {
    value: Tensor<4>,
    activated: Tensor<4>,
    maximum: Tensor<4>,
    average: Tensor<4>,
    stride: usize,
}

impl Node {
    fn new(value: Tensor<4>, halved: bool, pass: &Forward) -> Self {
        let stride = if halved { 2 } else { 1 };
        Node {
            activated: relu(value.clone()),
            maximum: max_pool(value.clone(), stride, pass),
            average: average_pool(value.clone(), stride, pass),
            value,
            stride,
        }
    }
}

/// Brings an input to the cell's channels, and to its size if the cell before was a reduction.
enum Preprocess {
    /// ReLU, 1x1 convolution, batch norm.
    Conv(usize),
    /// Factorized reduction.
    Halve([usize; 2]),
}

impl Preprocess {
    fn new(
        builder: &mut Builder,
        path: &str,
        inputs: usize,
        channels: usize,
        halves: bool,
    ) -> Self {
        if !halves {
            return Preprocess::Conv(
                builder.conv(format!("{path}.conv"), [channels, inputs, 1, 1]),
            );
        }
        let shape = [channels / 2, inputs, 1, 1];
        let first = builder.conv(format!("{path}.conv1"), shape);
        Preprocess::Halve([first, builder.conv(format!("{path}.conv2"), shape)])
    }

    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let take = |conv: usize| pass.leaves.take::<4>(conv);
        match *self {
            Preprocess::Conv(conv) if pass.fused => {
                relu_conv_normalize(input, take(conv), (Kernel::One, 1), pass)
            }
            Preprocess::Halve(convs) if pass.fused => {
                let kernel = diagonal_kernel(convs.map(take));
                relu_conv_normalize(input, kernel, (Kernel::Diagonal, 2), pass)
            }
            Preprocess::Conv(conv) => normalize(convolve(relu(input), take(conv), 1, 1), pass),
            Preprocess::Halve(convs) => factorized_reduce(relu(input), convs.map(take), pass),
        }
    }
}

/// The two 1x1 kernels of a factorized reduction, `[out / 2, in, 1, 1]`, as one of two taps,
/// `[out, in, 2, 1]`: each reads one tap and has 0 for the other.
fn diagonal_kernel([first, second]: [Tensor<4>; 2]) -> Tensor<4> {
    let zero = first.zeros_like();
    let upper = Tensor::cat(vec![first, zero.clone()], 2);
    let lower = Tensor::cat(vec![zero, second], 2);
    Tensor::cat(vec![upper, lower], 0)
}

/// One mixing weight, shaped to multiply an activation.
fn share(pass: &Forward, reduction: bool, edge: usize, operation: Operation) -> Tensor<4> {
    let column = operation.index();
    let matrix = pass.shares[usize::from(reduction)].clone();
    matrix.slice([edge..edge + 1, column..column + 1]).reshape([1, 1, 1, 1])
}
