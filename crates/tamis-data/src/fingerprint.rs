//! The fingerprint of a data set: the same images and classes in any layout have the same one.
//!
//! A sample's content hash is BLAKE3 of its shape and decoded pixels. The fingerprint is BLAKE3 of
//! the sorted (content hash, class index) pairs of the training split and then of the test split.
//! Names of classes and files, order of samples, packing and layout do not enter; what was done
//! to the pixels on reading (scaling, change of channels) does.

use rayon::prelude::*;

use crate::ImageShape;

/// BLAKE3 of one image's shape and pixels.
pub(crate) type ContentHash = [u8; 32];

/// The samples of a split, as far as fingerprints know them.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a> {
    /// Content hash of each, in the order of ids.
    pub(crate) hashes: &'a [ContentHash],
    /// Class index of each.
    pub(crate) labels: &'a [u32],
}

/// The content hash of every image in `[sample, channel, height, width]`.
pub(crate) fn content_hashes(shape: ImageShape, pixels: &[u8]) -> Vec<ContentHash> {
    pixels.par_chunks_exact(shape.len()).map(|image| content_hash(shape, image)).collect()
}

/// The content hash of one image, `[channel, height, width]`.
pub(crate) fn content_hash(shape: ImageShape, image: &[u8]) -> ContentHash {
    let sides = [shape.channels, shape.height, shape.width].map(|side| (side as u64).to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(sides.as_flattened()).update(image);
    *hasher.finalize().as_bytes()
}

/// The fingerprint of both splits, 64 hexadecimal digits.
pub(crate) fn fingerprint(train: Samples<'_>, test: Option<Samples<'_>>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tamis data set 1");
    for split in [Some(train), test] {
        add_split(&mut hasher, split);
    }
    hasher.finalize().to_hex().to_string()
}

/// The order of a split's samples, 64 hexadecimal digits: BLAKE3 of its content hashes and classes as
/// they follow on each other.
pub(crate) fn order(split: Samples<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tamis sample order 1");
    add_pairs(&mut hasher, pairs(split));
    hasher.finalize().to_hex().to_string()
}

fn add_split(hasher: &mut blake3::Hasher, split: Option<Samples<'_>>) {
    let mut pairs: Vec<_> = split.into_iter().flat_map(pairs).collect();
    pairs.par_sort_unstable();
    hasher.update(&(pairs.len() as u64).to_le_bytes());
    add_pairs(hasher, pairs);
}

/// Content hash and class of each sample, in the order of ids.
fn pairs(split: Samples<'_>) -> impl Iterator<Item = (ContentHash, u32)> {
    split.hashes.iter().copied().zip(split.labels.iter().copied())
}

fn add_pairs(hasher: &mut blake3::Hasher, pairs: impl IntoIterator<Item = (ContentHash, u32)>) {
    for (content, class) in pairs {
        hasher.update(&content).update(&class.to_le_bytes());
    }
}
