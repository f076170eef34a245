//! The search cell: two preprocessed inputs, four nodes, fourteen edges of eight operations.
//!
//! `node_j = sum over i < j, k of share[i -> j, k] * operation_k(node_i)`; the output is the four
//! nodes side by side. What edges that leave one node at one stride share is computed once: the
//! ReLU, both pools with their batch norms, the skip. `none` contributes exactly 0.
//!
//! Of partial channels (PC-DARTS, Xu et al., ICLR 2020) only the first of every node go through the
//! operations. The others go around them, through a 2x2 maximum where the image is halved, times the sum of
//! the edge's shares; behind the mixed ones they make the node, whose channels are then shuffled.

use std::ops::Range;

use burn::tensor::{Tensor, activation::relu};
use tamis_kernels::conv_bn::Kernel;
use tamis_space::darts::{CellPlan, EDGES, INPUTS, NODES, Operation};

use super::operations::{DEPTHWISE, Depthwise, average_pool, factorized_reduce, max_2x2, max_pool};
use crate::fused::{DartsKind, darts_cell};
use crate::layers::{Builder, Forward, convolve, normalize, relu_conv_normalize};
use crate::mixing::{MixingMatrix, total};

/// Nodes of a cell that make its output, side by side.
pub(super) const OUTPUTS: usize = NODES - INPUTS;

pub(super) struct SearchCell {
    preprocess: [Preprocess; 2],
    reduction: bool,
    /// One in so many channels goes through the operations.
    partial: usize,
    /// Number of the first weight of each edge.
    edges: Vec<usize>,
    /// Numbers of all edges' weights, which lie together.
    weights: Range<usize>,
}

impl SearchCell {
    pub(super) fn new(
        builder: &mut Builder,
        number: usize,
        plan: &CellPlan,
        partial: usize,
    ) -> Self {
        let CellPlan { channels, reduction, .. } = *plan;
        let path = format!("cells.{number}");
        let halving = [plan.previous_reduction, false];
        let preprocess = [0, 1].map(|state| {
            let path = format!("{path}.preprocess{state}");
            Preprocess::new(builder, &path, plan.inputs[state], channels, halving[state])
        });
        let mixed = channels / partial;
        let edges = EDGES.iter().enumerate().map(|(edge, &(source, _))| {
            let first = builder.layout.parameters().len();
            let path = format!("{path}.edges.{edge}");
            if reduction && source < INPUTS {
                for number in [1, 2] {
                    let path = format!("{path}.skip_connect.conv{number}");
                    builder.conv(path, [mixed / 2, mixed, 1, 1]);
                }
            }
            DEPTHWISE.iter().for_each(|kind| kind.describe(builder, &path, mixed));
            first
        });
        let edges: Vec<usize> = edges.collect();
        let end = builder.layout.parameters().len();
        let weights = edges.first().copied().unwrap_or(end)..end;
        SearchCell { preprocess, reduction, partial, edges, weights }
    }

    pub(super) fn forward(&self, states: [Tensor<4>; 2], pass: &Forward) -> Tensor<4> {
        let [before, last] = states;
        let [first, second] = &self.preprocess;
        let states = [first.forward(before, pass), second.forward(last, pass)];
        if !pass.fused {
            return self.compose(states, pass);
        }
        let weights = pass.leaves.take_flat(self.weights.clone());
        let mixing = self.mixing(pass);
        let runs = mixing.runs.clone();
        let kind = DartsKind { reduction: self.reduction, partial: self.partial, runs };
        darts_cell(states, weights, mixing.shares.clone(), kind)
    }

