//! Images that do not fit together, one sentence a case.

use std::path::PathBuf;

use crate::ImageShape;

/// Why images cannot be used together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Images of several sizes.
    #[error(
        "reading `{folder}`: found images of {sizes} sizes, such as {first} and {second}, expected \
         one size; hint: `--set data.size=N` scales and crops every image to N x N"
    )]
    Sizes {
        /// The folder.
        folder: PathBuf,
        /// Number of distinct sizes.
        sizes: usize,
        /// An image of the smallest size, with its height and width.
        first: String,
        /// An image of the largest size, with its height and width.
        second: String,
    },
    /// Grey and colour images together.
    #[error(
        "reading `{folder}`: found grey and colour images, such as `{grey}` and `{colour}`, \
         expected one kind; hint: `--set data.channels=3` or `--set data.channels=1` turns all \
         into one"
    )]
    Channels {
        /// The folder.
        folder: PathBuf,
        /// A grey image.
        grey: PathBuf,
        /// A colour image.
        colour: PathBuf,
    },
    /// The two splits do not fit together.
    #[error(
        "joining the splits: found training images of {train} and test images of {test}, expected \
         one shape; hint: `--set data.size=N` and `--set data.channels=C` bring them together"
    )]
    Splits {
        /// Shape of the training images.
        train: ImageShape,
        /// Shape of the test images.
        test: ImageShape,
    },
}
