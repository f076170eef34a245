//! The idx files of MNIST and its kin: big-endian headers, then values.
//!
//! Images: `00 00 08 03`, count, height, width, pixels row by row. Labels: `00 00 08 01`, count,
//! labels; or as QMNIST has them, `00 00 0c 02`, count, columns, whole numbers of four bytes, the label
//! in the first column. Other types and dimensions of the format are refused. Nothing is allocated on
//! the word of a header: the file is read first, within limits, and its length must be exactly right.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::names::{IdxFile, Kind, Split};
use crate::file;
use crate::findings::Findings;
use crate::raw::{RawData, RawSplit};
use crate::{Error, ImageShape, Limits};

pub(crate) const IMAGES_MAGIC: [u8; 4] = [0, 0, 8, 3];
const LABELS_MAGIC: [u8; 4] = [0, 0, 8, 1];
const WIDE_LABELS_MAGIC: [u8; 4] = [0, 0, 12, 2];
/// Sets that are published as idx files.
const SETS: [&str; 5] = ["mnist", "fashion-mnist", "emnist", "kmnist", "qmnist"];
const TRAIN: &str = "train-images-idx3-ubyte";

/// Whether a folder holds training images in idx files.
pub(crate) fn is_here(folder: &Path) -> bool {
    let files = IdxFile::in_folder(folder).unwrap_or_default();
    files.iter().any(|file| file.is(Kind::Images, Split::Train))
}

/// The files of images in a folder.
struct Found {
    train: PathBuf,
    test: Option<PathBuf>,
    /// Names of those that are not read.
    unread: Vec<String>,
}

/// Reads a folder with both splits of one set, or one images file with its labels file beside it.
pub(crate) fn read(path: &Path, limits: &Limits, findings: &mut Findings) -> Option<RawData> {
    let Found { train, test, unread } = if path.is_dir() {
        findings.keep(images_in(path))?
    } else {
        Found { train: path.to_owned(), test: None, unread: Vec::new() }
    };
    findings.note_list("idx files of images that are not read", &unread);
    let train = findings.keep(read_split(&train, limits));
    let test = test.map(|images| findings.keep(read_split(&images, limits)));
    // A test split that is there and cannot be read is a problem already; go on without it.
    let test = test.flatten();
    Some(RawData { name: title(path), train: train?, test, names: BTreeMap::new() })
}

/// What the data is called: as its folder is, of a set that is known by its usual name. torchvision keeps its
/// files in a folder `raw` of the set's.
fn title(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut folder = if whole.is_dir() { Some(whole.as_path()) } else { whole.parent() };
    if folder.is_some_and(|folder| folder.ends_with("raw")) {
        folder = folder.and_then(Path::parent);
    }
    let name = folder.map(name_of).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "idx".to_owned());
    let letters = |name: &str| name.to_lowercase().replace(['-', '_', ' '], "");
    let known = SETS.into_iter().find(|set| letters(set) == letters(&name));
    known.map_or(name, str::to_owned)
}

/// The images of both splits of the only set in a folder.
fn images_in(folder: &Path) -> Result<Found, Error> {
    let mut images = IdxFile::in_folder(folder)?;
    images.retain(|file| file.kind == Kind::Images);
    let trains = images.iter().filter(|file| file.is(Kind::Images, Split::Train));
    let sets: BTreeSet<&str> = trains.map(|file| &*file.set).collect();
    if sets.len() > 1 {
        return Err(several_sets(folder, &images, &sets));
    }
    let set = sets.first().copied().unwrap_or_default();
    let find = |split| images.iter().find(|file| file.is(Kind::Images, split) && file.set == set);
    let (train, test) = (find(Split::Train), find(Split::Test));
    let unread = images
        .iter()
        .filter(|file| [train, test].iter().flatten().all(|read| read.stem != file.stem));
    let unread: BTreeSet<String> = unread.map(|file| name_of(&file.path)).collect();
    let train = match train {
        Some(file) => file.path.clone(),
        None => file::expect(folder, TRAIN)?,
    };
    let test = test.map(|file| file.path.clone());
    Ok(Found { train, test, unread: Vec::from_iter(unread) })
}

fn several_sets(folder: &Path, images: &[IdxFile], sets: &BTreeSet<&str>) -> Error {
    let files = sets.iter().filter_map(|set| {
        images.iter().find(|file| file.is(Kind::Images, Split::Train) && file.set == *set)
    });
    let found: Vec<String> = files.map(|file| name_of(&file.path)).collect();
    let example = found.last().map(|name| folder.join(name)).unwrap_or_default();
    Error::SeveralSets { folder: folder.to_owned(), found: found.join(", "), example }
}

fn name_of(path: &Path) -> String {
    String::from_utf8_lossy(file::name_bytes(path)).into_owned()
}

/// The labels file of an images file: the same name up to `labels`, packed or not.
fn labels_of(images: &Path) -> Result<PathBuf, Error> {
    let described = IdxFile::of(images).filter(|file| file.kind == Kind::Images);
    let Some(described) = described else {
        return Err(Error::Unpaired { path: images.to_owned() });
    };
    let folder = images.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let files = IdxFile::in_folder(folder)?;
    let labels = files.iter().find(|file| file.kind == Kind::Labels && file.stem == described.stem);
    match labels {
        Some(file) => Ok(file.path.clone()),
        None => {
            let name = name_of(images).replace("images", "labels").replace("idx3", "idx1");
            file::expect(folder, name.strip_suffix(".gz").unwrap_or(&name))
        }
    }
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
    if content.starts_with(&WIDE_LABELS_MAGIC) {
        return parse_wide_labels(content, path);
    }
    let [_] = header(content, path, LABELS_MAGIC)?;
    Ok(content[8..].iter().map(|&label| u32::from(label)).collect())
}

/// The first column of a table of whole numbers.
fn parse_wide_labels(content: &[u8], path: &Path) -> Result<Vec<u32>, Error> {
    let [_, columns] = header(content, path, WIDE_LABELS_MAGIC)?;
    let (numbers, _) = content[12..].as_chunks::<4>();
    let labels = numbers.iter().step_by(columns).enumerate().map(|(record, bytes)| {
        let found = i32::from_be_bytes(*bytes);
        u32::try_from(found).map_err(|_| Error::NegativeLabel {
            path: path.to_owned(),
            record,
            found,
        })
    });
    labels.collect()
}

/// The sizes in a header, none of them zero, whose product is the number of values that follow.
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
    let value_bytes = if magic == WIDE_LABELS_MAGIC { 4 } else { 1 };
    let product =
        sizes.iter().fold(value_bytes, |product: u64, &size| product.saturating_mul(size.into()));
    let expected = product.saturating_add(header_bytes as u64);
    if content.len() as u64 != expected {
        return Err(length(expected));
    }
    Ok(sizes.map(|size| size as usize))
}