    fn mixing<'a>(&self, pass: &'a Forward) -> &'a MixingMatrix {
        &pass.mixing[usize::from(self.reduction)]
    }

    /// The cell in operations of the tensor library.
    fn compose(&self, states: [Tensor<4>; 2], pass: &Forward) -> Tensor<4> {
        let mixing = self.mixing(pass);
        let mut nodes: Vec<Node> = Vec::with_capacity(NODES);
        for (number, state) in states.into_iter().enumerate() {
            nodes.push(self.node(number, state, pass));
        }
        let mut outputs = Vec::with_capacity(OUTPUTS);
        for target in INPUTS..NODES {
            let edges = || (0..EDGES.len()).filter(|&edge| EDGES[edge].1 == target);
            let sum = total(edges().map(|edge| self.edge(&nodes[EDGES[edge].0], edge, pass)));
            let node = sum.unwrap_or_else(|| nodes[0].nothing());
            let node = mixing.with_idle(node, edges());
            let around = total(edges().map(|edge| {
                let around = nodes[EDGES[edge].0].around.clone()?;
                Some(around * mixing.sum(edge))
            }));
            let node = match around {
                Some(around) => shuffle(Tensor::cat(vec![node, around], 1), self.partial),
                None => node,
            };
            outputs.push(node.clone());
            nodes.push(self.node(target, node, pass));
        }
        Tensor::cat(outputs, 1)
    }

    fn node(&self, number: usize, value: Tensor<4>, pass: &Forward) -> Node {
        let halved = self.reduction && number < INPUTS;
        if self.partial == 1 {
            return Node::new(number, value, halved, self.mixing(pass), pass);
        }
        let [batch, channels, height, width] = value.dims();
        let mixed = channels / self.partial;
        let around = value.clone().slice([0..batch, mixed..channels, 0..height, 0..width]);
        let value = value.slice([0..batch, 0..mixed, 0..height, 0..width]);
        let around = if halved { max_2x2(around) } else { around };
        let node = Node::new(number, value, halved, self.mixing(pass), pass);
        Node { around: Some(around), ..node }
    }

    /// What an edge adds to what is mixed of its node, if anything.
    fn edge(&self, source: &Node, edge: usize, pass: &Forward) -> Option<Tensor<4>> {
        let mixing = self.mixing(pass);
        let weigh = |operation: Operation, value: &Option<Tensor<4>>| {
            let value = value.clone()?;
            mixing.weigh(edge, operation.index(), || value)
        };
        let mut first = self.edges[edge];
        let skip = mixing.weigh(edge, Operation::SkipConnect.index(), || match &source.activated {
            Some(activated) if source.stride == 2 => {
                let weights = [first, first + 1].map(|number| pass.leaves.take::<4>(number));
                factorized_reduce(activated.clone(), weights, pass)
            }
            _ => source.value.clone(),
        });
        first += if source.stride == 2 { 2 } else { 0 };
        let mut terms = vec![
            weigh(Operation::MaxPool3x3, &source.maximum),
            weigh(Operation::AvgPool3x3, &source.average),
            skip,
        ];
        for (kind, operation) in DEPTHWISE.iter().zip(CONVOLUTIONS) {
            if let Some(activated) = source.activated.clone() {
                terms.push(mixing.weigh(edge, operation.index(), || {
                    kind.forward(activated, source.stride, first, pass)
                }));
            }
            first += Depthwise::weights(kind);
        }
        total(terms)
    }
}

/// The operations of [`DEPTHWISE`].
const CONVOLUTIONS: [Operation; 4] =
    [Operation::SepConv3x3, Operation::SepConv5x5, Operation::DilConv3x3, Operation::DilConv5x5];

/// Shuffles channels: seen as `[group, at]` they become `[at, group]`.
fn shuffle(input: Tensor<4>, groups: usize) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let grouped = input.reshape([batch, groups, channels / groups, height, width]);
    grouped.swap_dims(1, 2).reshape([batch, channels, height, width])
}

/// What is mixed of a node, and what edges that leave it share, as far as any of them runs it.
struct Node {
    value: Tensor<4>,
    /// What goes around the operations of edges that leave it.
    around: Option<Tensor<4>>,
    activated: Option<Tensor<4>>,
    maximum: Option<Tensor<4>>,
    average: Option<Tensor<4>>,
    stride: usize,
}

impl Node {
    fn new(
        number: usize,
        value: Tensor<4>,
        halved: bool,
        mixing: &MixingMatrix,
        pass: &Forward,
    ) -> Self {
        let stride = if halved { 2 } else { 1 };
        let leaving = || (0..EDGES.len()).filter(|&edge| EDGES[edge].0 == number);
        let run = |operation: Operation| leaving().any(|edge| mixing.runs(edge, operation.index()));
        let activated = CONVOLUTIONS.into_iter().any(run) || halved && run(Operation::SkipConnect);
        let maximum = run(Operation::MaxPool3x3).then(|| max_pool(value.clone(), stride, pass));
        let average = run(Operation::AvgPool3x3).then(|| average_pool(value.clone(), stride, pass));
        let activated = activated.then(|| relu(value.clone()));
        Node { activated, maximum, average, value, around: None, stride }
    }

    /// Zeros of the size of what edges that leave it give.
    fn nothing(&self) -> Tensor<4> {
        let [batch, channels, height, width] = self.value.dims();
        let sides = [height, width].map(|side| side / self.stride);
        let size = [batch, channels, sides[0], sides[1]];
        Tensor::zeros(size, (&self.value.device(), self.value.dtype()))
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
