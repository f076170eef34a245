//! Writes a pack image by image: first the pixels, behind room for what is known in the end.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::KEY;
use super::card::{About, Card, FORMAT, NAMES, Names, checksum};
use super::error::PackError;
use crate::contents::Most;
use crate::fingerprint::{ContentHash, content_hash};
use crate::store::Store;
use crate::sums::ChannelSums;
use crate::{Error, ImageShape};

/// What a header takes beside the names in it, and a page of the file.
const PAGE: usize = 4096;

/// The file that is written, and what it is called.
#[derive(Clone, Copy)]
pub(super) struct Out<'a> {
    pub(super) path: &'a Path,
    pub(super) file: &'a File,
}

impl Out<'_> {
    fn write(mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.file.write_all(bytes).map_err(PackError::write(self.path))?)
    }

    fn go_to(mut self, at: u64) -> Result<(), Error> {
        self.file.seek(SeekFrom::Start(at)).map_err(PackError::write(self.path))?;
        Ok(())
    }
}

/// Bytes kept for header and index before any image is read.
#[derive(Clone, Copy)]
pub(super) struct Room {
    header: usize,
    index: usize,
}

impl Room {
    /// For data and classes of these names, and for the training and the test split.
    pub(super) fn of(name: &str, classes: &[String], splits: &[Most]) -> Room {
        // Text in text: a byte that is escaped twice, with its number, becomes seven.
        let names = classes.iter().map(String::as_str).chain([name]);
        let names: usize = names.map(|name| 8 * name.len() + 64).sum();
        let index = splits.iter().map(index_bytes).sum();
        Room { header: (8 + PAGE + names).next_multiple_of(PAGE) - 8, index }
    }

    /// Makes a file ready for its pixels.
    pub(super) fn keep(self, out: Out<'_>) -> Result<(), Error> {
        out.go_to((8 + self.header + self.index) as u64)
    }
}

/// The most that a split may take of the index.
fn index_bytes(split: &Most) -> usize {
    let Most { samples, files } = split;
    let longest = || files.iter().map(|file| listed([file]).len()).max().unwrap_or(0);
    let list = match files.len() {
        0 => 0,
        all if all <= *samples => listed(files).len(),
        _ => 2 + samples * longest(),
    };
    (LABEL + HASH) * samples + list
}

/// Bytes of a label, and of a hash.
const LABEL: usize = 4;
const HASH: usize = 32;

/// The images of a split on their way into the file; the first `most` of them.
pub(super) struct SplitWriter<'a> {
    out: Out<'a>,
    most: usize,
    hashes: Vec<ContentHash>,
    sums: ChannelSums,
}

/// A split whose images are in the file.
pub(super) struct Written {
    pub(super) shape: ImageShape,
    pub(super) hashes: Vec<ContentHash>,
    pub(super) sums: ChannelSums,
    pub(super) labels: Vec<u32>,
    pub(super) files: Vec<String>,
}

impl<'a> SplitWriter<'a> {
    pub(super) fn new(out: Out<'a>, most: Option<usize>) -> SplitWriter<'a> {
        let most = most.unwrap_or(usize::MAX);
        SplitWriter { out, most, hashes: Vec::new(), sums: ChannelSums::default() }
    }

    /// What was written, with the classes and files of its samples and, perhaps, of others after them.
    pub(super) fn finish(
        self,
        shape: ImageShape,
        mut labels: Vec<u32>,
        mut files: Vec<String>,
    ) -> Result<Written, Error> {
        let SplitWriter { most, hashes, sums, .. } = self;
        if most != usize::MAX && hashes.len() < most {
            return Err(Error::First { wanted: most, held: hashes.len() });
        }
        labels.truncate(hashes.len());
        files.truncate(hashes.len());
        Ok(Written { shape, hashes, sums, labels, files })
    }
}

impl Store for SplitWriter<'_> {
    fn push(&mut self, shape: ImageShape, image: &[u8]) -> Result<(), Error> {
        if self.hashes.len() == self.most {
            return Ok(());
        }
        self.out.write(image)?;
        self.hashes.push(content_hash(shape, image));
        self.sums.add(image, shape);
        Ok(())
    }
}

