//! What can go wrong on a device.

use burn::backend::ExecutionError;

/// What can go wrong with a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no graphics adapter of this number.
    #[error("found {found} graphics adapters, expected more than {number}")]
    NoAdapter {
        /// What was asked for, counted from 0.
        number: usize,
        /// Adapters of this machine.
        found: usize,
    },
    /// A device does not open.
    #[error("opening a graphics adapter: {reason}")]
    Opening {
        /// What its driver said.
        reason: String,
    },
    /// A device gave up, for want of memory, say.
    #[error("running a network: {reason}")]
    Running {
        /// What its driver said.
        reason: String,
    },
}

impl From<ExecutionError> for Error {
    fn from(error: ExecutionError) -> Error {
        Error::Running { reason: error.to_string() }
    }
}
