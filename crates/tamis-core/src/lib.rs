//! The words that every Tamis crate shares: sample ids, the two levels of the search,
//! predictions, and counter-based random streams.
//!
//! This crate knows no files, tensors, networks or terminals: it is the vocabulary in which the
//! crates talk to each other.

#![deny(missing_docs)]

mod ids;
mod prediction;
mod random;

pub use ids::{Level, SampleId};
pub use prediction::Prediction;
pub use random::{Key, Purpose, Stream};
