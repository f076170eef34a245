//! What can go wrong with packs, one sentence a case.

use std::io;
use std::path::{Path, PathBuf};

/// Why a pack cannot be written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The operating system refused to write.
    #[error("writing `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is damaged, of another version, or no pack.
    #[error("reading the pack `{path}`: found {found}, expected {expected}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// An image that cannot be read any more.
    #[error(
        "reading {sample} of the pack `{path}`: {source}; hint: put the pack back as it was, and what \
         stopped here goes on"
    )]
    Image {
        /// The pack.
        path: PathBuf,
        /// The image.
        sample: String,
        /// What the system said, or how much is there.
        source: io::Error,
    },
    /// Images whose bytes have changed.
    #[error(
        "checking the pack `{path}`: found images that are not what was packed ({count}): {samples}; \
         hint: pack them again"
    )]
    Changed {
        /// The pack.
        path: PathBuf,
        /// Number of the images.
        count: usize,
        /// The first few of them.
        samples: String,
    },
}

impl PackError {
    /// The closure that turns an error on writing a file into a [`PackError`].
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> PackError {
        |source| PackError::Write { path: path.to_owned(), source }
    }
}
