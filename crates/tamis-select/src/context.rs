//! What every policy is built from.

use std::sync::Arc;

use tamis_core::{Key, Purpose, SampleId};

use crate::split::{self, Halves};
use crate::{Embeddings, Pool, ScoreTable, Settings, SplitRule};

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
    /// Scores of the samples, for policies that need them.
    pub scores: Option<Arc<ScoreTable>>,
    /// Embeddings of the samples, for policies that need them.
    pub embeddings: Option<Arc<Embeddings>>,
    /// Settings of the policies.
    pub settings: Settings,
    /// Which part of a composed policy this is for, from 0. Parts draw from streams of their own:
    /// with the same numbers, the second would prefer what the first hardly took.
    pub part: u32,
}

impl Context {
    /// A random split, no scores, no embeddings, and the default settings.
    pub fn new(pool: Arc<Pool>, seed: u64, epochs: u32) -> Context {
        Context {
            pool,
            seed,
            epochs,
            split: SplitRule::default(),
            scores: None,
            embeddings: None,
            settings: Settings::default(),
            part: 0,
        }
    }

    /// The key of this part's draws, at epoch 0 and id 0. A policy may set both; the step is the
    /// part's number.
    pub fn key(&self) -> Key {
        Key::new(self.seed, Purpose::Select).step(self.part)
    }

    /// Chosen samples of the pool, parted into the two levels.
    pub(crate) fn halves(&self, chosen: &[SampleId]) -> Halves {
        split::halves(chosen, self.split, self.pool.bound(), self.seed)
    }
}
