//! Encoded images, PNG and JPEG, that become the pictures of a split, whatever they lie in.

mod collect;
mod decode;
mod formats;
mod intake;
mod jpeg;

pub(crate) use self::collect::{Collected, joined};
pub(crate) use self::decode::{FileKind, decode};
pub(crate) use self::formats::{Claim, by_ending};
pub(crate) use self::intake::{CHUNK, Encoded, Intake};
