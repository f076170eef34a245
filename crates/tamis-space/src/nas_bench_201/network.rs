//! The networks of NAS-Bench-201, described: that of a genotype, and the supernet.
//!
//! The macro network: stem (3x3 convolution, batch norm), three stages of cells at C, 2C and 4C channels, a
//! residual block of stride 2 before the second and the third, batch norm, ReLU, global average pool,
//! linear classifier. A residual block: two ReLU-convolution-batch norms, the first of stride 2, plus a 2x2
//! average pool and a 1x1 convolution. Nothing is pruned: a convolution that no path uses is there and
//! counts, as in the benchmark.

use serde::{Deserialize, Serialize};
use tamis_graph::{Builder, Cell, Convolution, Counts, Graph, Mix, NodeId, Pool, checks};

use super::{EDGES, Genotype, NODES, Operation};
use crate::Error;

const NAME: &str = "a NAS-Bench-201 network";
const STAGES: usize = 3;
const WINDOW: Pool = Pool { side: 3, stride: 1, padding: 1 };

/// The settings that make networks smaller.
const DERIVED: &str = "network.channels or network.cells";
const SEARCHED: &str = "space.channels or space.cells";

/// The size of the network around the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroShape {
    /// Channels of the first stage; the benchmark has 16.
    pub channels: usize,
    /// Cells of each of the three stages; the benchmark has 5.
    pub cells: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// Channels of an image.
    pub image_channels: usize,
    /// Rows of an image.
    pub image_height: usize,
    /// Columns of an image.
    pub image_width: usize,
}

impl MacroShape {
    /// The benchmark's network, 16 channels and 5 cells a stage, for images
    /// `[channel, height, width]`.
    pub const fn benchmark(classes: usize, image: [usize; 3]) -> MacroShape {
        let [image_channels, image_height, image_width] = image;
        MacroShape { channels: 16, cells: 5, classes, image_channels, image_height, image_width }
    }

    /// `[channel, height, width]` of an image.
    pub fn image(&self) -> [usize; 3] {
        [self.image_channels, self.image_height, self.image_width]
    }

    fn check(&self, [channels, cells]: [&'static str; 2]) -> Result<(), tamis_graph::Error> {
        checks::image_sides(NAME, [self.image_height, self.image_width], 1 << (STAGES - 1))?;
        checks::wide(NAME, &[(channels, self.channels)])?;
        checks::deep(NAME, cells, self.cells)?;
        let sizes = [("classes", self.classes), ("image channels", self.image_channels)];
        checks::at_least_one(NAME, &sizes)
    }
}

impl Genotype {
    /// The network of this genotype: one operation on every edge, batch norm with scale and shift
    /// everywhere. Output: `logits`.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the shape cannot be built.
    pub fn network(&self, shape: &MacroShape) -> Result<Graph, Error> {
        shape.check(["network.channels", "network.cells"])?;
        network(shape, DERIVED, |builder, path, input| derived_cell(builder, path, input, &self.0))
    }
}

/// The supernet: every operation on every edge, weighed by one matrix `[6, 5]` that all cells share. Batch
/// norms in its cells have no scale and shift, and go by their batch always.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet(shape: &MacroShape) -> Result<Graph, Error> {
    shape.check(["space.channels", "space.cells"])?;
    network(shape, SEARCHED, |builder, path, input| {
        builder
            .block((Cell::NasBench201, 0), vec![input], |builder| search_cell(builder, path, input))
    })
}

/// Parameters and multiply-adds of [`Genotype::network`].
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn count_derived(genotype: &Genotype, shape: &MacroShape) -> Result<Counts, Error> {
    Ok(genotype.network(shape)?.counts())
}

/// The network of cells that `cell` describes at a path and on an input, of a size that `settings` say.
fn network(
    shape: &MacroShape,
    settings: &'static str,
    cell: impl Fn(&mut Builder, &str, NodeId) -> NodeId,
) -> Result<Graph, Error> {
    let (mut builder, image) = Builder::new(shape.image());
    let stem = Convolution::square(shape.channels, 3);
    let mut features = builder.conv_norm("stem", image, stem);
    for stage in 0..STAGES {
        if stage > 0 {
            let path = format!("reductions.{}", stage - 1);
            features = residual_block(&mut builder, &path, features, shape.channels << stage);
        }
        for number in 0..shape.cells {
            features = cell(&mut builder, &format!("stages.{stage}.cells.{number}"), features);
        }
    }
    let features = builder.batch_norm("head.bn", features, true);
    let features = builder.relu(features);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, shape.classes);
    builder.output("logits", logits);
    builder.output("features", features);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), settings)?;
    Ok(graph)
}

