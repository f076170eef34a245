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
        nas_bench_201_cell(input, pass.leaves.take_flat(weights), pass.shares[0].clone())
    }
}

impl SearchCell {
    /// The cell in operations of the tensor library.
    fn compose(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let mut nodes = vec![input.clone()];
        let mut activated = vec![relu(input.clone())];
        let mut pooled = vec![average_3x3(input)];
        for target in 1..4 {
            let edges = EDGES.iter().enumerate().filter(|(_, edge)| edge.1 == target);
            let sums = edges.map(|(number, &(source, _))| {
                let linear = nodes[source].clone() * share(pass, number, Operation::SkipConnect)
                    + pooled[source].clone() * share(pass, number, Operation::AvgPool3x3);
                linear + self.convolutions(&activated[source], number, pass)
            });
            let node = sums.reduce(|sum, edge| sum + edge).unwrap_or_else(|| nodes[0].clone());
            activated.push(relu(node.clone()));
            pooled.push(average_3x3(node.clone()));
            nodes.push(node);
        }
        nodes.swap_remove(3)
    }

    fn convolutions(&self, activated: &Tensor<4>, edge: usize, pass: &Forward) -> Tensor<4> {
        let mixed = |position: usize| {
            let (operation, kernel) = CONVOLUTIONS[position];
            let weight = pass.leaves.take::<4>(self.first_weight + 2 * edge + position);
            let output = convolve(activated.clone(), weight, kernel, 1);
            normalize(output, pass) * share(pass, edge, operation)
        };
        mixed(0) + mixed(1)
    }
}

/// One mixing weight, shaped to multiply an activation.
fn share(pass: &Forward, edge: usize, operation: Operation) -> Tensor<4> {
    let column = operation.index();
    let share = pass.shares[0].clone().slice([edge..edge + 1, column..column + 1]);
    share.reshape([1, 1, 1, 1])
}
