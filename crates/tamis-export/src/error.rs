//! What can go wrong when a network is written.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is not of the length that the network has.
    #[error("exporting a network: found {found} {what}, expected {expected}")]
    Length {
        /// What is counted.
        what: String,
        /// How many there are.
        found: usize,
        /// How many the network has.
        expected: usize,
    },
    /// A number that no network computes with.
    #[error("exporting a network: found {found} in {place}, expected {expected}")]
    Number {
        /// The tensor or setting.
        place: String,
        /// The number.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The network has no output.
    #[error("exporting a network: found no output, expected one at least")]
    NoOutput,
    /// A layer that the form has no words for.
    #[error("exporting a network: found {found} at {layer}, expected {expected}")]
    Layer {
        /// The layer, by its path.
        layer: String,
        /// What it is.
        found: String,
        /// What can be written.
        expected: &'static str,
    },
    /// A name that cannot be written, or stands for two things.
    #[error("exporting a network as {form}: found the name `{name}`, expected {expected}")]
    Name {
        /// The form.
        form: &'static str,
        /// The name.
        name: String,
        /// What it may be.
        expected: &'static str,
    },
    /// An input of pixels was asked for, and it is not known how they are normalised.
    #[error(
        "exporting a network that reads pixels: found no normalisation, expected the mean and \
         deviation of each channel"
    )]
    NoNormalization,
    /// Probabilities of something that is no class.
    #[error(
        "exporting a network with probabilities: found the main output `{output}` of {found}, \
         expected classes"
    )]
    NoClasses {
        /// Name of the main output.
        output: String,
        /// What it is.
        found: String,
    },
    /// The model is larger than its form allows.
    #[error(
        "exporting a network as ONNX: found {found} bytes, expected at most {limit}, the limit of \
         protocol buffers"
    )]
    TooLarge {
        /// Bytes it would have.
        found: usize,
        /// Most that there may be.
        limit: usize,
    },
    /// A library that writes a form refused what it was given.
    #[error("exporting a network as {form}: {message}")]
    Library {
        /// The form.
        form: &'static str,
        /// What the library said.
        message: String,
    },
}
