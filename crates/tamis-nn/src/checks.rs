//! Lengths that do not fit a network when it is run.

use crate::error::Error;

/// As many values as there must be.
pub(crate) fn length(what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Length { what, found, expected }) }
}
