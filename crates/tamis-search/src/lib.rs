//! The bilevel search as a state machine: plan an epoch, take a step, tell the policy.
//!
//! Place in the flow: `select` says which samples train the weights and which train the
//! architecture, `nn` gives losses and gradients, and [`Search`] turns the loop. One file per host
//! (DARTS, β-DARTS, …) lies under `host`, one per search space under `space`; each is named in one
//! list. Every cost is counted where it arises, in the [`Ledger`].
//!
//! The whole state goes into a [`tamis_core::Snapshot`] and comes back from it, so that resuming is
//! nothing special. This crate knows no terminals and no file formats.

#![deny(missing_docs)]

mod alphas;
mod bilevel;
mod config;
mod cost;
mod defaults;
mod epoch;
mod error;
mod host;
mod ledger;
mod matrix;
mod metrics;
mod position;
mod search;
mod space;

pub use alphas::{DECIDED_GAP, decided_edges, distance, gaps};
pub use bilevel::{
    At, BOTH, Bilevel, Choices, FORWARD, OF_SHARES, OF_WEIGHTS, Passed, Passes, Rates,
};
pub use config::{
    AlphaConfig, BetaDartsSettings, CostConfig, DrNasSettings, EgNasSettings, EnasSettings,
    GaeaSettings, GdasSettings, HostConfig, LearningRateScale, PDartsSettings, PolicyConfig,
    ProxylessSettings, Recipe, SdartsSettings, SearchConfig, SgasSettings, SpaceConfig,
    TasSettings, TrainConfig, TrialsSettings, WeightsConfig,
};
pub use cost::{ExpectedCost, Latencies, Part};
pub use defaults::{Basis, default_finish};
pub use error::Error;
pub use host::{
    ArchRhythm, HOSTS, Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome, build_host,
};
pub use ledger::{Ledger, OneOffCost};
pub use matrix::Matrix;
pub use metrics::EpochRecord;
pub use search::{Event, Search, SearchData};
pub use space::{
    ChoiceSet, NodeEdges, OptionCosts, Row, SPACES, SearchSpace, SpaceEntry, Stage, build_space,
    has_tables, warn_of_size,
};
