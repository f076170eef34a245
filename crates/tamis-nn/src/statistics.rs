//! What batch norms normalise by: the moments of a batch, or those of all batches so far.
//!
//! Apart from the network because its layers need them, and it needs its layers.

use tamis_engine::Moments;

use crate::checks::length;
use crate::error::Error;

/// Mean and variance for every tracked batch norm of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    means: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
}

impl Statistics {
    /// Moves towards the moments of a batch: `self = (1 - momentum) * self + momentum * batch`.
    pub fn update(&mut self, batch: &Statistics, momentum: f64) {
        let mix = |own: &mut Vec<Vec<f64>>, other: &[Vec<f64>]| {
            let pairs = own.iter_mut().flatten().zip(other.iter().flatten());
            pairs.for_each(|(own, other)| *own += momentum * (other - *own));
        };
        mix(&mut self.means, &batch.means);
        mix(&mut self.variances, &batch.variances);
    }

    /// All means and then all variances, layer by layer: what a snapshot keeps.
    pub fn to_values(&self) -> Vec<f64> {
        self.means.iter().chain(&self.variances).flatten().copied().collect()
    }

    /// Takes over values that [`Statistics::to_values`] gave.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if they are not as many as these.
    pub fn set_values(&mut self, values: &[f64]) -> Result<(), Error> {
        length("the running statistics", values.len(), self.to_values().len())?;
        let own = self.means.iter_mut().chain(&mut self.variances).flatten();
        own.zip(values).for_each(|(own, value)| *own = *value);
        Ok(())
    }

    /// The moments of every batch norm, 0 and 1 of those that did not run.
    pub(crate) fn of_moments(moments: &[Option<Moments>], norms: &[usize]) -> Statistics {
        let mut statistics = Statistics::initial(norms);
        for (number, moments) in moments.iter().enumerate() {
            if let Some(Moments { mean, variance }) = moments {
                statistics.means[number].clone_from(mean);
                statistics.variances[number].clone_from(variance);
            }
        }
        statistics
    }

    /// As moments of so many batch norms.
    pub(crate) fn moments(&self, norms: usize) -> Vec<Moments> {
        let of = |number| {
            let (mean, variance) = self.of(number);
            Moments { mean, variance }
        };
        (0..norms).map(of).collect()
    }

    /// Before the first batch: mean 0, variance 1, for batch norms of these many channels.
    pub(crate) fn initial(norm_channels: &[usize]) -> Statistics {
        let all =
            |value: f64| norm_channels.iter().map(|&channels| vec![value; channels]).collect();
        Statistics { means: all(0.0), variances: all(1.0) }
    }

    /// Mean and variance of one batch norm by its number.
    ///
    /// # Panics
    ///
    /// If the network has fewer.
    pub fn of(&self, number: usize) -> (Vec<f64>, Vec<f64>) {
        (self.means[number].clone(), self.variances[number].clone())
    }
}

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// Those of the batch.
    Train,
    /// The given ones. Batch norms that are not tracked (in search cells) go by the batch's always.
    Evaluate(&'a Statistics),
}
