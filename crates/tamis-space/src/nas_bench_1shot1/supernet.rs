//! The supernet of a space: stem, three stages of cells with 2x2 maximum pooling before the second and the
//! third, ReLU, 1x1 convolution and batch norm without scale and shift, global average, linear classifier.
//!
//! As in the benchmark's code the pooling reaches one pixel beyond the image (32, 17 and 9 pixels), channels
//! double with it, and a cell's output holds its blocks side by side.

use tamis_graph::{Builder, Convolution, Graph, Mix, NodeId, Pool, checks};

use super::Subspace;
use crate::Error;

const NAME: &str = "a NAS-Bench-1shot1 supernet";
const STAGES: usize = 3;

/// The size of a supernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuperShape {
    /// Which space.
    pub subspace: Subspace,
    /// Channels of a block in the first stage; the benchmark searches with 16.
    pub channels: usize,
    /// Cells of each of the three stages; the benchmark has 3.
    pub cells: usize,
    /// Operations see the first of so many channels, the others pass by, and both are shuffled together
    /// (PC-DARTS); 1 is all.
    pub partial: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// `[channel, height, width]` of an image.
    pub image: [usize; 3],
}

/// The supernet, with mixed sums by the matrices of [`Subspace::choices`]. Output: `logits`.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet(shape: &SuperShape) -> Result<Graph, Error> {
    let [image_channels, height, width] = shape.image;
    checks::wide(NAME, &[("space.channels", shape.channels)])?;
    checks::deep(NAME, "space.cells", shape.cells)?;
    let (partial, channels) =
        (("space.partial", shape.partial), ("space.channels", shape.channels));
    checks::divides(NAME, partial, channels)?;
    let sizes = [("classes", shape.classes), ("image channels", image_channels)];
    checks::at_least_one(NAME, &sizes)?;
    checks::at_least_one(NAME, &[("image rows", height), ("image columns", width)])?;
    let (mut builder, image) = Builder::new(shape.image);
    let mut features =
        builder.conv_norm_relu("stem", image, Convolution::square(shape.channels, 3));
    for stage in 0..STAGES {
        if stage > 0 {
            features = builder.max_pool(features, Pool { side: 2, stride: 2, padding: 1 });
        }
        for number in 0..shape.cells {
            let path = format!("stages.{stage}.cells.{number}");
            let cell = SearchCell {
                path,
                space: shape.subspace,
                channels: shape.channels << stage,
                partial: shape.partial,
            };
            features = cell.describe(&mut builder, features);
        }
    }
    let features = builder.relu(features);
    let last = Convolution::square(shape.channels << (STAGES - 1), 1);
    let features = builder.convolution("head.conv", features, last);
    let features = builder.batch_norm("head.bn", features, false);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, shape.classes);
    builder.output("logits", logits);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), "space.channels or space.cells")?;
    Ok(graph)
}

struct SearchCell {
    path: String,
    space: Subspace,
    /// Of each block.
    channels: usize,
    /// One in so many of them is seen by operations.
    partial: usize,
}

impl SearchCell {
    fn describe(&self, builder: &mut Builder, input: NodeId) -> NodeId {
        let mut choosing = self.space.choosing_blocks().enumerate().peekable();
        let mut blocks: Vec<NodeId> = Vec::new();
        for block in 1..=self.space.blocks() {
            let path = format!("{}.blocks.{block}", self.path);
            let own = format!("{path}.projection");
            let projected =
                builder.conv_norm_relu(&own, input, Convolution::square(self.channels, 1));
            let candidates: Vec<NodeId> = [projected].into_iter().chain(blocks.clone()).collect();
            let read = match choosing.next_if(|(_, chooser)| *chooser == block) {
                Some((decision, _)) => {
                    builder.mix(Mix { matrix: 1, decision, first: 0 }, candidates)
                }
                None => builder.add(candidates),
            };
            let seen = builder.truncate(read, self.channels / self.partial);
            let mixed = self.operations(builder, &path, seen, block - 1);
            blocks.push(self.with_the_rest(builder, read, mixed));
        }
        let outputs = self.channels * blocks.len();
        let own = format!("{}.output.projection", self.path);
        let projected = builder.conv_norm_relu(&own, input, Convolution::square(outputs, 1));
        let mut weighed = (0..)
            .zip([projected].into_iter().chain(blocks))
            .map(|(first, part)| builder.mix(Mix { matrix: 2, decision: 0, first }, vec![part]));
        let projected = weighed.next();
        let parts = weighed.collect();
        let blocks = builder.concatenate(parts);
        builder.add(projected.into_iter().chain([blocks]).collect())
    }
}

