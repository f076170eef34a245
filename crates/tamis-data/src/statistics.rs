//! Mean and deviation of every channel, and the normalisation that follows from them.
//!
//! Sums are of integers, so they are exact and do not depend on the number of threads.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tamis_core::SampleId;

use crate::{Dataset, Error};

/// Mean and standard deviation of each channel, over all pixels of all images, pixels as 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStatistics {
    /// Mean of each channel, 0 to 1.
    pub mean: Vec<f64>,
    /// Deviation of each channel (of the population: divided by n), 0 to 0.5.
    pub deviation: Vec<f64>,
}

impl ChannelStatistics {
    /// The statistics of a split.
    ///
    /// # Errors
    ///
    /// As [`Dataset::pixels`].
    pub fn of(dataset: &Dataset) -> Result<ChannelStatistics, Error> {
        let shape = dataset.shape();
        let pixels = (dataset.len() * shape.plane()) as u128;
        let none = || vec![(0, 0); shape.channels];
        let sums = (0..dataset.len() as u32)
            .into_par_iter()
            .try_fold(none, |sums, id| Ok(add(sums, &dataset.pixels(SampleId(id))?, shape.plane())))
            .try_reduce(none, |left, right| Ok(join(left, right)))?;
        let (mean, deviation) = sums.into_iter().map(|sums| moments(sums, pixels)).unzip();
        Ok(ChannelStatistics { mean, deviation })
    }
}

/// Sum and sum of squares of one channel.
type Sums = (u64, u64);

fn add(mut sums: Vec<Sums>, image: &[u8], plane: usize) -> Vec<Sums> {
    for ((sum, squares), plane) in sums.iter_mut().zip(image.chunks_exact(plane)) {
        *sum += plane.iter().map(|&pixel| u64::from(pixel)).sum::<u64>();
        *squares += plane.iter().map(|&pixel| u64::from(pixel) * u64::from(pixel)).sum::<u64>();
    }
    sums
}

fn join(left: Vec<Sums>, right: Vec<Sums>) -> Vec<Sums> {
    left.into_iter().zip(right).map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect()
}

fn moments((sum, squares): Sums, pixels: u128) -> (f64, f64) {
    let (sum, squares) = (u128::from(sum), u128::from(squares));
    let variance = (pixels * squares - sum * sum) as f64 / (pixels * pixels) as f64;
    (sum as f64 / pixels as f64 / 255.0, variance.sqrt() / 255.0)
}

/// How pixels become network inputs: `(pixel / 255 - mean) / deviation`, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// Subtracted from each channel.
    pub mean: Vec<f64>,
    /// Each channel is divided by this, always positive.
    pub deviation: Vec<f64>,
}

impl Normalization {
    /// Least divisor, one grey level: a channel that deviates less, such as a constant one, is
    /// scaled as if it deviated by this much.
    pub const LEAST_DEVIATION: f64 = 1.0 / 255.0;

    /// The normalisation that gives the training split mean 0 and deviation 1.
    ///
    /// # Errors
    ///
    /// As [`Dataset::pixels`].
    pub fn of(train: &Dataset) -> Result<Normalization, Error> {
        let ChannelStatistics { mean, deviation } = ChannelStatistics::of(train)?;
        let deviation = deviation.into_iter().map(|d| d.max(Self::LEAST_DEVIATION)).collect();
        Ok(Normalization { mean, deviation })
    }
}
