//! Sizes that no network can be built with, refused before or when it is described.
//!
//! The upper bounds are far above what is of use on a processor. They keep a slip of the keyboard
//! from filling the memory, and every product of sizes that passes within 64 bits.

use crate::error::Error;
use crate::parameters::ParameterLayout;

/// Most channels or values that one setting may ask for.
pub const MOST_WIDE: usize = 1 << 20;

/// Most cells or blocks that one setting may ask for.
pub const MOST_DEEP: usize = 1000;

/// Most parameters of a network: a gibibyte of weights in single precision. Training holds several
/// times as much.
pub const MOST_PARAMETERS: usize = 1 << 28;

/// Images must survive being halved: both sides are positive and divisible by `divisor`.
///
/// # Errors
///
/// [`Error::ImageSize`].
pub fn image_sides(
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
///
/// # Errors
///
/// [`Error::Size`].
pub fn at_least_one(network: &'static str, sizes: &[(&'static str, usize)]) -> Result<(), Error> {
    within(network, sizes, usize::MAX, "at least 1")
}

/// Channels, or values side by side.
///
/// # Errors
///
/// [`Error::Size`].
pub fn wide(network: &'static str, sizes: &[(&'static str, usize)]) -> Result<(), Error> {
    within(network, sizes, MOST_WIDE, "1 to 1048576")
}

/// Cells or blocks, one after the other.
///
/// # Errors
///
/// [`Error::Size`].
pub fn deep(network: &'static str, name: &'static str, found: usize) -> Result<(), Error> {
    within(network, &[(name, found)], MOST_DEEP, "1 to 1000")
}

fn within(
    network: &'static str,
    sizes: &[(&'static str, usize)],
    most: usize,
    expected: &'static str,
) -> Result<(), Error> {
    match sizes.iter().find(|(_, size)| !(1..=most).contains(size)) {
        Some(&(name, found)) => Err(Error::Size { network, name, found, expected }),
        None => Ok(()),
    }
}

/// Channels that are split into halves.
///
/// # Errors
///
/// [`Error::Size`].
pub fn even_channels(network: &'static str, name: &'static str, found: usize) -> Result<(), Error> {
    if (2..=MOST_WIDE).contains(&found) && found.is_multiple_of(2) {
        return Ok(());
    }
    let expected = "an even number from 2 to 1048576";
    Err(Error::Size { network, name, found, expected })
}

/// A setting that divides another one, as both are named.
///
/// # Errors
///
/// [`Error::Divisor`].
pub fn divides(
    network: &'static str,
    (name, found): (&'static str, usize),
    (of_name, of): (&'static str, usize),
) -> Result<(), Error> {
    if found > 0 && of.is_multiple_of(found) {
        return Ok(());
    }
    Err(Error::Divisor { network, name, found, of_name, of })
}

/// A described network is small enough to be held; `settings` make it smaller.
///
/// # Errors
///
/// [`Error::Parameters`].
pub fn parameters(
    network: &'static str,
    layout: &ParameterLayout,
    settings: &'static str,
) -> Result<(), Error> {
    let (found, limit) = (layout.length(), MOST_PARAMETERS);
    if found <= limit {
        return Ok(());
    }
    Err(Error::Parameters { network, found, limit, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_that_errors_name_are_those_that_are_checked() {
        let expected = |error: Error| match error {
            Error::Size { expected, .. } => expected,
            other => panic!("{other}"),
        };
        let (most_wide, most_deep) = (MOST_WIDE.to_string(), MOST_DEEP.to_string());
        assert!(expected(wide("a", &[("b", MOST_WIDE + 1)]).unwrap_err()).ends_with(&most_wide));
        assert!(expected(deep("a", "b", MOST_DEEP + 1).unwrap_err()).ends_with(&most_deep));
        let odd = even_channels("a", "b", MOST_WIDE + 2).unwrap_err();
        assert!(expected(odd).ends_with(&most_wide));
        assert!(wide("a", &[("b", MOST_WIDE)]).is_ok() && deep("a", "b", MOST_DEEP).is_ok());
        assert!(even_channels("a", "b", MOST_WIDE).is_ok());
    }
}
