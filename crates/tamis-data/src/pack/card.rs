//! What stands in a pack beside its tensors.

use safetensors::tensor::TensorInfo;
use serde::{Deserialize, Serialize};

use crate::sums::ChannelSums;

/// The format that is written and read.
pub(super) const FORMAT: u32 = 1;

/// The metadata of a pack.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Card {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// See [`checksum`].
    pub(super) checksum: String,
    pub(super) about: About,
}

/// What is known of the data.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    /// What the data is called.
    pub(super) name: String,
    /// Channels, height and width.
    pub(super) image: [usize; 3],
    /// Names of the classes.
    pub(super) classes: Vec<String>,
    /// The label that the packed files used for each class.
    pub(super) file_labels: Vec<u32>,
    /// See [`crate::Loaded::fingerprint`].
    pub(super) fingerprint: String,
    pub(super) train: AboutSplit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) test: Option<AboutSplit>,
}

/// What is known of a split.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AboutSplit {
    pub(super) samples: usize,
    /// See [`crate::Dataset::order`].
    pub(super) order: String,
    /// Of the pixels of each channel, 0 to 255.
    pub(super) sums: ChannelSums,
}

/// BLAKE3 of `about`, of which tensors there are, both as JSON, and of the bytes of all but the pixels.
pub(super) fn checksum(
    about: &About,
    tensors: &[(String, TensorInfo)],
    index: &[u8],
) -> Result<String, serde_json::Error> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tamis pack 1");
    for text in [serde_json::to_vec(about)?, serde_json::to_vec(tensors)?] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(&text);
    }
    Ok(hasher.update(index).finalize().to_hex().to_string())
}

/// The names of a split's tensors.
pub(super) struct Names {
    pub(super) pixels: &'static str,
    pub(super) labels: &'static str,
    pub(super) hashes: &'static str,
    pub(super) files: &'static str,
}

/// Of the training and of the test split.
pub(super) const NAMES: [Names; 2] = [
    Names {
        pixels: "train.pixels",
        labels: "train.labels",
        hashes: "train.hashes",
        files: "train.files",
    },
    Names {
        pixels: "test.pixels",
        labels: "test.labels",
        hashes: "test.hashes",
        files: "test.files",
    },
];
