//! Deciding between architectures by short trainings of single networks, at the depth that they are for.
//!
//! Place in the flow: `space` says what a network is, `select` which images it is trained on, and a [`Race`]
//! trains many, few steps each, drops the worse, trains the rest longer, until one is left: successive
//! halving (Jamieson and Talwalkar, AISTATS 2016). What is raced comes from a [`Proposal`]: the neighbours
//! of what a search found, say. A network of few channels but full depth shows in some thousand images what
//! a supernet of a few cells cannot: whether the real network trains at all.
//!
//! As a search, a race is a state machine: [`Race::advance`] does the next small thing, [`Race::snapshot`] is
//! the whole state at any step. This crate knows no terminals and no file formats.

#![deny(missing_docs)]

mod config;
mod error;
mod proposal;
mod race;
mod ranking;
mod rungs;
mod score;
mod trial;

pub use config::RaceConfig;
pub use error::Error;
pub use proposal::{Proposal, Proposer, largest, neighbourhood, random};
pub use race::{Candidate, Race, RaceCost, RaceData, RaceEvent, TrialRecord, check};
pub use ranking::{best, kendall_tau, regret};
pub use score::{Score, Scores};
