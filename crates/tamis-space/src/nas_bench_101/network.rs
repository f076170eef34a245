//! The benchmark's network of a cell.
//!
//! A 3x3 convolution, three stacks of cells at C, 2C and 4C channels with 2x2 maximum pooling between them,
//! global average, linear classifier. In a cell the output's channels are those of the vertices that it
//! reads, side by side and shared out evenly; a vertex that it does not read has as many as the widest that
//! reads it. What a vertex reads is added up, cut to its channels; the cell's input is brought there by a 1x1
//! convolution, batch norm and ReLU, and so added to the output where that reads it. Every convolution is
//! followed by batch norm, with scale and shift, and ReLU.

use serde::{Deserialize, Serialize};
use tamis_graph::{Builder, Convolution, Graph, NodeId, Pool, checks};

use super::{Cell, Operation};
use crate::Error;

const NAME: &str = "a NAS-Bench-101 network";
const STACKS: usize = 3;

/// The size of the network around the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellShape {
    /// Channels of the first stack; the benchmark has 128.
    pub channels: usize,
    /// Cells of each of the three stacks; the benchmark has 3.
    pub cells: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// `[channel, height, width]` of an image.
    pub image: [usize; 3],
}

impl CellShape {
    /// The benchmark's network.
    pub const fn benchmark(classes: usize, image: [usize; 3]) -> CellShape {
        CellShape { channels: 128, cells: 3, classes, image }
    }

    fn check(&self) -> Result<(), tamis_graph::Error> {
        let [channels, height, width] = self.image;
        checks::image_sides(NAME, [height, width], 1 << (STACKS - 1))?;
        checks::wide(NAME, &[("network.channels", self.channels)])?;
        checks::deep(NAME, "network.cells", self.cells)?;
        checks::at_least_one(NAME, &[("classes", self.classes), ("image channels", channels)])
    }
}

impl Cell {
    /// The network of this cell, its dead vertices left out. Output: `logits`.
    ///
    /// # Errors
    ///
    /// [`Error::CutOff`] if nothing flows through the cell, [`Error::Network`] if the shape cannot be built.
    pub fn network(&self, shape: &CellShape) -> Result<Graph, Error> {
        shape.check()?;
        let cell = self.pruned().ok_or_else(|| Error::CutOff { cell: self.to_string() })?;
        let (channels, read) = (shape.channels, cell.parents(cell.vertices() - 1).len());
        if channels < read {
            let expected = "at least one channel for each vertex that the output reads";
            let (network, name) = (NAME, "network.channels");
            let error = tamis_graph::Error::Size { network, name, found: channels, expected };
            return Err(error.into());
        }
        let (mut builder, image) = Builder::new(shape.image);
        let mut features =
            builder.conv_norm_relu("stem", image, Convolution::square(shape.channels, 3));
        for stack in 0..STACKS {
            if stack > 0 {
                features = builder.max_pool(features, Pool { side: 2, stride: 2, padding: 0 });
            }
            for number in 0..shape.cells {
                let path = format!("stacks.{stack}.cells.{number}");
                features =
                    describe(&cell, &mut builder, &path, (features, shape.channels << stack));
            }
        }
        let features = builder.global_average(features);
        let logits = builder.linear("classifier", features, shape.classes);
        builder.output("logits", logits);
        builder.output("features", features);
        let graph = builder.finish(NAME)?;
        checks::parameters(NAME, graph.parameters(), "network.channels or network.cells")?;
        Ok(graph)
    }

    /// Channels of each vertex of a cell without dead ones that gives so many.
    fn channels(&self, outputs: usize) -> Vec<usize> {
        let last = self.vertices() - 1;
        let mut channels = vec![0; last + 1];
        channels[last] = outputs;
        let read: Vec<usize> = self.parents(last).iter().copied().filter(|&of| of > 0).collect();
        for (number, &vertex) in read.iter().enumerate() {
            channels[vertex] = outputs / read.len() + usize::from(number < outputs % read.len());
        }
        for vertex in (1..last).rev().filter(|vertex| !read.contains(vertex)) {
            let readers = (vertex + 1..last).filter(|&reader| self.has_edge(vertex, reader));
            channels[vertex] = readers.map(|reader| channels[reader]).max().unwrap_or(0);
        }
        channels
    }
}

