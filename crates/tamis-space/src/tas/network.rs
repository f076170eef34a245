//! The network of a configuration.
//!
//! As the authors' code builds it: convolutions are followed by batch norm, with scale and shift, and ReLU; a
//! block adds its shortcut before the last ReLU. Where a stage begins, the shortcut is 2x2 average pooling
//! and a 1x1 convolution without batch norm; elsewhere nothing if the block has as many channels as it reads,
//! else a 1x1 convolution and batch norm. Global average, linear classifier.

use tamis_graph::{Builder, Convolution, Graph, NodeId, Pool, checks};

use super::{Block, Configuration, STAGES};
use crate::Error;

const NAME: &str = "a network of TAS";

/// Halves an image.
pub(super) const HALVING: Pool = Pool { side: 2, stride: 2, padding: 0 };

impl Configuration {
    /// Its network, for images `[channel, height, width]`. Outputs: `logits`, and the `features` before the
    /// classifier.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if it cannot be built for these images or has too many channels.
    pub fn network(&self, image: [usize; 3], classes: usize) -> Result<Graph, Error> {
        let [image_channels, height, width] = image;
        checks::image_sides(NAME, [height, width], 1 << (STAGES - 1))?;
        checks::at_least_one(NAME, &[("classes", classes), ("image channels", image_channels)])?;
        let widths = self.stages().iter().flatten().flat_map(|block| [block.inner, block.outer]);
        let widest = widths.max().unwrap_or(0).max(self.stem());
        checks::wide(NAME, &[("the widest convolution", widest)])?;
        checks::deep(NAME, "blocks of a stage", self.most_blocks())?;
        let (mut builder, image) = Builder::new(image);
        let mut features =
            builder.conv_norm_relu("stem", image, Convolution::square(self.stem(), 3));
        for (stage, blocks) in self.stages().iter().enumerate() {
            for (number, block) in blocks.iter().enumerate() {
                let path = format!("stages.{stage}.blocks.{number}");
                let halves = stage > 0 && number == 0;
                features = describe(*block, &mut builder, &path, features, halves);
            }
        }
        let features = builder.global_average(features);
        let logits = builder.linear("classifier", features, classes);
        builder.output("logits", logits);
        builder.output("features", features);
        let graph = builder.finish(NAME)?;
        checks::parameters(NAME, graph.parameters(), "its widths or its depths")?;
        Ok(graph)
    }
}

fn describe(
    block: Block,
    builder: &mut Builder,
    path: &str,
    input: NodeId,
    halves: bool,
) -> NodeId {
    let stride = if halves { 2 } else { 1 };
    let first = Convolution::square(block.inner, 3).stride(stride);
    let main = builder.conv_norm_relu(&format!("{path}.first"), input, first);
    let second = Convolution::square(block.outer, 3);
    let main = builder.conv_norm(&format!("{path}.second"), main, second);
    let (own, narrow) = (format!("{path}.shortcut"), Convolution::square(block.outer, 1));
    let shortcut = if halves {
        let halved = builder.average_pool(input, HALVING);
        builder.convolution(&format!("{own}.conv"), halved, narrow)
    } else if builder.shape(input).channels() == block.outer {
        input
    } else {
        builder.conv_norm(&own, input, narrow)
    };
    let sum = builder.add(vec![main, shortcut]);
    builder.relu(sum)
}

#[cfg(test)]
mod tests {
    use tamis_graph::networks::resnet;

    use super::*;

    fn unpruned(blocks: usize) -> Configuration {
        let stage = |channels: usize| vec![Block { inner: channels, outer: channels }; blocks];
        Configuration::new(16, [stage(16), stage(32), stage(64)]).unwrap()
    }

    #[test]
    fn unpruned_it_is_the_usual_resnet_but_for_two_shortcuts() {
        for (blocks, params) in [(3, 269_722), (9, 853_018), (18, 1_727_962)] {
            let usual = resnet(16, blocks, [3, 32, 32], 10).unwrap().counts();
            assert_eq!(usual.params, params, "as the literature has it, option A");
            let own = unpruned(blocks).network([3, 32, 32], 10).unwrap().counts();
            assert_eq!(own.params - usual.params, 16 * 32 + 32 * 64);
            assert_eq!(own.macs - usual.macs, 256 * 16 * 32 + 64 * 32 * 64);
        }
        // The authors count a multiply-add of the classifier a weight, this project its biases too.
        let macs = unpruned(9).network([3, 32, 32], 10).unwrap().counts().macs;
        assert_eq!(macs, 125_747_840 + 10);
    }

    #[test]
    fn the_published_resnet_20_costs_what_the_authors_say() {
        let text = "stem(16) stage(6-4,4-4,4-4) stage(32-32,12-19,32-28) stage(64-64,64-64,64-44)";
        let configuration: Configuration = text.parse().unwrap();
        let macs = configuration.network([3, 32, 32], 10).unwrap().counts().macs;
        assert_eq!(macs, 22_444_472 + 10, "22.444472 million in C010-ResNet20.config");
    }

    #[test]
    fn a_network_that_cannot_be_built_is_refused() {
        let wide: Configuration = "stem(9999999) stage(1-1) stage(1-1) stage(1-1)".parse().unwrap();
        let told = wide.network([3, 32, 32], 10).unwrap_err().to_string();
        assert!(told.contains("the widest convolution = 9999999"), "{told}");
        let told = unpruned(2).network([3, 30, 32], 10).unwrap_err().to_string();
        assert!(told.contains("divisible by 4"), "{told}");
    }
}