fn residual_block(builder: &mut Builder, path: &str, input: NodeId, outputs: usize) -> NodeId {
    let first = Convolution::square(outputs, 3).stride(2);
    let main = builder.relu_conv_norm(&format!("{path}.first"), input, first);
    let second = Convolution::square(outputs, 3);
    let main = builder.relu_conv_norm(&format!("{path}.second"), main, second);
    let halved = builder.average_pool(input, Pool { side: 2, stride: 2, padding: 0 });
    let pointwise = Convolution::square(outputs, 1);
    let shortcut = builder.convolution(&format!("{path}.shortcut"), halved, pointwise);
    builder.add(vec![main, shortcut])
}

/// The edges that enter a node, with their numbers and sources.
fn entering(node: usize) -> impl Iterator<Item = (usize, usize)> {
    let edges = EDGES.iter().enumerate().filter(move |(_, edge)| edge.1 == node);
    edges.map(|(number, edge)| (number, edge.0))
}

/// A cell of one operation an edge; `none` adds nothing.
fn derived_cell(
    builder: &mut Builder,
    path: &str,
    input: NodeId,
    operations: &[Operation; EDGES.len()],
) -> NodeId {
    let mut nodes = vec![input];
    for target in 1..NODES {
        let mut terms = Vec::new();
        for (edge, source) in entering(target) {
            let (source, operation) = (nodes[source], operations[edge]);
            terms.extend(match operation {
                Operation::None => None,
                Operation::SkipConnect => Some(source),
                Operation::AvgPool3x3 => Some(builder.average_pool(source, WINDOW)),
                Operation::Conv1x1 | Operation::Conv3x3 => {
                    let path = format!("{path}.edges.{edge}.{}", operation.name());
                    let side = if operation == Operation::Conv1x1 { 1 } else { 3 };
                    let channels = builder.shape(source).channels();
                    Some(builder.relu_conv_norm(&path, source, Convolution::square(channels, side)))
                }
            });
        }
        let node = if terms.is_empty() { builder.zero(input, 1) } else { builder.add(terms) };
        nodes.push(node);
    }
    nodes[NODES - 1]
}

/// A cell of all operations on every edge, mixed. What edges that leave a node share is there once.
fn search_cell(builder: &mut Builder, path: &str, input: NodeId) -> NodeId {
    let mut nodes = vec![SearchNode::new(builder, input)];
    for target in 1..NODES {
        let mixed = entering(target).map(|(edge, source)| {
            let path = format!("{path}.edges.{edge}");
            let options = nodes[source].options(builder, &path);
            builder.mix(Mix { matrix: 0, decision: edge, first: 0 }, options)
        });
        let mixed = mixed.collect();
        let node = builder.add(mixed);
        if target + 1 == NODES {
            return node;
        }
        nodes.push(SearchNode::new(builder, node));
    }
    input
}

/// A node of a search cell, and what edges that leave it share.
struct SearchNode {
    value: NodeId,
    zero: NodeId,
    activated: NodeId,
    mean: NodeId,
}

impl SearchNode {
    fn new(builder: &mut Builder, value: NodeId) -> SearchNode {
        SearchNode {
            value,
            zero: builder.zero(value, 1),
            activated: builder.relu(value),
            mean: builder.average_pool(value, WINDOW),
        }
    }

