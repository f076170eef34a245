//! A convolutional autoencoder whose latent codes stand for similarity of images: what DDS-NAS looks
//! for the most dissimilar image in.
//!
//! Poyser and Breckon (DDS-NAS, 2025) train an autoencoder that "enforces an image-similarity
//! embedding"; its layers are not public, so these are ours. Encoder: 3x3 convolutions with batch
//! norm and stride 2 that double the channels, ReLU between, until the image is halved up to three
//! times; a linear layer to the latent code. Decoder: a linear layer, then as many times nearest
//! upsampling by 2, ReLU, 3x3 convolution and batch norm. No last activation: images are normalised.
//!
//! Loss: `MSE(x, x') + weight * mean max(0, |a - p|^2 - |a - n|^2 + 1)` over triplets of codes of an
//! anchor, an image of the same class and one of another. Both gradients are known in closed form
//! and seed the backward pass, as for classifiers. Which triplets is the caller's business.

use std::cell::RefCell;

use burn::backend::ExecutionError;
use burn::tensor::{Tensor, activation::relu};

use crate::checks::{self, length};
use crate::device::{Device, Engine};
use crate::error::Error;
use crate::layers::{Builder, ConvNorm, Forward, Linear};
use crate::leaves::Leaves;
use crate::network::{image_tensor, is_fused, whole_images};
use crate::parameters::ParameterLayout;
use crate::real::{Real, dtype, flat_data, read};
use crate::statistics::{Mode, Statistics};

const NAME: &str = "an autoencoder";

/// Most times that the image is halved.
const MOST_STAGES: usize = 3;

/// How much closer the image of the same class must be, in squared distance.
const MARGIN: f64 = 1.0;

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

/// An anchor, an image of the same class and one of another, by their positions in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triplet {
    /// Position of the anchor.
    pub anchor: usize,
    /// Position of an image of its class.
    pub positive: usize,
    /// Position of an image of another class.
    pub negative: usize,
}

/// What one training pass found.
#[derive(Clone, Debug)]
pub struct AutoencoderPass<E> {
    /// Mean squared error of the reconstruction.
    pub reconstruction_loss: f64,
    /// Mean over the triplets, before its weight; 0 if there are none.
    pub triplet_loss: f64,
    /// Gradient of the whole loss, laid out like the weights.
    pub gradient: Vec<E>,
    /// Batch moments of every batch norm.
    pub statistics: Statistics,
}

/// An autoencoder: its parameters' layout and how to run it. Weights belong to the caller.
pub struct Autoencoder {
    layout: ParameterLayout,
    norm_channels: Vec<usize>,
    shape: AutoencoderShape,
    encoder: Vec<ConvNorm>,
    to_latent: Linear,
    from_latent: Linear,
    decoder: Vec<ConvNorm>,
    device: Device,
    engine: Engine,
}

impl Autoencoder {
    /// An autoencoder of these sizes.
    ///
    /// # Errors
    ///
    /// [`Error::ImageSize`], [`Error::Size`] or [`Error::Parameters`] when it cannot be built.
    pub fn new(shape: AutoencoderShape, device: Device) -> Result<Autoencoder, Error> {
        let [channels, height, width] = shape.image;
        checks::image_sides(NAME, [height, width], 2)?;
        checks::at_least_one(NAME, &[("image channels", channels)])?;
        checks::wide(NAME, &[("embed.width", shape.width), ("embed.latent", shape.latent)])?;
        let mut builder = Builder::default();
        let widths = shape.widths();
        let pairs = widths.windows(2).enumerate();
        let encoder = pairs.map(|(number, pair)| {
            builder.conv_norm(&format!("encoder.{number}"), [pair[1], pair[0], 3, 3], 2)
        });
        let encoder = encoder.collect();
        let code = shape.code().iter().product();
        let to_latent = builder.linear("encoder.latent", code, shape.latent);
        let from_latent = builder.linear("decoder.latent", shape.latent, code);
        let pairs = widths.windows(2).rev().enumerate();
        let decoder = pairs.map(|(number, pair)| {
            builder.conv_norm(&format!("decoder.{number}"), [pair[0], pair[1], 3, 3], 1)
        });
        let decoder = decoder.collect();
        let Builder { layout, norm_channels } = builder;
        checks::parameters(NAME, &layout, "embed.width, embed.latent or data.size")?;
        Ok(Autoencoder {
            layout,
            norm_channels,
            shape,
            encoder,
            to_latent,
            from_latent,
            decoder,
            device,
            engine: Engine::default(),
        })
    }

