//! Data selection: which samples train the weights and which train the architecture, each epoch.
//!
//! A [`Policy`] turns a labelled [`Pool`] and, where it needs them, scores of the samples into a
//! [`Plan`] for every epoch of a search. [`build`] makes one from a text such as `random:0.1`;
//! [`POLICIES`] lists them. A new policy is one file under `policies` and one line in that list.
//!
//! Everything is pure: no pixels, tensors, files or clocks, and every draw is a function of the
//! seed, the epoch and the sample's id. The order in which chosen samples are shown is the search
//! loop's business.
//!
//! ```
//! use std::sync::Arc;
//! use tamis_select::{Context, Pool, build};
//!
//! let pool = Pool::new((0..100).map(|sample| sample % 10).collect(), 10)?;
//! let mut policy = build("random:0.29", &Context::new(Arc::new(pool), 7, 50))?;
//! let plan = policy.plan(0)?;
//! assert_eq!((plan.weight.len(), plan.arch.len()), (14, 15));
//! # Ok::<(), tamis_select::Error>(())
//! ```

#![deny(missing_docs)]

mod amount;
mod context;
pub mod dds;
pub mod draw;
mod embeddings;
mod error;
pub mod furthest;
pub mod histogram;
mod hold_out;
mod plan;
mod policies;
mod pool;
mod quota;
mod report;
mod scores;
mod settings;
mod split;

pub use amount::Amount;
pub use context::Context;
pub use embeddings::{Embeddings, EmbeddingsError, SharedValues};
pub use error::Error;
pub use hold_out::{HoldOut, hold_out};
pub use plan::{LearningRateEvent, Plan, Policy};
pub use policies::{
    Argument, Entry, POLICIES, Request, Requirements, Scores, build, canonical, requirements,
};
pub use pool::Pool;
pub use report::{Bound, BoundGaveWay, Change, DecidingBound, Report, What, Why};
pub use scores::{ScoreRow, ScoreTable};
pub use settings::{
    Balance, BdpMetric, BdpSettings, CenterDistance, DdsRule, DdsSettings, FurthestSearch,
    HardnessRule, InfobatchSettings, InitialSubset, KCenterSettings, Keep, LearningRateAfterUpdate,
    Replacement, Settings,
};
pub use split::SplitRule;
