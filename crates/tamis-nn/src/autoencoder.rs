//! The loss of an autoencoder, and the autoencoder that is trained by it.
//!
//! Loss: `MSE(x, x') + weight * mean max(0, |a - p|^2 - |a - n|^2 + 1)` over triplets of codes of an
//! anchor, an image of the same class and one of another. Both gradients are known in closed form and seed
//! the backward pass, as for classifiers. Which triplets is the caller's business; the layers are described
//! in `tamis-graph`.

use tamis_graph::networks::{AutoencoderShape, autoencoder};
use tamis_graph::{Graph, ParameterLayout};

use crate::device::Device;
use crate::error::Error;
use crate::model::{Model, ModelPass};
use crate::outputs::mean;
use crate::real::Real;
use crate::statistics::Statistics;

/// How much closer the image of the same class must be, in squared distance.
const MARGIN: f64 = 1.0;

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
pub struct AutoencoderPass {
    /// Mean squared error of the reconstruction.
    pub reconstruction_loss: f64,
    /// Mean over the triplets, before its weight; 0 if there are none.
    pub triplet_loss: f64,
    /// Gradient of the whole loss, laid out like the weights.
    pub gradient: Vec<f32>,
    /// Batch moments of every batch norm.
    pub statistics: Statistics,
}

/// An autoencoder. Weights belong to the caller.
pub struct Autoencoder {
    shape: AutoencoderShape,
    /// Gives reconstruction and code.
    training: Model,
    /// Gives the code alone.
    encoding: Model,
}

impl Autoencoder {
    /// An autoencoder of these sizes.
    ///
    /// # Errors
    ///
    /// [`Error::Description`] when it cannot be built.
    pub fn new(shape: AutoencoderShape, device: Device) -> Result<Autoencoder, Error> {
        let graph = autoencoder(&shape)?;
        let encoding = Model::new(graph.clone(), &["code"], device)?;
        let training = Model::new(graph, &["reconstruction", "code"], device)?;
        Ok(Autoencoder { shape, training, encoding })
    }

    /// The description.
    pub fn graph(&self) -> &Graph {
        self.training.graph()
    }

    /// Where each parameter lies.
    pub fn layout(&self) -> &ParameterLayout {
        self.training.layout()
    }

    /// Its sizes.
    pub fn shape(&self) -> AutoencoderShape {
        self.shape
    }

    /// Running statistics before the first batch: mean 0, variance 1.
    pub fn initial_statistics(&self) -> Statistics {
        self.training.initial_statistics()
    }

    /// Runs images `[batch, channel, height, width]`, flattened, forward and backward by the
    /// batch's statistics; the triplets' loss counts `triplet_weight` times.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if an argument does not fit the network, or a triplet the batch;
    /// [`Error::DeviceFailed`] if the device gave up.
    pub fn pass(
        &self,
        weights: &[f32],
        images: &[f32],
        triplets: &[Triplet],
        triplet_weight: f64,
    ) -> Result<AutoencoderPass, Error> {
        let latent = self.shape.latent;
        let each = self.shape.image.iter().product();
        let loss = |outputs: &[&[f32]]| {
            let [output, codes] = outputs else { return Ok((Vec::new(), (0.0, 0.0))) };
            let largest =
                triplets.iter().flat_map(|of| [of.anchor, of.positive, of.negative]).max();
            let batch = codes.len() / latent;
            if let Some(found) = largest.filter(|&position| position >= batch) {
                return Err(Error::Length { what: "the triplets", found, expected: batch });
            }
            let (reconstruction_loss, of_output) = squared_error(output, images, each);
            let (triplet_loss, of_codes) = triplet_loss(codes, latent, triplets, triplet_weight);
            Ok((vec![of_output, of_codes], (reconstruction_loss, triplet_loss)))
        };
        let pass = self.training.train(weights, images, None, loss)?;
        let ModelPass { found: (reconstruction_loss, triplet_loss), gradient, statistics } = pass;
        Ok(AutoencoderPass { reconstruction_loss, triplet_loss, gradient, statistics })
    }

    /// The latent codes `[batch, latent]`, flattened, of images `[batch, channel, height, width]`,
    /// flattened, by the given statistics.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if an argument does not fit the network.
    pub fn encode(
        &self,
        weights: &[f32],
        images: &[f32],
        statistics: &Statistics,
    ) -> Result<Vec<f32>, Error> {
        let mut codes = self.encoding.evaluate(weights, images, statistics)?;
        Ok(codes.pop().unwrap_or_default())
    }
}

/// Mean squared difference of images of so many values, and its gradient with respect to `output`.
fn squared_error<E: Real>(output: &[E], target: &[E], each: usize) -> (f64, Vec<E>) {
    let count = output.len().max(1) as f64;
    let difference = |(&output, &target): (&E, &E)| -> f64 { output.into() - target.into() };
    let pairs = || output.iter().zip(target);
    let gradient = pairs().map(|pair| E::from_f64(2.0 * difference(pair) / count)).collect();
    let of_image = |(output, target): (&[E], &[E])| -> f64 {
        output.iter().zip(target).map(|pair| difference(pair).powi(2)).sum()
    };
    let images = output.chunks(each).zip(target.chunks(each)).map(of_image);
    (mean(&images.collect::<Vec<_>>()) / each as f64, gradient)
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

#[cfg(test)]
mod tests {
    use super::*;

    const TRIPLETS: [Triplet; 2] = [
        Triplet { anchor: 0, positive: 1, negative: 2 },
        Triplet { anchor: 2, positive: 1, negative: 0 },
    ];
    /// Codes of three images, of which both triplets are too close.
    const CODES: [f64; 6] = [0.3, -0.2, 0.9, 0.1, 0.0, -0.4];

    fn assert_slopes(values: &[f64], gradient: &[f64], loss: impl Fn(&[f64]) -> f64) {
        for (at, slope) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = values.to_vec();
                moved[at] += by;
                loss(&moved)
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((difference - slope).abs() < 1e-8, "{at}: {difference} {slope}");
        }
    }

    #[test]
    fn gradients_of_both_parts_are_those_of_finite_differences() {
        let target = [0.5, 0.4, -0.3, 0.2, 1.0, -1.0];
        let (loss, gradient) = squared_error(&CODES, &target, 2);
        let squares = CODES.iter().zip(target).map(|(a, b)| (a - b).powi(2));
        assert!((loss - squares.sum::<f64>() / 6.0).abs() < 1e-12);
        assert_slopes(&CODES, &gradient, |codes| squared_error(codes, &target, 2).0);
        let (loss, gradient) = triplet_loss(&CODES, 2, &TRIPLETS, 0.7);
        assert!(loss > 0.5 && gradient.iter().all(|slope| *slope != 0.0), "{gradient:?}");
        assert_slopes(&CODES, &gradient, |codes| 0.7 * triplet_loss(codes, 2, &TRIPLETS, 0.7).0);
    }

    #[test]
    fn triplets_that_are_far_enough_apart_have_no_gradient() {
        let codes = [0.0, 0.0, 0.1, 0.0, 5.0, 5.0];
        assert_eq!(triplet_loss(&codes, 2, &TRIPLETS[..1], 1.0), (0.0, vec![0.0; 6]));
    }
}
