//! The network of a genotype: stem, blocks, a 1x1 convolution, global average, linear classifier.

use tamis_graph::{Builder, Convolution, Graph, NodeId, checks};

use super::{BlockKind, Genotype};
use crate::Error;

const NAME: &str = "a network of inverted residuals";

impl Genotype {
    /// The network for images `[channel, height, width]`. Outputs: `logits`, `features`.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if it cannot be built for these images.
    pub fn network(&self, image: [usize; 3], classes: usize) -> Result<Graph, Error> {
        let [channels, height, width] = image;
        let sizes =
            [("image channels", channels), ("image rows", height), ("image columns", width)];
        checks::at_least_one(NAME, &sizes)?;
        checks::at_least_one(NAME, &[("classes", classes)])?;
        let (mut builder, image) = Builder::new(image);
        let stem = Convolution::square(self.stem.channels, 3).stride(self.stem.stride);
        let mut features = activated(&mut builder, "stem", (image, stem), self.block_kind);
        for (number, (shape, block)) in self.blocks().enumerate() {
            let path = format!("blocks.{number}");
            features = block.describe(&mut builder, &path, features, (shape, self.block_kind));
        }
        head(&mut builder, features, (self.features, classes), self.block_kind);
        let graph = builder.finish(NAME)?;
        checks::parameters(NAME, graph.parameters(), "network.channels")?;
        Ok(graph)
    }
}

/// A convolution at a path, its batch norm and the network's activation.
pub(super) fn activated(
    builder: &mut Builder,
    path: &str,
    (input, convolution): (NodeId, Convolution),
    block_kind: BlockKind,
) -> NodeId {
    let features = builder.conv_norm(path, input, convolution);
    builder.activation(features, block_kind.activation)
}

/// What follows the last block; names the outputs.
pub(super) fn head(
    builder: &mut Builder,
    features: NodeId,
    (channels, classes): (usize, usize),
    block_kind: BlockKind,
) {
    let mixed = Convolution::square(channels, 1);
    let features = activated(builder, "features", (features, mixed), block_kind);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, classes);
    builder.output("logits", logits);
    builder.output("features", features);
}
