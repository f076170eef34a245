//! What can be wrong with a table's file.

use std::path::PathBuf;

/// An error of reading or writing a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The name does not say which form the file has.
    #[error(
        "choosing the form of the table {}: found none for its ending, expected .csv, .parquet, \
         .npy or .txt",
        path.display()
    )]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// The content is not what the form asks for.
    #[error("reading the table {}, {place}: found {found}, expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, row, column or part of the file.
        place: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A column is not there.
    #[error(
        "reading the table {}: found the columns {}, expected one named `{expected}`",
        path.display(), found.join(", ")
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The columns there are.
        found: Vec<String>,
        /// The one that is not.
        expected: String,
    },
    /// The form has no place for such a table.
    #[error("writing the table {}: found {found}, expected {expected}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What the table has.
        found: String,
        /// What the form takes.
        expected: &'static str,
    },
    /// The file cannot be read or unpacked.
    #[error(transparent)]
    Read(#[from] tamis_data::Error),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] tamis_run::Error),
}