    /// The same autoencoder computed by another engine.
    pub fn with_engine(self, engine: Engine) -> Self {
        Autoencoder { engine, ..self }
    }

    /// Where each parameter lies.
    pub fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// Its sizes.
    pub fn shape(&self) -> AutoencoderShape {
        self.shape
    }

    /// Running statistics before the first batch: mean 0, variance 1.
    pub fn initial_statistics(&self) -> Statistics {
        Statistics::initial(&self.norm_channels)
    }

    /// Runs images `[batch, channel, height, width]`, flattened, forward and backward by the
    /// batch's statistics; the triplets' loss counts `triplet_weight` times.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if an argument does not fit the network, or a triplet the batch;
    /// [`Error::DeviceFailed`] if the device gave up.
    pub fn pass<E: Real>(
        &self,
        weights: &[E],
        images: &[E],
        triplets: &[Triplet],
        triplet_weight: f64,
    ) -> Result<AutoencoderPass<E>, Error> {
        let batch = self.check(weights, images)?;
        let largest = triplets.iter().flat_map(|of| [of.anchor, of.positive, of.negative]).max();
        if let Some(found) = largest.filter(|&position| position >= batch) {
            return Err(Error::Length { what: "the triplets", found, expected: batch });
        }
        let device = self.device.autodiff();
        let pass = self.forward(weights, Mode::Train, &device, true);
        let codes = self.encoded(image_tensor(images, self.shape.image, &device), &pass);
        let output = self.decoded(codes.clone(), &pass).reshape([-1]);
        let failed = |error: ExecutionError| self.device.failed(error);
        let host_output = read(output.try_to_data().map_err(failed)?);
        let host_codes = read::<E>(codes.try_to_data().map_err(failed)?);
        let (reconstruction_loss, of_output) = squared_error(&host_output, images);
        let (triplet_loss, of_codes) =
            triplet_loss(&host_codes, self.shape.latent, triplets, triplet_weight);
        let seed = |values| Tensor::<1>::from_data(flat_data(values), (&device, dtype::<E>()));
        let seeded =
            (output * seed(of_output)).sum() + (codes.reshape([-1]) * seed(of_codes)).sum();
        let mut gradients = seeded.backward();
        let Forward { leaves, moments, .. } = pass;
        Ok(AutoencoderPass {
            reconstruction_loss,
            triplet_loss,
            gradient: leaves.gradient(&mut gradients).map_err(failed)?,
            statistics: Statistics::collect(moments).map_err(failed)?,
        })
    }

    /// The latent codes `[batch, latent]`, flattened, of images `[batch, channel, height, width]`,
    /// flattened, by the given statistics.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if an argument does not fit the network.
    pub fn encode<E: Real>(
        &self,
        weights: &[E],
        images: &[E],
        statistics: &Statistics,
    ) -> Result<Vec<E>, Error> {
        self.check(weights, images)?;
        let device = self.device.autodiff();
        let pass = self.forward(weights, Mode::Evaluate(statistics), &device, false);
        let codes = self.encoded(image_tensor(images, self.shape.image, &device), &pass);
        Ok(read(codes.try_into_data().map_err(|error| self.device.failed(error))?))
    }

    fn check<E>(&self, weights: &[E], images: &[E]) -> Result<usize, Error> {
        length("the weights", weights.len(), self.layout.length())?;
        whole_images(images.len(), self.shape.image)
    }

    fn forward<'a, E: Real>(
        &'a self,
        weights: &'a [E],
        mode: Mode<'a>,
        device: &'a burn::tensor::Device,
        tracked: bool,
    ) -> Forward<'a> {
        Forward {
            leaves: Leaves::new(&self.layout, weights, device, tracked),
            shares: Vec::new(),
            mode,
            fused: is_fused::<E>(self.engine, self.device),
            inference: !tracked,
            moments: RefCell::default(),
        }
    }

    fn encoded(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        let mut features = images;
        for (number, layer) in self.encoder.iter().enumerate() {
            features = match number {
                0 => layer.forward(features, pass),
                _ => layer.forward_after_relu(features, pass),
            };
        }
        let batch = features.dims()[0];
        self.to_latent.forward(relu(features).reshape([batch as i32, -1]), pass)
    }

    fn decoded(&self, codes: Tensor<2>, pass: &Forward) -> Tensor<4> {
        let batch = codes.dims()[0];
        let [channels, height, width] = self.shape.code();
        let features = self.from_latent.forward(codes, pass);
        let mut features = features.reshape([batch, channels, height, width]);
        for layer in &self.decoder {
            features = layer.forward_after_relu(twice_as_large(features), pass);
        }
        features
    }
}

