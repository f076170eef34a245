//! Running statistics of a network's batch norms while it trains.
//!
//! They follow each batch with momentum `max(0.1, 1 / steps)`: PyTorch's 0.1 from the tenth step on
//! and the mean of the batches before, so that short trainings are not judged by their start.

use tamis_core::Snapshot;
use tamis_nn::Statistics;

use crate::error::Error;

/// PyTorch's momentum of running statistics.
const MOMENTUM: f64 = 0.1;

/// Tensor of a snapshot.
const NAME: &str = "statistics";

pub(crate) struct Running {
    statistics: Statistics,
}

impl Running {
    /// Before the first step.
    pub(crate) fn new(initial: Statistics) -> Running {
        Running { statistics: initial }
    }

    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Follows the batch of a step, `steps_taken` before it.
    pub(crate) fn follow(&mut self, batch: &Statistics, steps_taken: u64) {
        self.statistics.update(batch, MOMENTUM.max(1.0 / (steps_taken + 1) as f64));
    }

    pub(crate) fn save(&self, snapshot: &mut Snapshot) {
        let values = self.statistics.to_values();
        snapshot.put_doubles(NAME.to_owned(), &[values.len()], &values);
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let length = self.statistics.to_values().len();
        Ok(self.statistics.set_values(snapshot.doubles(NAME, length)?)?)
    }
}
