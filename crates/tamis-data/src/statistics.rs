//! Mean and deviation of every channel, and the normalisation that follows from them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tamis_core::SampleId;

use crate::sums::ChannelSums;
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
        let pixels = (dataset.len() * dataset.shape().plane()) as u128;
        let ChannelSums { sums, squares } = match dataset.sums() {
            Some(known) => known.clone(),
            None => sums_of(dataset)?,
        };
        let moments = sums.into_iter().zip(squares).map(|sums| moments(sums, pixels));
        let (mean, deviation) = moments.unzip();
        Ok(ChannelStatistics { mean, deviation })
    }
}

/// The sums of all images of a split, each of which is read.
fn sums_of(dataset: &Dataset) -> Result<ChannelSums, Error> {
    let shape = dataset.shape();
    let add = |mut sums: ChannelSums, id: u32| {
        sums.add(&dataset.pixels(SampleId(id))?, shape);
        Ok(sums)
    };
    (0..dataset.len() as u32)
        .into_par_iter()
        .try_fold(ChannelSums::default, add)
        .try_reduce(ChannelSums::default, |left, right| Ok(left.join(right)))
}

fn moments((sum, squares): (u64, u64), pixels: u128) -> (f64, f64) {
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