impl AutoencoderShape {
    /// Times that the image is halved: up to three, while its sides are even.
    fn stages(&self) -> usize {
        let [_, height, width] = self.image;
        let fitting = (1..=MOST_STAGES).take_while(|stages| {
            height.is_multiple_of(1 << stages) && width.is_multiple_of(1 << stages)
        });
        fitting.last().unwrap_or(0)
    }

    /// Channels before the first convolution and after each.
    fn widths(&self) -> Vec<usize> {
        let stages = (0..self.stages()).map(|stage| self.width << stage);
        std::iter::once(self.image[0]).chain(stages).collect()
    }

    /// `[channel, height, width]` before the linear layer.
    fn code(&self) -> [usize; 3] {
        let [channels, height, width] = self.image;
        let stages = self.stages();
        let last = self.widths().last().copied().unwrap_or(channels);
        [last, height >> stages, width >> stages]
    }

    /// Multiply-adds of encoding one image.
    pub fn encode_macs(&self) -> u64 {
        let widths = self.widths();
        let convs = widths.windows(2).enumerate();
        let convs: usize = convs.map(|(stage, pair)| self.conv_macs(stage + 1, pair)).sum();
        (convs + self.linear_macs()) as u64
    }

    /// Multiply-adds of encoding and decoding one image.
    pub fn forward_macs(&self) -> u64 {
        let widths = self.widths();
        let convs = widths.windows(2).enumerate();
        let convs: usize = convs.map(|(stage, pair)| self.conv_macs(stage, pair)).sum();
        self.encode_macs() + (convs + self.linear_macs()) as u64
    }

    /// Of a 3x3 convolution between these channels, whose output was halved `stage` times.
    fn conv_macs(&self, stage: usize, channels: &[usize]) -> usize {
        let [_, height, width] = self.image;
        9 * channels.iter().product::<usize>() * (height >> stage) * (width >> stage)
    }

    fn linear_macs(&self) -> usize {
        self.code().iter().product::<usize>() * self.latent
    }
}

/// Every pixel four times: `[batch, channel, 2 height, 2 width]`.
fn twice_as_large(input: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let pixels = input.reshape([batch * channels, height, 1, width, 1]);
    let pixels = pixels.repeat_dim(4, 2).repeat_dim(2, 2);
    pixels.reshape([batch, channels, 2 * height, 2 * width])
}

/// Mean squared difference, and its gradient with respect to `output`.
fn squared_error<E: Real>(output: &[E], target: &[E]) -> (f64, Vec<E>) {
    let count = output.len().max(1) as f64;
    let mut sum = 0.0;
    let pairs = output.iter().zip(target);
    let gradient = pairs.map(|(&output, &target)| {
        let difference: f64 = output.into() - target.into();
        sum += difference * difference;
        E::from_f64(2.0 * difference / count)
    });
    let gradient = gradient.collect();
    (sum / count, gradient)
}

/// Mean hinge of the triplets, and the gradient of `weight` times it with respect to the codes.
fn triplet_loss<E: Real>(
    codes: &[E],
    latent: usize,
    triplets: &[Triplet],
    weight: f64,
) -> (f64, Vec<E>) {
    let code = |position: usize| &codes[position * latent..][..latent];
    let share = weight / triplets.len().max(1) as f64;
    let mut gradient = vec![0.0; codes.len()];
    let mut sum = 0.0;
    for &Triplet { anchor, positive, negative } in triplets {
        let (a, p, n) = (code(anchor), code(positive), code(negative));
        let hinge = MARGIN + squared_distance(a, p) - squared_distance(a, n);
        if hinge <= 0.0 {
            continue;
        }
        sum += hinge;
        for axis in 0..latent {
            let [a, p, n]: [f64; 3] = [a[axis].into(), p[axis].into(), n[axis].into()];
            gradient[anchor * latent + axis] += 2.0 * share * (n - p);
            gradient[positive * latent + axis] += 2.0 * share * (p - a);
            gradient[negative * latent + axis] += 2.0 * share * (a - n);
        }
    }
    let gradient = gradient.into_iter().map(E::from_f64).collect();
    (sum / triplets.len().max(1) as f64, gradient)
}

fn squared_distance<E: Real>(a: &[E], b: &[E]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).powi(2)).sum()
}
