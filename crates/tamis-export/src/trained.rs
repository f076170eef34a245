//! What is exported: a network with everything that training made of it.

use serde::Serialize;
use tamis_graph::Graph;

/// A trained network. The vectors are checked against the network by whatever writes it.
#[derive(Clone, Copy, Debug)]
pub struct Trained<'a> {
    /// The network.
    pub graph: &'a Graph,
    /// Its weights, flat, as [`Graph::parameters`] lays them out.
    pub weights: &'a [f32],
    /// Running mean of each channel, by the numbers of the batch norms.
    pub means: &'a [Vec<f64>],
    /// Running variance of each channel, by the numbers of the batch norms.
    pub variances: &'a [Vec<f64>],
    /// Names of the classes, in the order of the logits; empty if they have none.
    pub classes: &'a [String],
    /// How pixels become what the network reads, if that is known.
    pub normalization: Option<&'a Normalization>,
}

/// How pixels become what a network reads: `(pixel * pixel_scale - mean) / deviation`, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalization {
    /// Subtracted from each channel.
    pub mean: Vec<f64>,
    /// What each channel is divided by; positive.
    pub deviation: Vec<f64>,
    /// What pixels are multiplied with before; positive.
    pub pixel_scale: f64,
}

impl Normalization {
    /// Of pixels 0 to 255, with mean and deviation of pixels 0 to 1.
    pub fn of_bytes(mean: Vec<f64>, deviation: Vec<f64>) -> Normalization {
        Normalization { mean, deviation, pixel_scale: 1.0 / 255.0 }
    }

    /// The same as one product and one sum: `pixel * factor + offset`, for each channel.
    pub(crate) fn factors_and_offsets(&self) -> [Vec<f64>; 2] {
        let channels = || self.mean.iter().zip(&self.deviation);
        let factors = channels().map(|(_, deviation)| self.pixel_scale / deviation);
        let offsets = channels().map(|(mean, deviation)| -mean / deviation);
        [factors.collect(), offsets.collect()]
    }
}
