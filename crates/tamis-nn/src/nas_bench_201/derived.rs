//! The cell of a derived network: one operation on each edge.

use burn::tensor::Tensor;
use tamis_space::nas_bench_201::{EDGES, Genotype, Operation};

use super::skeleton::Cell;
use crate::layers::{Builder, ConvNorm, Forward, average_3x3};

pub(super) struct DerivedCell {
    edges: Vec<Edge>,
}

enum Edge {
    None,
    Skip,
    Pool,
    Conv(ConvNorm),
}

impl DerivedCell {
    pub(super) fn new(
        builder: &mut Builder,
        path: &str,
        channels: usize,
        genotype: &Genotype,
    ) -> Self {
        let mut conv = |edge: usize, operation: Operation, kernel: usize| {
            let path = format!("{path}.edges.{edge}.{}", operation.name());
            Edge::Conv(builder.conv_norm(&path, [channels, channels, kernel, kernel], 1))
        };
        let edges = genotype.0.iter().enumerate();
        let edges = edges.map(|(edge, &operation)| match operation {
            Operation::None => Edge::None,
            Operation::SkipConnect => Edge::Skip,
            Operation::AvgPool3x3 => Edge::Pool,
            Operation::Conv1x1 => conv(edge, operation, 1),
            Operation::Conv3x3 => conv(edge, operation, 3),
        });
        DerivedCell { edges: edges.collect() }
    }
}

impl Cell for DerivedCell {
    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let zero = input.zeros_like();
        let mut nodes = vec![input];
        for target in 1..4 {
            let mut node = zero.clone();
            for (edge, &(source, _)) in EDGES.iter().enumerate().filter(|(_, e)| e.1 == target) {
                let source = nodes[source].clone();
                node = match &self.edges[edge] {
                    Edge::None => node,
                    Edge::Skip => node + source,
                    Edge::Pool => node + average_3x3(source),
                    Edge::Conv(conv) => node + conv.forward_after_relu(source, pass),
                };
            }
            nodes.push(node);
        }
        nodes.swap_remove(3)
    }
}