/// Writes header and index in front of the pixels that are there.
pub(super) fn finish(
    out: Out<'_>,
    room: Room,
    about: About,
    splits: &[Written],
) -> Result<(), Error> {
    let mut layout = Layout::default();
    let named = || NAMES.iter().zip(splits);
    named().for_each(|(names, split)| layout.add_labels(names, split));
    named().for_each(|(names, split)| layout.add_hashes(names, split));
    named().for_each(|(names, split)| layout.add_files(names, split));
    layout.fill(room.index);
    let index = std::mem::take(&mut layout.index);
    named().for_each(|(names, split)| layout.add_pixels(names, split));
    let checksum = checksum(&about, &layout.tensors, &index).map_err(impossible(out.path))?;
    let card = Card { format: FORMAT, checksum, about };
    let card = serde_json::to_string(&card).map_err(impossible(out.path))?;
    let metadata = Metadata::new(Some([(KEY.to_owned(), card)].into()), layout.tensors);
    let metadata = metadata.map_err(impossible(out.path))?;
    let mut header = serde_json::to_vec(&metadata).map_err(impossible(out.path))?;
    if header.len() > room.header || index.len() != room.index {
        let found = format!("header and index of {} and {} bytes", header.len(), index.len());
        let room = format!("{} and {} bytes", room.header, room.index);
        return Err(impossible(out.path)(format!("found {found} in room for {room}")));
    }
    header.resize(room.header, b' ');
    out.go_to(0)?;
    out.write(&(room.header as u64).to_le_bytes())?;
    out.write(&header)?;
    out.write(&index)
}

/// The tensors in the order of the file, and the bytes of those before the pixels.
#[derive(Default)]
struct Layout {
    tensors: Vec<(String, TensorInfo)>,
    index: Vec<u8>,
    end: usize,
}

impl Layout {
    fn add(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, bytes: usize) {
        let data_offsets = (self.end, self.end + bytes);
        self.end += bytes;
        self.tensors.push((name.to_owned(), TensorInfo { dtype, shape, data_offsets }));
    }

    fn add_labels(&mut self, names: &Names, split: &Written) {
        let samples = split.labels.len();
        self.add(names.labels, Dtype::U32, vec![samples], LABEL * samples);
        self.index.extend(split.labels.iter().flat_map(|label| label.to_le_bytes()));
    }

    fn add_hashes(&mut self, names: &Names, split: &Written) {
        let samples = split.hashes.len();
        self.add(names.hashes, Dtype::U8, vec![samples, HASH], HASH * samples);
        self.index.extend_from_slice(split.hashes.as_flattened());
    }

    fn add_files(&mut self, names: &Names, split: &Written) {
        if !split.files.is_empty() {
            let files = listed(&split.files);
            self.add(names.files, Dtype::U8, vec![files.len()], files.len());
            self.index.extend(files);
        }
    }

    /// Fills the last list of files up with blanks, so that the index has so many bytes.
    fn fill(&mut self, bytes: usize) {
        let missing = bytes.saturating_sub(self.end);
        let last = self.tensors.last_mut().filter(|(name, _)| name.ends_with(".files"));
        if let Some((_, files)) = last {
            files.shape[0] += missing;
            files.data_offsets.1 += missing;
            self.end += missing;
            self.index.resize(bytes, b' ');
        }
    }

    fn add_pixels(&mut self, names: &Names, split: &Written) {
        let ImageShape { channels, height, width } = split.shape;
        let samples = split.hashes.len();
        let shape = vec![samples, channels, height, width];
        self.add(names.pixels, Dtype::U8, shape, samples * split.shape.len());
    }
}

/// Names of files as a list in JSON.
fn listed<'a>(files: impl IntoIterator<Item = &'a String>) -> Vec<u8> {
    serde_json::Value::from_iter(files.into_iter().cloned()).to_string().into_bytes()
}

/// What cannot happen to the header of a pack, as an error all the same.
fn impossible<E: ToString>(path: &Path) -> impl Fn(E) -> Error {
    let path = path.to_owned();
    move |error| {
        let source = io::Error::other(error.to_string());
        PackError::Write { path: path.clone(), source }.into()
    }
}
