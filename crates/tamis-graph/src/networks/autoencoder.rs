//! A convolutional autoencoder whose latent codes stand for similarity of images: what DDS-NAS looks
//! for the most dissimilar image in.
//!
//! Poyser and Breckon (DDS-NAS, 2025) train an autoencoder that "enforces an image-similarity
//! embedding"; its layers are not public, so these are ours. Encoder: 3x3 convolutions with batch
//! norm and stride 2 that double the channels, ReLU between, until the image is halved up to three
//! times; a linear layer to the latent code. Decoder: a linear layer, then as many times nearest
//! upsampling by 2, ReLU, 3x3 convolution and batch norm. No last activation: images are normalised.

use crate::builder::Builder;
use crate::checks;
use crate::error::Error;
use crate::graph::Graph;
use crate::layer::Convolution;
use crate::node::NodeId;

const NAME: &str = "an autoencoder";

/// Most times that the image is halved.
const MOST_STAGES: usize = 3;

/// Sizes of an autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoencoderShape {
    /// `[channel, height, width]` of the images.
    pub image: [usize; 3],
    /// Channels after the first convolution.
    pub width: usize,
    /// Values of a latent code.
    pub latent: usize,
}

impl AutoencoderShape {
    /// Times that the image is halved: up to three, while its sides are even.
    fn stages(&self) -> usize {
        let [_, height, width] = self.image;
        let fits = |stages: &usize| {
            height.is_multiple_of(1 << stages) && width.is_multiple_of(1 << stages)
        };
        (1..=MOST_STAGES).take_while(fits).last().unwrap_or(0)
    }

    /// Channels before the first convolution and after each.
    fn widths(&self) -> Vec<usize> {
        let stages = (0..self.stages()).map(|stage| self.width << stage);
        std::iter::once(self.image[0]).chain(stages).collect()
    }
}

/// An autoencoder of these sizes. Outputs: `reconstruction`, `[channel, height, width]`, and `code`,
/// `[latent]`.
///
/// # Errors
///
/// [`Error::ImageSize`], [`Error::Size`] or [`Error::Parameters`] when it cannot be built.
pub fn autoencoder(shape: &AutoencoderShape) -> Result<Graph, Error> {
    let [channels, height, width] = shape.image;
    checks::image_sides(NAME, [height, width], 2)?;
    checks::at_least_one(NAME, &[("image channels", channels)])?;
    checks::wide(NAME, &[("embed.width", shape.width), ("embed.latent", shape.latent)])?;
    let (mut builder, image) = Builder::new(shape.image);
    let widths = shape.widths();
    let code = encode(&mut builder, image, &widths, shape.latent);
    let stages = widths.len() - 1;
    let smallest = [widths[stages], height >> stages, width >> stages];
    let reconstruction = decode(&mut builder, code, &widths, smallest);
    builder.output("reconstruction", reconstruction);
    builder.output("code", code);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), "embed.width, embed.latent or data.size")?;
    Ok(graph)
}

fn encode(builder: &mut Builder, image: NodeId, widths: &[usize], latent: usize) -> NodeId {
    let mut features = image;
    for (number, &outputs) in widths[1..].iter().enumerate() {
        let convolution = Convolution::square(outputs, 3).stride(2);
        features = builder.conv_norm(&format!("encoder.{number}"), features, convolution);
        features = builder.relu(features);
    }
    let features = builder.flatten(features);
    builder.linear("encoder.latent", features, latent)
}

fn decode(builder: &mut Builder, code: NodeId, widths: &[usize], smallest: [usize; 3]) -> NodeId {
    let values = smallest.into_iter().fold(1, usize::saturating_mul);
    let features = builder.linear("decoder.latent", code, values);
    let mut features = builder.unflatten(features, smallest);
    for (number, &outputs) in widths[..widths.len() - 1].iter().rev().enumerate() {
        features = builder.upsample(features);
        let convolution = Convolution::square(outputs, 3);
        features = builder.relu_conv_norm(&format!("decoder.{number}"), features, convolution);
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_those_of_its_layers_by_hand() {
        let shape = AutoencoderShape { image: [3, 32, 32], width: 8, latent: 5 };
        let graph = autoencoder(&shape).unwrap();
        let encoder = 9 * (3 * 8 * 256 + 8 * 16 * 64 + 16 * 32 * 16) + (32 * 16 + 1) * 5;
        let decoder = (5 + 1) * 32 * 16 + 9 * (32 * 16 * 64 + 16 * 8 * 256 + 8 * 3 * 1024);
        let code = graph.output("code").unwrap();
        assert_eq!(graph.counts_for(&[code]).macs, encoder);
        assert_eq!(graph.counts().macs, encoder + decoder);
    }

    #[test]
    fn images_that_can_be_halved_once_alone_are_halved_once() {
        let shape = AutoencoderShape { image: [1, 14, 10], width: 4, latent: 2 };
        assert_eq!(shape.widths(), [1, 4]);
        assert!(autoencoder(&AutoencoderShape { image: [1, 14, 9], ..shape }).is_err());
    }
}
