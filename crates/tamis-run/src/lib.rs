//! The run folder: every file of a run that must survive, written durably.
//!
//! Place in the flow: the binary hands over bytes, lines and snapshots; nothing here knows what
//! they mean. A file is either its old self or its new self, never a mixture: all writes go
//! through [`write_durably`], [`fill_durably`] where a file is too large for memory, or
//! [`append_line_durably`] where a file grows line by line.
//! Checkpoints are verified on reading, and a damaged one is reported and never deleted: set aside
//! where an older one is whole, left as it is where none is.

#![deny(missing_docs)]

mod append;
pub mod checkpoint;
mod durable;
mod error;
mod folder;
mod lock;
mod machine;
mod view;

pub use append::append_line_durably;
pub use durable::{fill_durably, make_folder_of, write_durably};
pub use error::Error;
pub use folder::{FoundCheckpoint, RunFolder};
pub use lock::FolderLock;
pub use machine::{Machine, ignores_signal, peak_rss_bytes};
pub use view::{FolderView, Saved};
