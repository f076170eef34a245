//! What can be wrong with archives of NumPy arrays, one sentence a case.

use std::path::PathBuf;

/// Why an archive of NumPy arrays cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpzError {
    /// A file that is damaged, cut, or none.
    #[error("reading the NumPy archive `{path}`: found {found}, expected {expected}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// No arrays of the names that images and labels have.
    #[error(
        "reading the NumPy archive `{path}`: found {found}, expected {expected}; hint: \
         `numpy.savez(\"it.npz\", images=images, labels=labels)` writes such"
    )]
    Names {
        /// The file.
        path: PathBuf,
        /// Its members.
        found: String,
        /// The names that are known.
        expected: String,
    },
    /// An array of another type or shape.
    #[error("reading the array `{array}` of `{path}`: found {found}, expected {expected}")]
    Array {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
}
