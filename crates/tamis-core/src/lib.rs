//! The words that every Tamis crate shares: sample ids, the two levels of the search, predictions,
//! counter-based random streams, functions that give the same bits on every machine, snapshots of what can
//! be stopped and gone on with, and which known name a mistyped one is most like.
//!
//! This crate knows no files, networks or terminals: it is the vocabulary in which the
//! crates talk to each other.

#![deny(missing_docs)]

mod ids;
pub mod math;
mod nearest;
mod prediction;
mod random;
mod snapshot;

pub use ids::{Level, SampleId};
pub use nearest::{near, nearest};
pub use prediction::Prediction;
pub use random::{Key, Purpose, Stream};
pub use snapshot::{Misfit, Snapshot, Values};
