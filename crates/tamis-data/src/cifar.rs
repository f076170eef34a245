//! The binary files of CIFAR-10 and CIFAR-100: records of labels and a 3 x 32 x 32 image.
//!
//! A CIFAR-10 record is one label and 3,072 pixels (red, green, blue plane, row by row); a
//! CIFAR-100 record has a coarse and a fine label before them, of which the fine one is used.
//! The pickled Python archives of the same images are not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::file;
use crate::findings::Findings;
use crate::raw::{RawData, RawSplit};
use crate::{Error, ImageShape, Limits};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const PIXELS: usize = 3 * 32 * 32;

/// One of the two binary layouts.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// Number of labels that each label byte of a record chooses from; the last is the class.
    label_limits: &'static [usize],
    train_files: &'static [&'static str],
    test_file: &'static str,
    names_file: &'static str,
}

pub(crate) const CIFAR10: Format = Format {
    name: "cifar10",
    label_limits: &[10],
    train_files: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test_file: "test_batch.bin",
    names_file: "batches.meta.txt",
};

pub(crate) const CIFAR100: Format = Format {
    name: "cifar100",
    label_limits: &[20, 100],
    train_files: &["train.bin"],
    test_file: "test.bin",
    names_file: "fine_label_names.txt",
};

impl Format {
    fn record_bytes(&self) -> usize {
        self.label_limits.len() + PIXELS
    }

    fn classes(&self) -> usize {
        self.label_limits.last().copied().unwrap_or(0)
    }

    /// Whether a folder holds training files of this format.
    pub(crate) fn is_here(&self, folder: &Path) -> bool {
        self.train_files.iter().any(|name| file::find(folder, name).is_some())
    }

    /// Whether these bytes are whole records with labels in range.
    pub(crate) fn fits(&self, content: &[u8]) -> bool {
        !content.is_empty() && self.parse(content, Path::new("")).is_ok()
    }

    /// Labels and pixels of all records of a file.
    fn parse(&self, content: &[u8], path: &Path) -> Result<(Vec<u32>, Vec<u8>), Error> {
        let (size, path) = (self.record_bytes(), path.to_owned());
        if content.is_empty() {
            return Err(Error::Empty { path });
        }
        let (record, found) = (content.len() / size, content.len() % size);
        if found != 0 {
            return Err(Error::CifarRecord { path, record, found, expected: size });
        }
        let mut labels = Vec::with_capacity(record);
        let mut pixels = Vec::with_capacity(record * PIXELS);
        for (record, bytes) in content.chunks_exact(size).enumerate() {
            let (record_labels, image) = bytes.split_at(self.label_limits.len());
            for (&label, &limit) in record_labels.iter().zip(self.label_limits) {
                if usize::from(label) >= limit {
                    let found = label.into();
                    return Err(Error::LabelRange { path, record, found, limit });
                }
            }
            labels.extend(record_labels.last().map(|&label| u32::from(label)));
            pixels.extend_from_slice(image);
        }
        Ok((labels, pixels))
    }
}

/// Reads a folder with both splits, or one file as training split.
pub(crate) fn read(
    format: &Format,
    path: &Path,
    limits: &Limits,
    findings: &mut Findings,
) -> Option<RawData> {
    let name = format.name.to_owned();
    if path.is_file() {
        let train = read_split(format, &[path.to_owned()], limits, findings)?;
        return Some(RawData { name, train, test: None, names: BTreeMap::new() });
    }
    let names = class_names(format, path, limits, findings);
    let train = train_files(format, path, findings);
    let train = read_split(format, &train, limits, findings);
    let test = file::find(path, format.test_file);
    let test = test.and_then(|file| read_split(format, &[file], limits, findings));
    Some(RawData { name, train: train?, test, names })
}

fn train_files(format: &Format, folder: &Path, findings: &mut Findings) -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        format.train_files.iter().filter_map(|name| file::find(folder, name)).collect();
    if found.is_empty() {
        findings.keep(file::expect(folder, format.train_files[0]));
    } else if found.len() < format.train_files.len() {
        let (found, all) = (found.len(), format.train_files.len());
        findings.notes.push(format!("{found} of the {all} training files are there"));
    }
    found
}

/// Reads files side by side and joins them in the given order.
fn read_split(
    format: &Format,
    files: &[PathBuf],
    limits: &Limits,
    findings: &mut Findings,
) -> Option<RawSplit> {
    let parts: Vec<Result<_, Error>> =
        files.par_iter().map(|path| format.parse(&file::read(path, limits)?, path)).collect();
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for (part_labels, part_pixels) in parts.into_iter().filter_map(|part| findings.keep(part)) {
        labels.extend(part_labels);
        pixels.extend(part_pixels);
    }
    (!labels.is_empty()).then_some(RawSplit { shape: SHAPE, pixels, labels, files: Vec::new() })
}

/// Names of the labels, one a line, if the file of names is there.
fn class_names(
    format: &Format,
    folder: &Path,
    limits: &Limits,
    findings: &mut Findings,
) -> BTreeMap<u32, String> {
    let Some(path) = file::find(folder, format.names_file) else { return BTreeMap::new() };
    let content = findings.keep(file::read(&path, limits)).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let names: BTreeMap<u32, String> = (0..).zip(names.map(str::to_owned)).collect();
    if names.len() != format.classes() {
        let (found, expected) = (names.len(), format.classes());
        findings.problems.push(Error::ClassNames { path, found, expected });
    }
    names
}
