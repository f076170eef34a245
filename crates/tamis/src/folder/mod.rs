//! What every run folder has, whatever runs in it: the state it goes on from, the record of what it began
//! with, the memory it needed.

mod elsewhere;
mod peak;
mod record;
mod sitting;
mod spent;

pub(crate) use elsewhere::explained;
pub(crate) use peak::PeakMemory;
pub(crate) use record::{Beginning, RunRecord, refuse_other_settings};
pub(crate) use sitting::Sitting;
pub use spent::TrainingSpent;
