//! Sizes that no network can be built with, refused when it is described.

use crate::error::Error;

/// Images must survive being halved: both sides are positive and divisible by `divisor`.
pub(crate) fn image_sides(
    network: &'static str,
    [height, width]: [usize; 2],
    divisor: usize,
) -> Result<(), Error> {
    let fits = |side: usize| side > 0 && side.is_multiple_of(divisor);
    if fits(height) && fits(width) {
        return Ok(());
    }
    Err(Error::ImageSize { network, height, width, divisor })
}

/// Every size, given with the name of its setting, is at least 1.
pub(crate) fn at_least_one(
    network: &'static str,
    sizes: &[(&'static str, usize)],
) -> Result<(), Error> {
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some(&(name, found)) => Err(Error::Size { network, name, found, expected: "at least 1" }),
        None => Ok(()),
    }
}

/// Channels that are split into halves.
pub(crate) fn even_channels(
    network: &'static str,
    name: &'static str,
    found: usize,
) -> Result<(), Error> {
    if found >= 2 && found.is_multiple_of(2) {
        return Ok(());
    }
    let expected = "an even number of at least 2";
    Err(Error::Size { network, name, found, expected })
}
