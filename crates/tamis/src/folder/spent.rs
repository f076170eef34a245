//! What trainings of single networks spent, of one network or of those of a race.

use serde::{Deserialize, Serialize};

/// What trainings spent. Unknown figures are `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSpent {
    /// Passes of one image, forward and backward or, of those that a race holds out, forward.
    pub samples: u64,
    /// Nominal multiply-adds: forward x 3 of an image that is trained on.
    pub macs: u64,
    /// Seconds of the steps, over all sittings.
    pub wall_s: f64,
    /// Passes of one image before, to choose.
    pub one_off_samples: Option<u64>,
    /// Nominal multiply-adds before, to choose.
    pub one_off_macs: Option<u64>,
    /// Seconds before, to choose.
    pub one_off_wall_s: Option<f64>,
    /// Most memory resident in any sitting, where the system told in each.
    pub peak_rss_bytes: Option<u64>,
}
