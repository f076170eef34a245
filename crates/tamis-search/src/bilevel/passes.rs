//! The door to the network: every pass goes through it, is counted, and is refused if it gives no number.

use serde::{Deserialize, Serialize};
use tamis_core::Level;
use tamis_nn::{Outputs, Wants};
use tamis_training::PASSES_PER_STEP;

use crate::matrix::Matrix;

/// What a pass is taken at, where not at the search's own state.
#[derive(Clone, Copy, Debug, Default)]
pub struct At<'a> {
    /// Weights; the search's own if absent.
    pub weights: Option<&'a [f32]>,
    /// Mixing weights, a matrix a choice set; the shares of the architecture parameters if absent.
    pub shares: Option<&'a [Matrix]>,
    /// Which options run, `[edge, option]` a choice set; those that are alive if absent.
    pub runs: Option<&'a [Vec<bool>]>,
    /// Whether the cost's term is left out of the gradient of the mixing weights, since the host adds it
    /// itself: [`super::Bilevel::add_cost`].
    pub without_cost: bool,
}

impl<'a> At<'a> {
    /// At these mixing weights.
    pub fn shares(shares: &'a [Matrix]) -> At<'a> {
        At { shares: Some(shares), ..At::default() }
    }
}

/// What a pass found.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Loss and predictions.
    pub outputs: Outputs,
    /// Gradient of the weights; empty if not wanted.
    pub weights: Vec<f32>,
    /// Gradient of the mixing weights, a matrix a choice set; empty if not wanted.
    pub shares: Vec<Matrix>,
}

/// Both gradients.
pub const BOTH: Wants = Wants { weights: true, shares: true };

/// The gradient of the weights alone.
pub const OF_WEIGHTS: Wants = Wants { weights: true, shares: false };

/// The gradient of the mixing weights alone.
pub const OF_SHARES: Wants = Wants { weights: false, shares: true };

/// No gradient: a forward pass.
pub const FORWARD: Wants = Wants { weights: false, shares: false };

/// Passes counted at the door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passes {
    /// Of one sample, for the weights.
    pub weight_samples: u64,
    /// Of one sample, for the architecture.
    pub arch_samples: u64,
    /// Nominal multiply-adds: forward, and twice as much for a backward pass.
    pub macs: u64,
}

impl Passes {
    /// Both levels.
    pub fn samples(&self) -> u64 {
        self.weight_samples + self.arch_samples
    }

    /// Counts a pass of so many samples at so many multiply-adds a sample forward.
    pub(crate) fn count(&mut self, level: Level, samples: usize, forward_macs: u64, wants: Wants) {
        let samples = samples as u64;
        match level {
            Level::Weight => self.weight_samples += samples,
            Level::Arch => self.arch_samples += samples,
        }
        let passes = if wants == FORWARD { 1 } else { PASSES_PER_STEP };
        self.macs += samples * forward_macs * passes;
    }

    /// Adds others.
    pub(crate) fn add(&mut self, other: &Passes) {
        self.weight_samples += other.weight_samples;
        self.arch_samples += other.arch_samples;
        self.macs += other.macs;
    }
}
