//! The search cell: on each of six edges the weighed sum of all five operations.
//!
//! `node_j = sum over i < j, k of share[i -> j, k] * operation_k(node_i)`, output = node 3.
//! Written so that work that edges share is done once: the ReLU and the pool of a node serve every
//! edge that leaves it, and `none` contributes exactly 0 and is not computed.

use burn::tensor::{Tensor, activation::relu};
use tamis_space::nas_bench_201::{EDGES, Operation};

use super::skeleton::Cell;
use crate::fused::nas_bench_201_cell;
use crate::layers::{Builder, Forward, average_3x3, convolve, normalize};
use crate::mixing::{MixingMatrix, total};

/// The convolutions of an edge, in the order of their weights.
const CONVOLUTIONS: [(Operation, usize); 2] = [(Operation::Conv1x1, 1), (Operation::Conv3x3, 3)];

pub(super) struct SearchCell {
    /// Number of the first edge's 1x1 weight; the twelve weights of a cell lie together.
    first_weight: usize,
}

impl SearchCell {
    pub(super) fn new(builder: &mut Builder, path: &str, channels: usize) -> Self {
        let first_weight = builder.layout.parameters().len();
        for edge in 0..EDGES.len() {
            for (operation, kernel) in CONVOLUTIONS {
                let path = format!("{path}.edges.{edge}.{}", operation.name());
                builder.conv(path, [channels, channels, kernel, kernel]);
            }
        }
        SearchCell { first_weight }
    }
}

impl Cell for SearchCell {
    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        if !pass.fused {
            return self.compose(input, pass);
        }
        let weights = self.first_weight..self.first_weight + CONVOLUTIONS.len() * EDGES.len();
        nas_bench_201_cell(input, pass.leaves.take_flat(weights), pass.mixing[0].clone())
    }
}

impl SearchCell {
    /// The cell in operations of the tensor library.
    fn compose(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let mixing = &pass.mixing[0];
        let mut nodes = vec![Node::new(0, input, mixing)];
        for target in 1..4 {
            let edges = || (0..EDGES.len()).filter(|&edge| EDGES[edge].1 == target);
            let sum = total(edges().map(|edge| self.edge(&nodes[EDGES[edge].0], edge, pass)));
            let value = sum.unwrap_or_else(|| nodes[0].value.zeros_like());
            let value = mixing.with_idle(value, edges());
            nodes.push(Node::new(target, value, mixing));
        }
        nodes.swap_remove(3).value
    }

    /// What an edge adds to its node, if anything.
    fn edge(&self, source: &Node, edge: usize, pass: &Forward) -> Option<Tensor<4>> {
        let mixing = &pass.mixing[0];
        let weigh = |operation: Operation, value: &Option<Tensor<4>>| {
            let value = value.clone()?;
            mixing.weigh(edge, operation.index(), || value)
        };
        let linear = [
            mixing.weigh(edge, Operation::SkipConnect.index(), || source.value.clone()),
            weigh(Operation::AvgPool3x3, &source.pooled),
        ];
        let convolutions = CONVOLUTIONS.into_iter().enumerate();
        let convolutions = convolutions.map(|(position, (operation, kernel))| {
            let activated = source.activated.clone()?;
            mixing.weigh(edge, operation.index(), || {
                let weight = pass.leaves.take::<4>(self.first_weight + 2 * edge + position);
                normalize(convolve(activated, weight, kernel, 1), pass)
            })
        });
        total([total(linear), total(convolutions)])
    }
}

/// A node and what edges that leave it share, as far as any of them runs it.
struct Node {
    value: Tensor<4>,
    activated: Option<Tensor<4>>,
    pooled: Option<Tensor<4>>,
}

impl Node {
    fn new(number: usize, value: Tensor<4>, mixing: &MixingMatrix) -> Self {
        let leaving = || (0..EDGES.len()).filter(|&edge| EDGES[edge].0 == number);
        let run = |operation: Operation| leaving().any(|edge| mixing.runs(edge, operation.index()));
        let activated = CONVOLUTIONS.iter().any(|&(operation, _)| run(operation));
        Node {
            activated: activated.then(|| relu(value.clone())),
            pooled: run(Operation::AvgPool3x3).then(|| average_3x3(value.clone())),
            value,
        }
    }
}
