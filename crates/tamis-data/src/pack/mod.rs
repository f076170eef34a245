//! Packs: a data set in one safetensors file, whose images stay in the file and are read by position.
//!
//! Tensors, for `train` and, if there is a test split, for `test`: `train.labels` U32 `[N]` (class
//! indices), `train.hashes` U8 `[N, 32]` (the content hash of each image), where each sample has a file of
//! its own `train.files` U8 (a JSON list of their names, perhaps with blanks behind it), and at the end
//! `train.pixels` U8 `[N, C, H, W]`. The key `tamis.pack` of the metadata holds a [`card::Card`] as JSON:
//! what the data is called, its classes, its fingerprint, the sums that a normalisation is made of, and a
//! BLAKE3 of itself and of every tensor but the pixels. That is verified whenever a pack is opened; the
//! pixels are, against their hashes, by [`crate::check`].
//!
//! Header and index are written last, when all is known, in front of pixels that are there already. Room is
//! kept for them, and what they do not need of it is blank.

mod card;
mod error;
mod make;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use self::error::PackError;
pub use self::make::{Packed, pack, pack_datasets};
pub(crate) use self::read::{Opened, is_pack, open_pack};

/// Most bytes of a header that readers of the format take.
const MOST_HEADER_BYTES: u64 = 100_000_000;

/// The key of the metadata under which the card is.
const KEY: &str = "tamis.pack";
