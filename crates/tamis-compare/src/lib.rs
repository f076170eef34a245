//! Comparing arms: which runs a grid needs, which of them are there, and what they say together.
//!
//! A [`Grid`] of spaces, hosts, policies and seeds becomes a [`Plan`] of runs with complete
//! settings; [`Results`] is the file of finished runs, told apart by their [`Key`]; a
//! [`Comparison`] is the table. Making the runs is the caller's work, and so is printing.
//!
//! Everything but reading and adding to the results file is pure. Nothing here decides which arm is
//! better: means come with deviation and number, differences are taken seed by seed against as many
//! random samples and as many steps on all data, and every value is kept.

#![deny(missing_docs)]

mod canonical;
mod comparison;
mod error;
mod estimate;
mod grid;
mod identity;
mod key;
mod plan;
mod quantity;
mod record;
mod results;
mod seed_result;
mod seeds;
mod statistics;
#[cfg(test)]
mod tests;
mod unsearched;

pub use canonical::ArmChoice;
pub use comparison::{ArmResult, Block, Comparison};
pub use error::Error;
pub use estimate::Estimate;
pub use grid::{Arm, Grid, Run, runs};
pub use identity::DataIdentity;
pub use key::{Key, Setup};
pub use plan::{Plan, PlannedRun, refuse_grid_setting};
pub use quantity::Quantity;
pub use record::{Record, Section, line};
pub use results::Results;
pub use seed_result::SeedResult;
pub use seeds::{Seeds, parse_policies};
pub use statistics::{Difference, Summary, paired, ratio, summary};
pub use unsearched::Unsearched;
