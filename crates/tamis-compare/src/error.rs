//! What can be wrong with a comparison, before a run is started.

use std::path::PathBuf;

/// An error of a comparison.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A list of seeds that cannot be read.
    #[error(
        "reading the seeds `{text}`: found {found}, expected numbers and ranges such as 0..5 \
         (0 to 4) or 0,3,7"
    )]
    Seeds {
        /// The list.
        text: String,
        /// What is wrong with it.
        found: String,
    },
    /// A list of policies that cannot be read.
    #[error(
        "reading the policies `{text}`: found {found}, expected a list such as \
         full@0..3,random:0.1"
    )]
    Policies {
        /// The list.
        text: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// A list that names nothing.
    #[error("reading the {what}: found none, expected at least one")]
    Nothing {
        /// What the list is of.
        what: &'static str,
    },
    /// A scale of the architecture's learning rate that does not exist.
    #[error("reading the scales of the alpha rate: found `{found}`, expected `none` or `steps`")]
    Scale {
        /// What was found.
        found: String,
    },
    /// A setting that the grid sets itself.
    #[error("reading the settings: found `{key}`, which the comparison sets; hint: use {flag}")]
    GridSetting {
        /// The setting.
        key: &'static str,
        /// What sets it.
        flag: &'static str,
    },
    /// A line of a results file that is not a result of this format.
    #[error("reading the results {}, line {line}: found {found}, expected {expected}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is in it.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// Another comparison adds to the same results.
    #[error(
        "adding to the results {}: found another comparison at work on them; hint: wait until it \
         ends, or name another file with --results",
        path.display()
    )]
    ResultsInUse {
        /// The file.
        path: PathBuf,
    },
    /// Settings or a result that cannot be read.
    #[error(transparent)]
    Record(#[from] tamis_record::Error),
    /// The results could not be written or locked.
    #[error(transparent)]
    Run(#[from] tamis_run::Error),
}
