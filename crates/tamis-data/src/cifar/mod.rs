//! CIFAR-10 and CIFAR-100, in the binary files or in the pickles of the Python archives: labels and 3 x 32
//! x 32 images, red, green and blue plane, row by row.
//!
//! Both archives hold the same images in the same order. CIFAR-100 has a coarse and a fine label of each
//! image, of which the fine one is used.

mod binary;
mod pickled;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::file;
use crate::findings::Findings;
use crate::raw::{RawData, RawSplit};
use crate::{Error, ImageShape, Limits};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const PIXELS: usize = 3 * 32 * 32;

/// One of the two data sets.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// Number of labels that each label byte of a binary record chooses from; the last is the class.
    label_limits: &'static [usize],
    /// Keys of the labels and of their names in the pickles.
    labels_key: &'static str,
    names_key: &'static str,
    binary: Files,
    pickled: Files,
}

/// The files of an archive.
#[derive(Debug)]
struct Files {
    train: &'static [&'static str],
    test: &'static str,
    names: &'static str,
}

impl Files {
    /// Whether a folder has one of the training files, plain or packed.
    fn is_in(&self, folder: &Path) -> bool {
        self.train.iter().any(|name| file::find(folder, name).is_some())
    }
}

pub(crate) const CIFAR10: Format = Format {
    name: "cifar10",
    label_limits: &[10],
    labels_key: "labels",
    names_key: "label_names",
    binary: Files {
        train: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        test: "test_batch.bin",
        names: "batches.meta.txt",
    },
    pickled: Files {
        train: &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        test: "test_batch",
        names: "batches.meta",
    },
};

pub(crate) const CIFAR100: Format = Format {
    name: "cifar100",
    label_limits: &[20, 100],
    labels_key: "fine_labels",
    names_key: "fine_label_names",
    binary: Files { train: &["train.bin"], test: "test.bin", names: "fine_label_names.txt" },
    pickled: Files { train: &["train"], test: "test", names: "meta" },
};

/// Labels and pixels of all records of a file.
type Records = (Vec<u32>, Vec<u8>);

impl Format {
    fn classes(&self) -> usize {
        self.label_limits.last().copied().unwrap_or(0)
    }

    /// Whether a folder holds training files of this data set.
    pub(crate) fn is_here(&self, folder: &Path) -> bool {
        self.binary.is_in(folder)
            || self
                .pickled
                .train
                .iter()
                .filter_map(|name| file::find(folder, name))
                .any(|file| file::beginning(&file, 2).is_ok_and(|start| pickled::is_pickle(&start)))
    }

    /// Whether these bytes are whole binary records with labels in range, or a pickle of this data set.
    pub(crate) fn fits(&self, content: &[u8]) -> bool {
        match pickled::is_pickle(content) {
            true => pickled::has_labels(content, self.labels_key),
            false => !content.is_empty() && binary::parse(self, content, Path::new("")).is_ok(),
        }
    }

    /// The files of the archive that a folder holds: those of the binary one, unless there are none.
    fn files_in(&self, folder: &Path) -> &Files {
        let is_binary = self.binary.is_in(folder) || !self.pickled.is_in(folder);
        if is_binary { &self.binary } else { &self.pickled }
    }

    fn parse(&self, content: &[u8], path: &Path) -> Result<Records, Error> {
        match pickled::is_pickle(content) {
            true => pickled::parse(self, content, path),
            false => binary::parse(self, content, path),
        }
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
    let files = format.files_in(path);
    let others = format.pickled.train.iter().filter(|name| file::find(path, name).is_some());
    let others =
        others.filter(|_| std::ptr::eq(files, &format.binary)).map(|name| (*name).to_owned());
    findings
        .note_list("pickles beside the binary files that are not read", &Vec::from_iter(others));
    let names = class_names(format, &path.join(files.names), limits, findings);
    let train = train_files(files, path, findings);
    let train = read_split(format, &train, limits, findings);
    let test = file::find(path, files.test);
    let test = test.and_then(|file| read_split(format, &[file], limits, findings));
    Some(RawData { name, train: train?, test, names })
}

fn train_files(files: &Files, folder: &Path, findings: &mut Findings) -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        files.train.iter().filter_map(|name| file::find(folder, name)).collect();
    if found.is_empty() {
        findings.keep(file::expect(folder, files.train[0]));
    } else if found.len() < files.train.len() {
        let (found, all) = (found.len(), files.train.len());
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

/// Names of the labels, if the file of names is there.
fn class_names(
    format: &Format,
    file: &Path,
    limits: &Limits,
    findings: &mut Findings,
) -> BTreeMap<u32, String> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Some(path) = file::find(folder, &name) else { return BTreeMap::new() };
    let content = findings.keep(file::read(&path, limits)).unwrap_or_default();
    let names = match pickled::is_pickle(&content) {
        true => findings.keep(pickled::names(format, &content, &path)),
        false => Some(binary::names(&content)),
    };
    let Some(names) = names else { return BTreeMap::new() };
    if names.len() != format.classes() {
        let (found, expected) = (names.len(), format.classes());
        findings.problems.push(Error::ClassNames { path, found, expected });
    }
    (0..).zip(names).collect()
}

/// Refuses a label that is none of so many.
fn refuse_label(found: u32, limit: usize, record: usize, path: &Path) -> Result<(), Error> {
    match (found as usize) < limit {
        true => Ok(()),
        false => Err(Error::LabelRange { path: path.to_owned(), record, found, limit }),
    }
}