impl SearchCell {
    /// The operations of a block, mixed.
    fn operations(
        &self,
        builder: &mut Builder,
        path: &str,
        read: NodeId,
        decision: usize,
    ) -> NodeId {
        let channels = self.channels / self.partial;
        let pooled = builder.max_pool(read, Pool { side: 3, stride: 1, padding: 1 });
        let [wide, narrow] = [3, 1].map(|side| {
            let path = format!("{path}.conv{side}x{side}");
            builder.conv_norm_relu(&path, read, Convolution::square(channels, side))
        });
        builder.mix(Mix { matrix: 0, decision, first: 0 }, vec![pooled, wide, narrow])
    }

    /// What was mixed beside the channels that passed by, shuffled.
    fn with_the_rest(&self, builder: &mut Builder, read: NodeId, mixed: NodeId) -> NodeId {
        if self.partial == 1 {
            return mixed;
        }
        let seen = self.channels / self.partial;
        let rest = builder.channels(read, seen, self.channels - seen);
        let both = builder.concatenate(vec![mixed, rest]);
        builder.shuffle(both, self.partial)
    }
}

#[cfg(test)]
mod tests {
    use tamis_graph::{Layer, Shape};

    use super::*;

    #[test]
    fn every_decision_is_a_mixed_sum_of_every_cell() {
        for subspace in Subspace::ALL {
            let shape = SuperShape {
                subspace,
                channels: 4,
                cells: 2,
                partial: 1,
                classes: 10,
                image: [3, 32, 32],
            };
            let graph = supernet(&shape).unwrap();
            let mixes: Vec<Mix> = graph
                .nodes()
                .iter()
                .filter_map(|node| match node.layer {
                    Layer::Mix(mix) => Some(mix),
                    _ => None,
                })
                .collect();
            for (matrix, [decisions, options]) in subspace.choices().into_iter().enumerate() {
                let of_matrix = mixes.iter().filter(|mix| mix.matrix == matrix);
                // The options of the output are sums of their own.
                let sums = if matrix == 2 { options } else { decisions };
                assert_eq!(of_matrix.count(), 6 * sums, "{subspace:?} {matrix}");
            }
            let last = graph.nodes().iter().rev().find_map(|node| match node.shape {
                Shape::Planes(sides) => Some(sides),
                Shape::Features(_) => None,
            });
            assert_eq!(last, Some([16, 9, 9]), "as the benchmark's poolings have it");
        }
    }

    #[test]
    fn with_partial_channels_operations_are_a_quarter_as_wide_and_the_rest_passes_by() {
        let shape = SuperShape {
            subspace: Subspace::Two,
            channels: 8,
            cells: 1,
            partial: 4,
            classes: 10,
            image: [3, 8, 8],
        };
        let graph = supernet(&shape).unwrap();
        let parameters = graph.parameters().parameters();
        let path = "stages.0.cells.0.blocks.1.conv3x3.conv.weight";
        let wide = parameters.iter().find(|parameter| parameter.path == path).unwrap();
        assert_eq!(wide.shape, [2, 2, 3, 3]);
        let shuffles =
            graph.nodes().iter().filter(|node| matches!(node.layer, Layer::Shuffle { groups: 4 }));
        assert_eq!(shuffles.count(), 3 * 4, "one a block");
        let odd = supernet(&SuperShape { partial: 3, ..shape }).unwrap_err().to_string();
        assert!(odd.contains("space.partial = 3"), "{odd}");
    }

    #[test]
    fn a_size_that_cannot_be_is_refused_by_its_setting() {
        let shape = SuperShape {
            subspace: Subspace::One,
            channels: 0,
            cells: 1,
            partial: 1,
            classes: 10,
            image: [3, 8, 8],
        };
        let told = supernet(&shape).unwrap_err().to_string();
        assert!(told.contains("space.channels = 0"), "{told}");
    }
}
