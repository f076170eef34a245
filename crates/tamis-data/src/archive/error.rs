//! What can be wrong with an archive, one sentence a case.

use std::path::PathBuf;

/// Why an archive of images cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A file that is damaged, cut, or no archive.
    #[error("reading the archive `{path}`: found {found}, expected {expected}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Entries that would be unpacked elsewhere.
    #[error(
        "reading the archive `{path}`: found entries that leave it ({count}): {entries}; expected paths \
         below the folder that it is unpacked in"
    )]
    Outside {
        /// The file.
        path: PathBuf,
        /// Number of the entries.
        count: usize,
        /// The first few of them.
        entries: String,
    },
    /// Links, none of which is followed.
    #[error(
        "reading the archive `{path}`: found links ({count}): {links}; expected files and folders; hint: \
         `tar --dereference --hard-dereference` packs what they lead to"
    )]
    Links {
        /// The file.
        path: PathBuf,
        /// Number of the links.
        count: usize,
        /// The first few of them.
        links: String,
    },
}
