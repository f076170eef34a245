//! Arrays of images and labels in one NumPy archive, `.npz`: as Keras has MNIST, as MedMNIST is published,
//! and as `numpy.savez` writes what is called `images` and `labels`.
//!
//! Samples are in the order of the arrays' first side. Images are bytes, grey `[N, H, W]` or with their
//! channels, 1 or 3, last or before height and width; labels are whole numbers, one a sample.

mod error;
mod members;
mod npy;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::error::NpzError;
use self::members::Members;
use self::npy::{Array, in_words};
use crate::findings::{Findings, list};
use crate::raw::{RawData, RawSplit};
use crate::{Error, ImageShape, Limits, file};

/// How a zip archive begins.
const MAGIC: &[u8] = b"PK\x03\x04";

/// The names of images and labels of the training split, and of the test split.
const SETS: [[[&str; 2]; 2]; 3] = [
    [["x_train", "y_train"], ["x_test", "y_test"]],
    [["train_images", "train_labels"], ["test_images", "test_labels"]],
    [["images", "labels"], ["test_images", "test_labels"]],
];

/// Whether a file is a NumPy archive, by its beginning or its name.
pub(crate) fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
        || file::beginning(path, MAGIC.len()).is_ok_and(|start| start == MAGIC)
}

/// Reads both splits of an archive.
pub(crate) fn read(path: &Path, limits: &Limits, findings: &mut Findings) -> Option<RawData> {
    let content = findings.keep(file::read(path, limits))?;
    let members = findings.keep(Members::of(&content, path).map_err(Error::from))?;
    let [train, test] = *findings.keep(set_of(&members, path).map_err(Error::from))?;
    let used = [train, test].concat();
    let arrays = members.names().map(array_name);
    let unread = arrays.filter(|name| !used.contains(name)).map(str::to_owned);
    findings.note_list("arrays that are not read", &Vec::from_iter(unread));
    let has_test = members.names().any(|name| array_name(name) == test[0]);
    let train = findings.keep(split(&members, train, path, limits));
    let test = has_test.then(|| findings.keep(split(&members, test, path, limits))).flatten();
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Some(RawData { name, train: train?, test, names: BTreeMap::new() })
}

/// What an array is called whose member is called so.
fn array_name(member: &str) -> &str {
    member.strip_suffix(".npy").unwrap_or(member)
}

/// The first of the sets of names whose training images are there.
fn set_of(members: &Members<'_>, path: &Path) -> Result<&'static [[&'static str; 2]; 2], NpzError> {
    let is_here = |name: &str| members.names().any(|member| array_name(member) == name);
    SETS.iter().find(|[train, _]| is_here(train[0])).ok_or_else(|| {
        let names = members.names().map(|name| format!("`{}`", array_name(name)));
        let names = Vec::from_iter(names);
        let found = if names.is_empty() { "nothing".to_owned() } else { list(&names) };
        let expected = SETS.map(|[[images, labels], _]| format!("`{images}` and `{labels}`"));
        NpzError::Names { path: path.to_owned(), found, expected: expected.join(", or ") }
    })
}

fn split(
    members: &Members<'_>,
    [images, labels]: [&str; 2],
    path: &Path,
    limits: &Limits,
) -> Result<RawSplit, Error> {
    let found = array(members, images, path, limits)?;
    let (shape, count) = shape_of(&found).map_err(wrong(path, images))?;
    refuse_large(shape, path, limits)?;
    let classes = array(members, labels, path, limits)?;
    let classes = numbers(&classes).map_err(wrong(path, labels))?;
    if classes.len() != count {
        let (path, labels) = (path.to_owned(), classes.len());
        return Err(Error::Counts { path, labels, images: count });
    }
    let is_last = found.shape.len() == 4 && found.shape[3] == shape.channels;
    let pixels = if is_last { planes(&found.bytes, shape) } else { found.bytes };
    Ok(RawSplit { shape, pixels, labels: classes, files: Vec::new() })
}

/// The array of this name.
fn array(members: &Members<'_>, name: &str, path: &Path, limits: &Limits) -> Result<Array, Error> {
    let content = members.read(&format!("{name}.npy"), limits);
    let missing = || wrong(path, name)(("no such array".to_owned(), "one".to_owned()));
    Array::of(content.ok_or_else(missing)??).map_err(wrong(path, name))
}

/// The error of an array of this name.
fn wrong(path: &Path, name: &str) -> impl Fn(npy::Mismatch) -> Error {
    move |(found, expected)| {
        NpzError::Array { path: path.to_owned(), array: name.to_owned(), found, expected }.into()
    }
}

fn refuse_large(shape: ImageShape, path: &Path, limits: &Limits) -> Result<(), Error> {
    let &Limits { side_px, area_px, .. } = limits;
    let is_long = shape.height.max(shape.width) > side_px as usize;
    if !is_long && shape.plane() as u64 <= area_px {
        return Ok(());
    }
    let (height, width) = (shape.height as u32, shape.width as u32);
    Err(Error::ImageLimit { path: path.to_owned(), height, width, side_px, area_px })
}

/// The shape of the images of an array, and how many there are.
fn shape_of(array: &Array) -> Result<(ImageShape, usize), npy::Mismatch> {
    let expected =
        "bytes (`uint8`) as samples x height x width, with 1 or 3 channels last or second";
    let wrong = |found: String| Err((found, expected.to_owned()));
    if array.kind != "|u1" {
        return wrong(format!("values of type `{}`", array.kind));
    }
    let (shape, count) = match array.shape[..] {
        [count, height, width] => (ImageShape { channels: 1, height, width }, count),
        [count, height, width, channels @ (1 | 3)] => {
            (ImageShape { channels, height, width }, count)
        }
        [count, channels @ (1 | 3), height, width] => {
            (ImageShape { channels, height, width }, count)
        }
        _ => return wrong(format!("the shape {}", in_words(&array.shape))),
    };
    if array.bytes.is_empty() {
        return wrong(format!("the shape {}", in_words(&array.shape)));
    }
    Ok((shape, count))
}

/// `[sample, height, width, channel]` as `[sample, channel, height, width]`.
fn planes(pixels: &[u8], shape: ImageShape) -> Vec<u8> {
    let ImageShape { channels, .. } = shape;
    let images = pixels.chunks_exact(shape.len());
    let planes = images.flat_map(|image| {
        (0..channels).flat_map(move |channel| image.iter().skip(channel).step_by(channels).copied())
    });
    planes.collect()
}

/// The labels of an array.
fn numbers(array: &Array) -> Result<Vec<u32>, npy::Mismatch> {
    match array.shape[..] {
        [_] | [_, 1] => {}
        _ => {
            let found = format!("the shape {}", in_words(&array.shape));
            return Err((found, "one label a sample".to_owned()));
        }
    }
    let labels = array.numbers().enumerate().map(|(row, number)| {
        let expected = || format!("0 to {}", u32::MAX);
        u32::try_from(number).map_err(|_| (format!("label {number} in row {row}"), expected()))
    });
    labels.collect()
}
