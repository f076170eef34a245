//! What can go wrong when a network is described or run.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device is not known or not built in.
    #[error("choosing a device: found `{found}`, expected one of: {expected}; hint: {hint}")]
    UnknownDevice {
        /// What was asked for.
        found: String,
        /// The devices of this build.
        expected: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// There is no graphics adapter of this number.
    #[error(
        "choosing the device wgpu:{number}: counting graphics adapters, found {found}, expected more than \
         {number}; hint: {hint}"
    )]
    NoAdapter {
        /// What was asked for, counted from 0.
        number: usize,
        /// Adapters of this machine.
        found: usize,
        /// What to do about it.
        hint: &'static str,
    },
    /// A device does not open, or gave up, for want of memory, say.
    #[error("on {device}: {reason}")]
    DeviceFailed {
        /// The device.
        device: String,
        /// What its driver said.
        reason: String,
    },
    /// Gradients were wanted of a pass by given statistics.
    #[error("evaluating a supernet: found a wish for gradients, expected none by given statistics")]
    Gradients,
    /// A network that cannot be described.
    #[error(transparent)]
    Description(#[from] tamis_graph::Error),
    /// A network has no output of the name that was asked for.
    #[error("running a network: found no output called {found}, expected one of: {expected}")]
    Output {
        /// What was asked for.
        found: String,
        /// The outputs that it has.
        expected: String,
    },
    /// A slice handed to a pass has the wrong length.
    #[error("running a network: found {found} values of {what}, expected {expected}")]
    Length {
        /// The argument.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the network's layout or the batch asks for.
        expected: usize,
    },
    /// A label is not one of the network's classes.
    #[error(
        "running a network: found label {label} at batch position {position}, expected less than {classes}"
    )]
    Label {
        /// Position in the batch.
        position: usize,
        /// The label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A network that mixes operations was run without mixing weights, or the reverse.
    #[error("running a network: found {found} matrices of mixing weights, expected {expected}")]
    Shares {
        /// Matrices given.
        found: usize,
        /// Matrices of this network.
        expected: usize,
    },
}
