//! A search's life: prepared from settings, run in a folder, gone on with, finished.

mod finish;
mod job;
mod left_open;
mod open;
mod prepared;
mod selection;
mod soundness;

pub(crate) use finish::FOLDER as FINISH;
pub use job::{Advanced, Ending, Job, is_provided, provide};
pub use left_open::LeftOpen;
pub use open::Opened;
pub use prepared::{Prepared, prepare, prepare_on};
pub use soundness::check_data;
