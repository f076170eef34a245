//! Residual networks for small images (He et al.: "Deep Residual Learning for Image Recognition",
//! CVPR 2016, section 4.2): three stages of 16, 32 and 64 channels, shortcuts without parameters.
//!
//! `6 * blocks + 2` layers: 3 blocks a stage is ResNet-20, 9 is ResNet-56. The classifier that
//! scores images. Where a stage begins, the shortcut takes every second pixel and fills the new
//! channels with zeros, half of them before and half behind (option A).

use burn::tensor::{Tensor, activation::relu};

use crate::checks;
use crate::device::Device;
use crate::error::Error;
use crate::layers::{Builder, ConvNorm, Forward, Linear, global_average};
use crate::network::{Body, Network, Signature};

const NAME: &str = "a residual network";
const STAGES: usize = 3;

/// A residual network of `channels`, 2 and 4 times `channels`, with `blocks` blocks a stage, for
/// images `[channel, height, width]`.
///
/// # Errors
///
/// [`Error::ImageSize`], [`Error::Size`] or [`Error::Parameters`] when it cannot be built.
pub fn resnet(
    channels: usize,
    blocks: usize,
    image: [usize; 3],
    classes: usize,
    device: Device,
) -> Result<Network, Error> {
    check(channels, blocks, image)?;
    let mut builder = Builder::default();
    let stem = builder.conv_norm("stem", [channels, image[0], 3, 3], 1);
    let mut body = Vec::with_capacity(STAGES * blocks);
    let mut inputs = channels;
    for stage in 0..STAGES {
        for number in 0..blocks {
            let outputs = channels << stage;
            let path = format!("stages.{stage}.blocks.{number}");
            body.push(Block::new(&mut builder, &path, inputs, outputs));
            inputs = outputs;
        }
    }
    let classifier = builder.linear("classifier", inputs, classes);
    checks::parameters(NAME, &builder.layout, "score.channels or score.blocks")?;
    let signature = Signature { image, classes, share_matrices: 0, share_shape: [0, 0] };
    Ok(Network::new(builder, signature, Box::new(ResNet { stem, body, classifier }), device))
}

/// Multiply-adds of one image's forward pass through [`resnet`]: convolutions and the classifier.
pub fn resnet_macs(
    channels: usize,
    blocks: usize,
    [inputs, height, width]: [usize; 3],
    classes: usize,
) -> u64 {
    let conv = |stage: usize, from: usize| {
        let pixels = (height >> stage) * (width >> stage);
        9 * pixels * from * (channels << stage)
    };
    // The first convolution of a later stage reads half as many channels as the others.
    let stages = (0..STAGES).map(|stage| {
        let inside = channels << stage;
        let first = if stage == 0 { inside } else { inside / 2 };
        conv(stage, first) + (2 * blocks - 1) * conv(stage, inside)
    });
    let stages: usize = stages.sum();
    (conv(0, inputs) + stages + (channels << (STAGES - 1)) * classes) as u64
}

fn check(channels: usize, blocks: usize, [_, height, width]: [usize; 3]) -> Result<(), Error> {
    checks::image_sides(NAME, [height, width], 1 << (STAGES - 1))?;
    checks::even_channels(NAME, "score.channels", channels)?;
    checks::deep(NAME, "score.blocks", blocks)
}

struct ResNet {
    stem: ConvNorm,
    body: Vec<Block>,
    classifier: Linear,
}

impl Body for ResNet {
    fn forward(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        self.classifier.forward(self.pooled(images, pass), pass)
    }

    fn features(&self, images: Tensor<4>, pass: &Forward) -> Option<Tensor<2>> {
        Some(self.pooled(images, pass))
    }
}

impl ResNet {
    /// The mean of each channel after the last block.
    fn pooled(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        let mut features = relu(self.stem.forward(images, pass));
        for block in &self.body {
            features = block.forward(features, pass);
        }
        global_average(features)
    }
}

struct Block {
    first: ConvNorm,
    second: ConvNorm,
    widens: bool,
}

impl Block {
    fn new(builder: &mut Builder, path: &str, inputs: usize, outputs: usize) -> Self {
        let widens = outputs != inputs;
        let stride = if widens { 2 } else { 1 };
        Block {
            first: builder.conv_norm(&format!("{path}.first"), [outputs, inputs, 3, 3], stride),
            second: builder.conv_norm(&format!("{path}.second"), [outputs, outputs, 3, 3], 1),
            widens,
        }
    }

    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let shortcut = if self.widens { halve_and_widen(input.clone()) } else { input.clone() };
        let main = self.first.forward(input, pass);
        relu(self.second.forward_after_relu(main, pass) + shortcut)
    }
}

/// Every second pixel of `[batch, channel, height, width]`, twice the channels: zeros around.
fn halve_and_widen(input: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let (rows, columns) = (height / 2, width / 2);
    let pairs = input.reshape([batch * channels, rows, 2, columns, 2]);
    let first = pairs.slice([0..batch * channels, 0..rows, 0..1, 0..columns, 0..1]);
    let halved = first.reshape([batch, channels, rows, columns]);
    let zeros = halved.clone().slice([0..batch, 0..channels / 2]).zeros_like();
    Tensor::cat(vec![zeros.clone(), halved, zeros], 1)
}
