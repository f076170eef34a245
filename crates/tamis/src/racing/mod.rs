//! A race's life: candidates proposed, trained in a folder, gone on with, told of.

mod job;
mod outcome;
mod start;

pub use job::{RaceEnding, RaceJob, is_race};
pub use outcome::{RaceOutcome, RaceSpent, Raced};
pub use start::RaceStart;
