//! Residual networks for small images (He et al.: "Deep Residual Learning for Image Recognition",
//! CVPR 2016, section 4.2): three stages of 16, 32 and 64 channels, shortcuts without parameters.
//!
//! `6 * blocks + 2` layers: 3 blocks a stage is ResNet-20, 9 is ResNet-56. Where a stage begins, the
//! shortcut takes every second pixel and fills the new channels with zeros, half of them before and half
//! behind (option A).

use crate::builder::Builder;
use crate::checks;
use crate::error::Error;
use crate::graph::Graph;
use crate::layer::Convolution;
use crate::node::NodeId;

const NAME: &str = "a residual network";
const STAGES: usize = 3;

/// A residual network of `channels`, 2 and 4 times `channels`, with `blocks` blocks a stage, for
/// images `[channel, height, width]`. Outputs: `logits`, and the `features` before the classifier.
///
/// # Errors
///
/// [`Error::ImageSize`], [`Error::Size`] or [`Error::Parameters`] when it cannot be built.
pub fn resnet(
    channels: usize,
    blocks: usize,
    image: [usize; 3],
    classes: usize,
) -> Result<Graph, Error> {
    checks::image_sides(NAME, [image[1], image[2]], 1 << (STAGES - 1))?;
    checks::even_channels(NAME, "score.channels", channels)?;
    checks::deep(NAME, "score.blocks", blocks)?;
    let (mut builder, input) = Builder::new(image);
    let stem = builder.conv_norm("stem", input, Convolution::square(channels, 3));
    let mut features = builder.relu(stem);
    for stage in 0..STAGES {
        for number in 0..blocks {
            let path = format!("stages.{stage}.blocks.{number}");
            features = block(&mut builder, &path, features, channels << stage);
        }
    }
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, classes);
    builder.output("logits", logits);
    builder.output("features", features);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), "score.channels or score.blocks")?;
    Ok(graph)
}

fn block(builder: &mut Builder, path: &str, input: NodeId, outputs: usize) -> NodeId {
    let widens = builder.shape(input).channels() != outputs;
    let stride = 1 + usize::from(widens);
    let first = Convolution::square(outputs, 3).stride(stride);
    let main = builder.conv_norm(&format!("{path}.first"), input, first);
    let second = Convolution::square(outputs, 3);
    let main = builder.relu_conv_norm(&format!("{path}.second"), main, second);
    let shortcut = if widens { builder.halve_and_widen(input, outputs) } else { input };
    let sum = builder.add(vec![main, shortcut]);
    builder.relu(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resnet_20_has_the_papers_number_of_parameters_and_multiply_adds() {
        let counts = resnet(16, 3, [3, 32, 32], 10).unwrap().counts();
        // 0.27 M in the paper, table 6; the multiply-adds by hand: stem, seven convolutions of each later
        // stage.
        assert_eq!(counts.params, 269_722);
        let stage = |inside: u64, first: u64, pixels: u64, more: u64| {
            9 * pixels * (first * inside + more * inside * inside)
        };
        let convolutions = 9 * 1024 * 3 * 16
            + stage(16, 16, 1024, 5)
            + stage(32, 16, 256, 5)
            + stage(64, 32, 64, 5);
        assert_eq!(counts.macs, convolutions + 65 * 10);
    }

    #[test]
    fn images_that_cannot_be_halved_twice_are_refused() {
        let error = resnet(16, 3, [3, 30, 32], 10).unwrap_err().to_string();
        assert!(error.contains("divisible by 4"), "{error}");
    }
}
