//! What a search cost, counted where it arises: samples passed, multiply-adds, seconds.

use serde::{Deserialize, Serialize};

/// What was spent once, before the search (training a scorer, an autoencoder, a tree).
///
/// A number that is not known is `None`, never 0, and whatever depends on it is `None` too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneOffCost {
    /// Forward-and-backward passes of one sample (forward-only passes count as one, too).
    pub samples: Option<u64>,
    /// Multiply-adds.
    pub macs: Option<u64>,
    /// Seconds.
    pub wall_s: Option<f64>,
}

impl OneOffCost {
    /// Nothing was spent.
    pub const NONE: OneOffCost = OneOffCost { samples: Some(0), macs: Some(0), wall_s: Some(0.0) };

    /// With so many seconds more; what is unknown stays unknown.
    pub fn plus_seconds(self, seconds: f64) -> OneOffCost {
        OneOffCost { wall_s: self.wall_s.map(|wall_s| wall_s + seconds), ..self }
    }

    /// Both together; what is unknown of one is unknown of both.
    pub fn plus(&self, other: &OneOffCost) -> OneOffCost {
        let whole = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
        OneOffCost {
            samples: whole(self.samples, other.samples),
            macs: whole(self.macs, other.macs),
            wall_s: self.wall_s.zip(other.wall_s).map(|(a, b)| a + b),
        }
    }
}

/// Running totals of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Forward-and-backward passes of one sample in weight steps.
    pub weight_samples: u64,
    /// Forward-and-backward passes of one sample in architecture steps.
    pub arch_samples: u64,
    /// What the same recipe and number of epochs would pass on all data.
    pub full_data_samples: u64,
    /// Nominal multiply-adds of the search: forward x 3 for forward and backward, of what ran.
    pub macs: u64,
    /// What the same recipe and number of epochs would take on all data.
    pub full_data_macs: u64,
    /// Seconds spent in choosing samples and in steps, over all sittings of the run.
    pub search_wall_s: f64,
    /// What was spent before the search.
    pub one_off: OneOffCost,
}

impl Ledger {
    /// Samples passed over what full data would pass: the search alone.
    pub fn sample_ratio(&self) -> f64 {
        (self.weight_samples + self.arch_samples) as f64 / self.full_data_samples.max(1) as f64
    }

    /// Multiply-adds, one-off ones included, over those of full data.
    pub fn macs_ratio(&self) -> Option<f64> {
        let full = self.full_data_macs.max(1) as f64;
        self.one_off.macs.map(|one_off| (self.macs + one_off) as f64 / full)
    }
}