/// One cell of so many output channels.
fn describe(
    cell: &Cell,
    builder: &mut Builder,
    path: &str,
    (input, outputs): (NodeId, usize),
) -> NodeId {
    let (channels, last) = (cell.channels(outputs), cell.vertices() - 1);
    let project = |builder: &mut Builder, vertex: usize| {
        let path = format!("{path}.projections.{vertex}");
        builder.conv_norm_relu(&path, input, Convolution::square(channels[vertex], 1))
    };
    let mut vertices = vec![input];
    for (number, &operation) in (1..).zip(cell.operations()) {
        let read = |builder: &mut Builder, parent: usize| match parent {
            0 => project(builder, number),
            _ => builder.truncate(vertices[parent], channels[number]),
        };
        let terms: Vec<NodeId> =
            cell.parents(number).iter().map(|&parent| read(builder, parent)).collect();
        let sum = builder.add(terms);
        let convolve = |builder: &mut Builder, sum: NodeId, side: usize| {
            let path = format!("{path}.vertices.{number}");
            builder.conv_norm_relu(&path, sum, Convolution::square(channels[number], side))
        };
        vertices.push(match operation {
            Operation::Conv3x3 => convolve(builder, sum, 3),
            Operation::Conv1x1 => convolve(builder, sum, 1),
            Operation::MaxPool3x3 => builder.max_pool(sum, Pool { side: 3, stride: 1, padding: 1 }),
        });
    }
    let (inputs, read): (Vec<usize>, Vec<usize>) =
        cell.parents(last).iter().partition(|&&parent| parent == 0);
    let mut terms = Vec::new();
    if !read.is_empty() {
        terms.push(builder.concatenate(read.into_iter().map(|vertex| vertices[vertex]).collect()));
    }
    terms.extend(inputs.iter().map(|_| project(builder, last)));
    builder.add(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_benchmark() {
        for (text, params) in [
            (
                "conv3x3-bn-relu(0) maxpool3x3(1) conv3x3-bn-relu(2) conv3x3-bn-relu(0) \
                 conv1x1-bn-relu(0,3,4) output(2,5)",
                8_555_530,
            ),
            (
                "conv1x1-bn-relu(0) conv1x1-bn-relu(1) conv3x3-bn-relu(2) conv1x1-bn-relu(3) \
                 conv3x3-bn-relu(3,4) output(3,5)",
                5_878_154,
            ),
            (
                "conv3x3-bn-relu(0) maxpool3x3(1) conv1x1-bn-relu(2) maxpool3x3(3) \
                 conv1x1-bn-relu(0,1,4) output(3,5)",
                3_729_162,
            ),
        ] {
            let cell: Cell = text.parse().unwrap();
            let network = cell.network(&CellShape::benchmark(10, [3, 32, 32])).unwrap();
            assert_eq!(network.counts().params, params, "{text}");
        }
    }

    #[test]
    fn a_cell_of_its_input_alone_is_a_projection_and_one_without_a_way_has_no_network() {
        let shape = CellShape { channels: 4, cells: 1, ..CellShape::benchmark(10, [3, 8, 8]) };
        let network = |text: &str| text.parse::<Cell>().unwrap().network(&shape);
        assert!(network("output(0)").is_ok());
        assert!(matches!(network("maxpool3x3(0) output()"), Err(Error::CutOff { .. })));
        let wide = "maxpool3x3(0) maxpool3x3(0) maxpool3x3(0) maxpool3x3(0) output(0,1,2,3,4)";
        let told = network(wide).unwrap_err().to_string();
        assert!(told.contains("network.channels = 4, expected at least one"), "{told}");
    }
}
