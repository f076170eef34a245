//! What stands in the files of a run: its settings (`config.toml`) and its result (`result.json`).
//!
//! [`Layers`] put settings together, a file and then flags over the recipe's defaults; [`RunConfig`] and
//! [`ScoringConfig`] are what comes out, complete, and what a run folder keeps. [`Outcome`] is what a
//! finished search found and what it cost. Files that settings name are known by the hash of what is in
//! them ([`UsedFiles`]).
//!
//! Making runs of settings, and tables of results, is the business of others.

#![deny(missing_docs)]

mod config;
mod error;
mod files;
mod layers;
mod nested;
mod outcome;
mod scoring;
pub mod section;

pub use config::{Place, RunConfig, WITHOUT_DEFAULT, What};
pub use error::Error;
pub use files::{FILES, TEACHER, UsedFiles, content_hash, hash_of_file};
pub use layers::Layers;
pub use nested::{flatten, merge, to_table};
pub use outcome::{Cost, DatasetSummary, Finish, GenotypeAt, Lookup, Outcome, TargetCost};
pub use scoring::ScoringConfig;
