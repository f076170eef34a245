//! What can go wrong when a network is described.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image size does not go through the network's reductions.
    #[error(
        "building {network}: found images of {height} x {width} pixels, expected sides divisible \
         by {divisor}; hint: set data.size to such a number"
    )]
    ImageSize {
        /// The network, with its article.
        network: &'static str,
        /// Image height.
        height: usize,
        /// Image width.
        width: usize,
        /// What both must be divisible by.
        divisor: usize,
    },
    /// A size setting is out of range.
    #[error("building {network}: found {name} = {found}, expected {expected}")]
    Size {
        /// The network, with its article.
        network: &'static str,
        /// The setting.
        name: &'static str,
        /// Its value.
        found: usize,
        /// What it may be.
        expected: &'static str,
    },
    /// A setting does not divide another.
    #[error("building {network}: found {name} = {found}, expected a divisor of {of_name} = {of}")]
    Divisor {
        /// The network, with its article.
        network: &'static str,
        /// The setting.
        name: &'static str,
        /// Its value.
        found: usize,
        /// The setting that it must divide.
        of_name: &'static str,
        /// The value of that.
        of: usize,
    },
    /// The sizes together make a network that is too large.
    #[error(
        "building {network}: found {found} parameters, expected at most {limit}; hint: lower \
         {settings}"
    )]
    Parameters {
        /// The network, with its article.
        network: &'static str,
        /// Parameters it would have; the largest number there is, should they be more.
        found: usize,
        /// Most that it may have.
        limit: usize,
        /// The settings that make it smaller.
        settings: &'static str,
    },
    /// A layer cannot read what it is given.
    #[error("building {network}: found {found} before {layer}, expected {expected}")]
    Shapes {
        /// The network, with its article.
        network: String,
        /// The layer, by its path.
        layer: String,
        /// The shapes that it would read.
        found: String,
        /// What it can read.
        expected: &'static str,
    },
}