    /// The operations of an edge that leaves it, in their order.
    fn options(&self, builder: &mut Builder, path: &str) -> Vec<NodeId> {
        let channels = builder.shape(self.value).channels();
        let operations = Operation::ALL.into_iter().map(|operation| match operation {
            Operation::None => self.zero,
            Operation::SkipConnect => self.value,
            Operation::AvgPool3x3 => self.mean,
            Operation::Conv1x1 | Operation::Conv3x3 => {
                let side = if operation == Operation::Conv1x1 { 1 } else { 3 };
                let path = format!("{path}.{}", operation.name());
                let kernel = Convolution::square(channels, side);
                let convolved = builder.convolution(&path, self.activated, kernel);
                builder.normalize(convolved)
            }
        });
        operations.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIFAR10: MacroShape = MacroShape::benchmark(10, [3, 32, 32]);
    const INDEX_0: &str = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|\
                           +|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
    const INDEX_11: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|\
                            +|none~0|nor_conv_3x3~1|avg_pool_3x3~2|";

    fn counts(text: &str, shape: MacroShape) -> (u64, u64) {
        let Counts { params, macs } = count_derived(&text.parse().unwrap(), &shape).unwrap();
        (params, macs)
    }

    fn macs(genotype: Genotype, shape: &MacroShape) -> u64 {
        count_derived(&genotype, shape).unwrap().macs
    }

    #[test]
    fn derived_networks_have_the_benchmarks_published_counts() {
        assert_eq!(counts(INDEX_0, CIFAR10), (129_306, 15_647_370));
        assert_eq!(counts(INDEX_0, MacroShape::benchmark(100, [3, 32, 32])), (135_156, 15_653_220));
        assert_eq!(counts(INDEX_0, MacroShape::benchmark(120, [3, 16, 16])), (136_456, 3_919_480));
        assert_eq!(counts(INDEX_11, CIFAR10), (802_426, 113_951_370));
    }

    #[test]
    fn the_supernet_has_the_reference_number_of_parameters() {
        assert_eq!(supernet(&CIFAR10).unwrap().counts().params, 1_686_106);
    }

    #[test]
    fn the_supernet_costs_what_all_operations_cost_on_all_edges() {
        let around = macs(Genotype([Operation::SkipConnect; 6]), &CIFAR10);
        let uniform = |op| macs(Genotype([op; 6]), &CIFAR10) - around;
        let all: u64 = Operation::ALL.into_iter().map(uniform).sum();
        assert_eq!(supernet(&CIFAR10).unwrap().counts().macs - around, all);
    }

    #[test]
    fn images_of_28_x_28_shrink_to_14_and_7() {
        let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [1, 28, 28]) };
        let blocks =
            (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8) * 14 * 14 + (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16) * 7 * 7;
        let around = 9 * 4 * 28 * 28 + blocks + 17 * 10;
        assert_eq!(macs(Genotype([Operation::SkipConnect; 6]), &shape), around);
        let convolutions = 9 * 6 * (4 * 4 * 28 * 28 + 8 * 8 * 14 * 14 + 16 * 16 * 7 * 7);
        assert_eq!(macs(Genotype([Operation::Conv3x3; 6]), &shape), around + convolutions);
    }

    #[test]
    fn sizes_that_no_network_has_are_refused_at_once() {
        let refused = |shape: MacroShape| supernet(&shape).unwrap_err().to_string();
        let odd = refused(MacroShape::benchmark(10, [3, 29, 17]));
        assert!(odd.contains("29 x 17") && odd.contains("divisible by 4"), "{odd}");
        let deep = refused(MacroShape { cells: usize::MAX, ..CIFAR10 });
        assert!(deep.contains("cells = ") && deep.contains("1 to 1000"), "{deep}");
        let wide = refused(MacroShape { channels: 1 << 20, ..CIFAR10 });
        assert!(
            wide.contains("parameters") && wide.contains("space.channels or space.cells"),
            "{wide}"
        );
    }

    #[test]
    fn a_node_that_nothing_enters_is_zero_and_its_convolutions_still_count() {
        let text = "|none~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|skip_connect~1|none~2|";
        let shape = MacroShape { cells: 1, ..CIFAR10 };
        let graph = text.parse::<Genotype>().unwrap().network(&shape).unwrap();
        let zeros = graph.nodes().iter().filter(|node| node.layer.kind() == "zero");
        assert_eq!(zeros.count(), 3);
        let main = graph.output("logits").unwrap();
        let dead = graph.counts().params - graph.counts_for(&[main]).params;
        assert_eq!(dead, (16 * 16 + 32) + (32 * 32 + 64) + (64 * 64 + 128));
    }
}
