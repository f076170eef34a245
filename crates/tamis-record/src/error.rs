//! What can be wrong with the files of a run.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be read or does not exist.
    #[error("reading the settings{}: {message}", origin(from))]
    Config {
        /// The file or flag it comes from, if it is one.
        from: Option<String>,
        /// What is wrong with it.
        message: String,
    },
    /// A file that a setting names cannot be read.
    #[error("reading {what} {}: {source}", path.display())]
    File {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that a setting names is not what it should be.
    #[error("reading {what} {}: found {found}, expected {expected}", path.display())]
    Content {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// Settings of the data that cannot be.
    #[error(transparent)]
    Data(#[from] tamis_data::Error),
    /// Settings of a policy that cannot be.
    #[error(transparent)]
    Select(#[from] tamis_select::Error),
    /// Settings of a search that cannot be.
    #[error(transparent)]
    Search(#[from] tamis_search::Error),
    /// Settings of a training that cannot be.
    #[error(transparent)]
    Training(#[from] tamis_training::Error),
}

impl Error {
    /// A file that cannot be read, by what the system said.
    pub fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::File { what, path, source }
    }

    /// A file that is not what it should be, by what was found in it.
    pub fn content<F: ToString>(
        what: &'static str,
        path: &Path,
        expected: &'static str,
    ) -> impl FnOnce(F) -> Error {
        let path = path.to_owned();
        move |found| Error::Content { what, path, found: found.to_string(), expected }
    }
}

fn origin(from: &Option<String>) -> String {
    from.as_ref().map(|from| format!(" of {from}")).unwrap_or_default()
}
