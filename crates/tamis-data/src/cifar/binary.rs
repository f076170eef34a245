//! The binary files: records of one label byte (CIFAR-10) or two (CIFAR-100) and 3,072 pixels.

use std::path::Path;

use super::{Format, PIXELS, Records, refuse_label};
use crate::Error;

/// Labels and pixels of all records of a file.
pub(super) fn parse(format: &Format, content: &[u8], path: &Path) -> Result<Records, Error> {
    let label_bytes = format.label_limits.len();
    let size = label_bytes + PIXELS;
    if content.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let (record, found) = (content.len() / size, content.len() % size);
    if found != 0 {
        return Err(Error::CifarRecord { path: path.to_owned(), record, found, expected: size });
    }
    let mut labels = Vec::with_capacity(record);
    let mut pixels = Vec::with_capacity(record * PIXELS);
    for (record, bytes) in content.chunks_exact(size).enumerate() {
        let (record_labels, image) = bytes.split_at(label_bytes);
        for (&label, &limit) in record_labels.iter().zip(format.label_limits) {
            refuse_label(label.into(), limit, record, path)?;
        }
        labels.extend(record_labels.last().map(|&label| u32::from(label)));
        pixels.extend_from_slice(image);
    }
    Ok((labels, pixels))
}

/// Names of the labels, one a line.
pub(super) fn names(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
