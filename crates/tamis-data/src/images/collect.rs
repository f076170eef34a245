//! Joins decoded images into a split, and keeps account of what does not fit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::decode::{Decoded, FileKind, Mark};
use crate::findings::{Findings, Tally, list};
use crate::fit::Picture;
use crate::raw::{RawData, RawSplit};
use crate::store::Store;
use crate::{Error, ImageShape, ShapeError};

/// What became of a split.
pub(crate) struct Collected<S> {
    /// Its images, if it has some and all are of one shape.
    pub(crate) split: Option<RawSplit<S>>,
    /// Images of each label, whatever their shapes.
    pub(crate) label_counts: BTreeMap<u32, usize>,
    /// Whether its images are of several shapes.
    pub(crate) is_mixed: bool,
}

/// Both splits of some data; `names` has all labels.
pub(crate) fn joined<S>(
    name: String,
    train: Collected<S>,
    test: Option<Collected<S>>,
    names: BTreeMap<u32, String>,
    findings: &mut Findings,
) -> Option<RawData<S>> {
    findings.tally = tally(&train, test.as_ref(), &names);
    let test = test.and_then(|test| test.split);
    Some(RawData { name, train: train.split?, test, names })
}

/// What was counted, if the images of a split are not of one shape.
fn tally<S>(
    train: &Collected<S>,
    test: Option<&Collected<S>>,
    names: &BTreeMap<u32, String>,
) -> Option<Tally> {
    let mixed = train.is_mixed || test.is_some_and(|test| test.is_mixed);
    let counts = |split: &Collected<S>| {
        names.keys().map(|label| split.label_counts.get(label).copied().unwrap_or(0)).collect()
    };
    mixed.then(|| Tally {
        classes: names.values().cloned().collect(),
        train: counts(train),
        test: test.map(counts),
    })
}

/// A split in the making.
pub(crate) struct Collector<'a, S> {
    root: &'a Path,
    /// Takes the images.
    store: S,
    /// Shape of the first image.
    shape: Option<ImageShape>,
    labels: Vec<u32>,
    files: Vec<String>,
    /// Whether images have files of their own.
    has_files: bool,
    /// Images of each label.
    label_counts: BTreeMap<u32, usize>,
    /// The first image of each height and width.
    sizes: BTreeMap<(usize, usize), PathBuf>,
    /// The first image of each number of channels.
    channels: BTreeMap<usize, PathBuf>,
    marked: BTreeMap<Mark, Vec<String>>,
    ignored: Vec<String>,
    /// Images of formats that are not read, by the format's name.
    other_formats: BTreeMap<String, Vec<String>>,
    /// Images of the class at hand, also those that cannot be read.
    in_class: usize,
}

impl<'a, S: Store> Collector<'a, S> {
    pub(crate) fn new(root: &'a Path, store: S) -> Self {
        Collector {
            root,
            store,
            shape: None,
            labels: Vec::new(),
            files: Vec::new(),
            has_files: true,
            label_counts: BTreeMap::new(),
            sizes: BTreeMap::new(),
            channels: BTreeMap::new(),
            marked: BTreeMap::new(),
            ignored: Vec::new(),
            other_formats: BTreeMap::new(),
            in_class: 0,
        }
    }

    /// The same of images that have no files of their own.
    pub(crate) fn without_files(self) -> Self {
        Collector { has_files: false, ..self }
    }

    /// Takes what became of one file; fails if it is useless to go on.
    pub(crate) fn add(
        &mut self,
        file: &Path,
        label: u32,
        kind: Result<FileKind, Error>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let name = self.name(file);
        match findings.keep(kind) {
            Some(FileKind::NoImage) => {
                self.ignored.push(name);
                return Ok(());
            }
            Some(FileKind::OtherFormat(format)) => {
                self.other_formats.entry(format).or_default().push(name);
            }
            Some(FileKind::Image(Decoded { picture, marks })) => {
                for mark in marks {
                    self.marked.entry(mark).or_default().push(name.clone());
                }
                self.push(file, name, label, picture)?;
            }
            None => {}
        }
        self.in_class += 1;
        Ok(())
    }

    fn name(&self, file: &Path) -> String {
        file.strip_prefix(self.root).unwrap_or(file).display().to_string()
    }

    fn push(
        &mut self,
        file: &Path,
        name: String,
        label: u32,
        picture: Picture,
    ) -> Result<(), Error> {
        let shape = picture.shape;
        self.sizes.entry((shape.height, shape.width)).or_insert_with(|| file.to_owned());
        self.channels.entry(shape.channels).or_insert_with(|| file.to_owned());
        *self.label_counts.entry(label).or_default() += 1;
        // An image of another shape is reported at the end, all of them together.
        if *self.shape.get_or_insert(shape) == shape {
            self.store.push(shape, &picture.pixels)?;
            self.labels.push(label);
            if self.has_files {
                self.files.push(name);
            }
        }
        Ok(())
    }

    /// Closes a class folder, which must have held an image.
    pub(crate) fn end_class(&mut self, path: &Path, findings: &mut Findings) {
        if std::mem::take(&mut self.in_class) == 0 {
            findings.problems.push(Error::EmptyClass { path: path.to_owned() });
        }
    }

    /// The split; images that do not fit together are a problem.
    pub(crate) fn finish(self, findings: &mut Findings) -> Collected<S> {
        findings.note_list("ignored files that are no images", &self.ignored);
        for (mark, names) in self.marked {
            findings.note_list(mark.what(), &names);
        }
        let folder = self.root;
        for (format, files) in self.other_formats {
            let (folder, count, files) = (folder.to_owned(), files.len(), list(&files));
            findings.problems.push(Error::OtherFormat { folder, format, count, files });
        }
        findings.problems.extend(mixed_sizes(folder, &self.sizes));
        findings.problems.extend(mixed_channels(folder, &self.channels));
        let is_mixed = self.sizes.len() > 1 || self.channels.len() > 1;
        let Collector { store, shape, labels, files, label_counts, .. } = self;
        let shape = shape.filter(|_| !is_mixed);
        let split = shape.map(|shape| RawSplit { shape, pixels: store, labels, files });
        Collected { split, label_counts, is_mixed }
    }
}

fn mixed_sizes(folder: &Path, sizes: &BTreeMap<(usize, usize), PathBuf>) -> Option<Error> {
    let text = |((height, width), file): (&(usize, usize), &PathBuf)| {
        format!("`{}` with {height} x {width} pixels", file.display())
    };
    let (first, second) = (text(sizes.first_key_value()?), text(sizes.last_key_value()?));
    let (folder, sizes) = (folder.to_owned(), sizes.len());
    (sizes > 1).then(|| ShapeError::Sizes { folder, sizes, first, second }.into())
}

fn mixed_channels(folder: &Path, channels: &BTreeMap<usize, PathBuf>) -> Option<Error> {
    let (grey, colour) = (channels.get(&1)?.clone(), channels.get(&3)?.clone());
    Some(ShapeError::Channels { folder: folder.to_owned(), grey, colour }.into())
}
