//! What is shown of arms against each other: every seed, means, differences.
//!
//! Means, intervals and differences are the caller's: the report draws statistics, it makes none.

use super::Part;

/// Arms side by side.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Comparison {
    /// What the accuracies are, such as `test accuracy, table of the benchmark`.
    pub accuracy_name: String,
    /// What the costs are, such as `multiply-adds, one-off costs included`.
    pub cost_name: String,
    /// What the intervals are, such as `95 % interval of the mean`.
    pub interval_name: String,
    /// The arms, in the order in which they are listed.
    pub arms: Part<Vec<Arm>>,
    /// Differences seed by seed, in the order in which they are listed.
    pub differences: Part<Vec<Difference>>,
}

/// An arm: a setting that was run with some seeds.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Arm {
    /// Its name, such as `random:0.1`.
    pub name: String,
    /// What it belongs to, such as its policy; arms of one group have one colour.
    pub group: String,
    /// What every seed gave.
    pub seeds: Vec<SeedValue>,
    /// Mean accuracy over the seeds.
    pub accuracy: Option<Estimate>,
    /// Mean cost over the seeds.
    pub cost: Option<f64>,
}

/// What one seed gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedValue {
    /// The seed.
    pub seed: u64,
    /// Accuracy, 0 to 1.
    pub accuracy: Option<f64>,
    /// Cost.
    pub cost: Option<f64>,
}

/// A mean and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its interval, lower and upper bound; `None` of too few values.
    pub interval: Option<(f64, f64)>,
}

/// How much one arm is above another, seed by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What is compared, such as `proxy:0.1 against random:0.1`.
    pub name: String,
    /// The mean of the differences in accuracy, -1 to 1.
    pub estimate: Estimate,
    /// Number of seeds that both arms have.
    pub pairs: usize,
}
