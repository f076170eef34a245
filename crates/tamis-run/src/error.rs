//! What can go wrong with files of a run.

use std::io;
use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused an operation on a file.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done, such as `writing`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A new run would overwrite something.
    #[error(
        "creating the run folder {}: found files in it, expected a new or empty folder; \
         hint: choose another --out, or continue that run with `tamis resume`",
        path.display()
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is not a run folder.
    #[error("opening the run folder {}: found no {missing}, expected a folder made by a run", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// The file that is not there.
        missing: &'static str,
    },
    /// Another process writes to the run folder.
    #[error("opening the folder {}: found it in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A checkpoint is damaged.
    #[error("reading the checkpoint {}: found {found}, expected {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What a whole checkpoint has.
        expected: &'static str,
    },
    /// A checkpoint of another version of the program: whole, for all that is known.
    #[error(
        "reading the checkpoint {}: found format {found}, expected {expected}; \
         hint: go on with the version of Tamis that wrote it, or begin again in another folder",
        path.display()
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The format that this version reads.
        expected: &'static str,
    },
    /// There are checkpoints, but nothing to continue from.
    #[error(
        "continuing in the run folder {}: found no whole checkpoint ({}), expected one; \
         hint: the damaged files are left as they are; move the folder away and begin again: \
         a search with `tamis search --config` and its config.toml, scores and embeddings with the \
         same command",
        path.display(),
        listed(damaged)
    )]
    AllDamaged {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with each checkpoint, the newest first.
        damaged: Vec<Error>,
    },
}

impl Error {
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { doing, path, source }
    }
}

fn listed(errors: &[Error]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
