//! The idx files of MNIST and its kin: big-endian headers, then bytes.
//!
//! Images: `00 00 08 03`, count, height, width, pixels row by row. Labels: `00 00 08 01`, count,
//! labels. Other types and dimensions of the format are refused. Nothing is allocated on the word
//! of a header: the file is read first, within limits, and its length must be exactly right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::file;
use crate::findings::Findings;
use crate::raw::{RawData, RawSplit};
use crate::{Error, ImageShape, Limits};

pub(crate) const IMAGES_MAGIC: [u8; 4] = [0, 0, 8, 3];
const LABELS_MAGIC: [u8; 4] = [0, 0, 8, 1];
const TRAIN: &str = "train-images-idx3-ubyte";
const TEST: &str = "t10k-images-idx3-ubyte";

/// Whether a folder holds training images in idx files.
pub(crate) fn is_here(folder: &Path) -> bool {
    spellings(TRAIN).iter().any(|name| file::find(folder, name).is_some())
}

/// Reads a folder with both splits, or one images file with its labels file beside it.
pub(crate) fn read(path: &Path, limits: &Limits, findings: &mut Findings) -> Option<RawData> {
    let (train, test) = if path.is_dir() {
        (images_in(path, TRAIN), images_in(path, TEST).ok())
    } else {
        (Ok(path.to_owned()), None)
    };
    let train = findings.keep(train.and_then(|images| read_split(&images, limits)));
    let test = test.map(|images| findings.keep(read_split(&images, limits)));
    // A test split that is there and cannot be read is a problem already; go on without it.
    let test = test.flatten();
    Some(RawData { name: "idx".to_owned(), train: train?, test, names: BTreeMap::new() })
}

/// Some archives unpack to `images.idx3` where others have `images-idx3`.
fn spellings(name: &str) -> [String; 2] {
    [name.to_owned(), name.replace("-idx", ".idx")]
}

fn images_in(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let found = spellings(name).iter().find_map(|name| file::find(folder, name));
    found.map_or_else(|| file::expect(folder, name), Ok)
}

/// The labels file of an images file: the same name with `labels` and `idx1`, packed or not.
fn labels_of(images: &Path) -> Result<PathBuf, Error> {
    let unpaired = || Error::Unpaired { path: images.to_owned() };
    let name = images.file_name().and_then(|name| name.to_str()).ok_or_else(unpaired)?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    if !(name.contains("images") && name.contains("idx3")) {
        return Err(unpaired());
    }
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    file::expect(images.parent().unwrap_or(Path::new(".")), &name)
}

fn read_split(images: &Path, limits: &Limits) -> Result<RawSplit, Error> {
    let labels_file = labels_of(images)?;
    let (shape, pixels) = parse_images(file::read(images, limits)?, images)?;
    let labels = parse_labels(&file::read(&labels_file, limits)?, &labels_file)?;
    let count = pixels.len() / shape.len();
    if labels.len() != count {
        return Err(Error::Counts { path: labels_file, labels: labels.len(), images: count });
    }
    Ok(RawSplit { shape, pixels, labels, files: Vec::new() })
}

/// Shape and pixels `[sample, 1, height, width]` of an images file.
fn parse_images(mut content: Vec<u8>, path: &Path) -> Result<(ImageShape, Vec<u8>), Error> {
    let [_, height, width] = header(&content, path, IMAGES_MAGIC)?;
    let shape = ImageShape { channels: 1, height, width };
    content.drain(..16);
    Ok((shape, content))
}

fn parse_labels(content: &[u8], path: &Path) -> Result<Vec<u32>, Error> {
    let [_] = header(content, path, LABELS_MAGIC)?;
    Ok(content[8..].iter().map(|&label| u32::from(label)).collect())
}

/// The sizes in a header, none of them zero, whose product is the number of bytes that follow.
fn header<const N: usize>(
    content: &[u8],
    path: &Path,
    magic: [u8; 4],
) -> Result<[usize; N], Error> {
    if !content.starts_with(&magic) {
        let found = content.iter().take(4).copied().collect();
        return Err(Error::IdxMagic { path: path.to_owned(), found, expected: magic });
    }
    let length =
        |expected| Error::IdxLength { path: path.to_owned(), found: content.len(), expected };
    let header_bytes = 4 + 4 * N;
    let sizes = content.get(4..header_bytes).ok_or_else(|| length(header_bytes as u64))?;
    let (sizes, _) = sizes.as_chunks::<4>();
    let sizes: [u32; N] = std::array::from_fn(|i| u32::from_be_bytes(sizes[i]));
    if sizes.contains(&0) {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let product = sizes.iter().fold(1_u64, |product, &size| product.saturating_mul(size.into()));
    let expected = product.saturating_add(header_bytes as u64);
    if content.len() as u64 != expected {
        return Err(length(expected));
    }
    Ok(sizes.map(|size| size as usize))
}
