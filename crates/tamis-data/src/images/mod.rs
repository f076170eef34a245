//! Encoded images that become the pictures of a split, whatever they lie in.

mod animated;
mod collect;
mod decode;
mod formats;
mod intake;
mod jpeg;
mod survey;

pub(crate) use self::collect::{Collected, joined};
pub(crate) use self::decode::{FileKind, decode, measure};
pub(crate) use self::formats::{Claim, READ, by_ending};
pub(crate) use self::intake::{BEGINNING, CHUNK, Encoded, Intake};
pub(crate) use self::survey::{Split, Survey};
