//! What every policy is built from.

use std::sync::Arc;

use crate::{Pool, ScoreTable, SplitRule};

/// The pool, the seed and the settings of a run, as far as choosing samples goes.
#[derive(Clone, Debug)]
pub struct Context {
    /// The samples to choose from.
    pub pool: Arc<Pool>,
    /// The run's seed.
    pub seed: u64,
    /// Epochs of the search, for policies with a schedule of their own.
    pub epochs: u32,
    /// How the pool is split into the two levels.
    pub split: SplitRule,
    /// Scores of all samples, for policies that need them.
    pub scores: Option<ScoreTable>,
    /// Bin width of the proxy policies' histogram, in log10 units; `None` is 0.5.
    pub bin_width: Option<f64>,
    /// Share of the two-tail policy's samples that comes from the low end; `None` is 0.5.
    pub beta: Option<f64>,
}

impl Context {
    /// A random split, no scores, and the default settings.
    pub fn new(pool: Arc<Pool>, seed: u64, epochs: u32) -> Context {
        let split = SplitRule::default();
        Context { pool, seed, epochs, split, scores: None, bin_width: None, beta: None }
    }
}
