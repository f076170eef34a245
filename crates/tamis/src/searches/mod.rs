//! A search's life: prepared from settings, run in a folder, gone on with, looked up.

mod job;
mod lookup;
mod prepared;
mod selection;
mod soundness;

pub use job::{Ending, Job, is_provided, provide};
pub use lookup::{Asked, CellEntry, Entry, LookedUp, load_table, lookup};
pub use prepared::{Prepared, prepare, prepare_on};
pub use soundness::check_data;
