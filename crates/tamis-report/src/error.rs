//! What can be wrong with the values of a report: only its images.

/// Why an image cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The shape is not one of an image.
    #[error(
        "making an image for a report: found the shape {found:?}, expected 1 or 3 channels and a \
         height and width of at least 1"
    )]
    Shape {
        /// Channels, height, width.
        found: [usize; 3],
    },
    /// There are more or fewer pixels than the shape has.
    #[error(
        "making an image for a report: found {found} pixel values, expected those of the shape \
         {shape:?}"
    )]
    Pixels {
        /// Channels, height, width.
        shape: [usize; 3],
        /// Number of values.
        found: usize,
    },
    /// The image could not be written as a PNG.
    #[error("writing an image of the shape {shape:?} as a PNG for a report: {reason}")]
    Encode {
        /// Channels, height, width.
        shape: [usize; 3],
        /// What the encoder said.
        reason: String,
    },
    /// The bytes are not a PNG.
    #[error("reading an image for a report: expected a PNG; {reason}")]
    Png {
        /// What the decoder said.
        reason: String,
    },
}
