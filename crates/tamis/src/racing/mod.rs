//! A race's life: candidates proposed, trained in a folder, gone on with, told of.

mod job;
mod outcome;
mod rank;
mod ranked;
mod start;

pub(crate) use job::{CANDIDATES, says_race};
pub use job::{RaceEnding, RaceJob, is_race};
pub use outcome::{RaceOutcome, Raced};
pub use rank::{RankEnding, RankEvent, RankPlan, rank};
pub use ranked::{Ranked, RankedNetwork, Truth};
pub use start::RaceStart;
