//! What is truly known of samples that were drawn, for judging what a selection finds out about them.

use serde::{Deserialize, Serialize};

/// What is truly known of a synthetic sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// 0 (plain) to 1 (faint, cluttered, covered, noisy).
    pub difficulty: f64,
    /// The class that was drawn.
    pub label: u32,
    /// Whether the data set gives another class.
    pub mislabelled: bool,
}
