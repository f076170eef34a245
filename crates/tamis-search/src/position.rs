//! Where in a search a step is, and the key of its draws.

use tamis_core::{Key, Purpose};

/// Where in the search a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepContext {
    /// The run's seed.
    pub seed: u64,
    /// Epoch, from 0.
    pub epoch: u32,
    /// Epochs of the run.
    pub epochs: u32,
    /// Step of the epoch, from 0.
    pub step: u32,
}

impl StepContext {
    /// The key of this step's draws.
    pub fn key(&self) -> Key {
        Key::new(self.seed, Purpose::Host).epoch(self.epoch).step(self.step)
    }
}
