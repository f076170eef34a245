//! What can be wrong with shards of WebDataset, one sentence a case.

use std::path::PathBuf;

/// Why shards of WebDataset cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebDatasetError {
    /// No file, or not the right ones, for a split.
    #[error(
        "reading the shards in `{folder}`: found {found}, expected {expected}; hint: shards of a split are \
         called as in `train-000000.tar`, without a gap"
    )]
    Shards {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// Samples that are no image with a label.
    #[error(
        "reading the samples of `{path}`: found {found} in `{sample}`{}, expected {expected}",
        also(*.more)
    )]
    Samples {
        /// The shard.
        path: PathBuf,
        /// The first such sample: what its files are called up to the first dot.
        sample: String,
        /// What it has.
        found: String,
        /// What it should have.
        expected: &'static str,
        /// How many more of the shard's samples are not what they should be.
        more: usize,
    },
}

fn also(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more samples that are none)") }
}
