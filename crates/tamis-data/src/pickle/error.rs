//! What can be wrong with a pickle, one sentence a case.

use std::path::PathBuf;

/// Why a pickle is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// Something that a batch of CIFAR has not, or a pickle that is cut or damaged.
    #[error(
        "reading the pickle `{path}`: found {found} at byte {offset}, expected {expected}, as in a plain \
         batch of CIFAR; hint: the binary archive of CIFAR holds the same images"
    )]
    Opcode {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
        /// Where, from 0.
        offset: usize,
        /// What may be there.
        expected: &'static str,
    },
    /// An entry of the dictionary that is missing or something else.
    #[error("reading `{key}` in the pickle `{path}`: found {found}, expected {expected}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry's key.
        key: &'static str,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
}
