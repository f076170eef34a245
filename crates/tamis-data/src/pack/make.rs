//! From a source of images to a pack.

use std::fs::File;
use std::path::Path;

use super::card::{About, AboutSplit};
use super::error::PackError;
use super::write::{Out, Room, SplitWriter, Written, finish};
use crate::contents::{Contents, Kind, Most};
use crate::findings::Findings;
use crate::fingerprint::{Samples, fingerprint, order};
use crate::open::{encoded, open_watched};
use crate::raw::{Classes, RawSplit};
use crate::store::Store;
use crate::watch::{Count, Watch};
use crate::{DataConfig, Dataset, Error, Loaded, ShapeError};

/// What was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Training images.
    pub train: usize,
    /// Test images, if there is a test split.
    pub test: Option<usize>,
    /// Bytes of the whole pack.
    pub bytes: u64,
    /// Things to tell the user about the source.
    pub notes: Vec<String>,
}

/// Packs the data that the settings name into an empty file that is called `path`. Of encoded images
/// no more than a few are in memory at a time, unless they lie in an archive that is packed itself; other
/// layouts are read whole. `watch` is told the size before anything is written.
///
/// # Errors
///
/// As [`crate::open`], [`PackError::Write`] if the file cannot be written, [`Error::Stopped`] if `watch`
/// broke: what is in the file then is of no use.
pub fn pack(
    config: &DataConfig,
    path: &Path,
    file: &File,
    watch: &mut Watch,
) -> Result<Packed, Error> {
    config.check()?;
    let out = Out { path, file };
    let (data, notes) = match encoded(config)? {
        Some((kind, root)) => of_encoded(kind, root, config, out, watch)?,
        None => of_loaded(config, out, watch)?,
    };
    let samples = |split: &Written| split.labels.len();
    let (train, test) = (samples(&data.train), data.test.as_ref().map(samples));
    data.finish(out)?;
    let bytes = file.metadata().map_err(PackError::write(path))?.len();
    Ok(Packed { train, test, bytes, notes })
}

/// A data set whose images are written.
struct Data {
    room: Room,
    name: String,
    classes: Classes,
    train: Written,
    test: Option<Written>,
}

fn of_encoded(
    kind: Kind,
    root: &Path,
    config: &DataConfig,
    out: Out<'_>,
    watch: &mut Watch,
) -> Result<(Data, Vec<String>), Error> {
    let mut findings = Findings::default();
    let contents = Contents::of(kind, root, config, &mut findings);
    let packed = contents.and_then(|found| packed(found, config, out, watch, &mut findings));
    findings.refuse()?;
    // There is nothing only where there is a problem.
    let data = packed.ok_or_else(|| Error::Empty { path: root.to_owned() })?;
    Ok((data, findings.notes))
}

fn packed(
    contents: Contents,
    config: &DataConfig,
    out: Out<'_>,
    watch: &mut Watch,
    findings: &mut Findings,
) -> Option<Data> {
    let [mut train, test] = contents.most();
    train.samples = config.train.unwrap_or(usize::MAX).min(train.samples);
    let room = Room::of(&contents.name(), &contents.classes(), &[train, test]);
    findings.keep(room.keep(out))?;
    let stores = [SplitWriter::new(out, config.train), SplitWriter::new(out, None)];
    let raw = contents.read(config, stores, watch, findings)?;
    let classes = Classes::of(&raw.train, &raw.names);
    findings.notes.extend(classes.note());
    let written = |split: RawSplit<SplitWriter<'_>>| {
        let RawSplit { shape, pixels, labels, files } = split;
        pixels.finish(shape, classes.indices(&labels)?, files)
    };
    let train = findings.keep(written(raw.train))?;
    let test = raw.test.and_then(|test| findings.keep(written(test)));
    if let Some(test) = test.as_ref().filter(|test| test.shape != train.shape) {
        let (train, test) = (train.shape, test.shape);
        findings.problems.push(ShapeError::Splits { train, test }.into());
    }
    Some(Data { room, name: raw.name, classes, train, test })
}

/// Packs images that are in memory into an empty file that is called `path`, under this name.
///
/// # Errors
///
/// [`ShapeError::Splits`], [`PackError::Write`], [`Error::Stopped`] if `watch` broke: what is in the file
/// then is of no use.
pub fn pack_datasets(
    (name, train, test): (&str, &Dataset, Option<&Dataset>),
    path: &Path,
    file: &File,
    watch: &mut Watch,
) -> Result<(), Error> {
    if let Some(test) = test.filter(|test| test.shape() != train.shape()) {
        return Err(ShapeError::Splits { train: train.shape(), test: test.shape() }.into());
    }
    let out = Out { path, file };
    data_of(name.to_owned(), (train, test), out, watch)?.finish(out)
}

fn of_loaded(
    config: &DataConfig,
    out: Out<'_>,
    watch: &mut Watch,
) -> Result<(Data, Vec<String>), Error> {
    let Loaded { name, train, test, notes, .. } = open_watched(config, watch)?;
    Ok((data_of(name, (&train, test.as_ref()), out, watch)?, notes))
}

/// Writes the images of both splits.
fn data_of(
    name: String,
    (train, test): (&Dataset, Option<&Dataset>),
    out: Out<'_>,
    watch: &mut Watch,
) -> Result<Data, Error> {
    let most: Vec<Most> = [Some(train), test].into_iter().flatten().map(most).collect();
    let room = Room::of(&name, train.classes(), &most);
    room.keep(out)?;
    let mut count = Count::new(most.iter().map(|split| split.samples).sum(), watch);
    let classes = Classes { labels: train.file_labels().to_vec(), names: train.classes().to_vec() };
    // In the order of the file.
    let train = written(train, out, &mut count)?;
    let test = test.map(|test| written(test, out, &mut count)).transpose()?;
    Ok(Data { room, name, classes, train, test })
}

/// All that a split has.
fn most(split: &Dataset) -> Most {
    Most { samples: split.len(), files: files_of(split) }
}

/// The file of each sample, if each has its own.
fn files_of(split: &Dataset) -> Vec<String> {
    split.ids().filter_map(|id| split.file(id).map(str::to_owned)).collect()
}

/// Writes the images of a split.
fn written(split: &Dataset, out: Out<'_>, count: &mut Count) -> Result<Written, Error> {
    let shape = split.shape();
    let mut writer = SplitWriter::new(out, None);
    for id in split.ids() {
        count.will_keep(shape.len())?;
        writer.push(shape, &split.pixels(id)?)?;
        count.add()?;
    }
    writer.finish(shape, split.labels().to_vec(), files_of(split))
}

impl Data {
    fn finish(self, out: Out<'_>) -> Result<(), Error> {
        let Data { room, name, classes, train, test } = self;
        let shape = train.shape;
        let about = About {
            name,
            image: [shape.channels, shape.height, shape.width],
            fingerprint: fingerprint(samples(&train), test.as_ref().map(samples)),
            classes: classes.names,
            file_labels: classes.labels,
            train: about_split(&train),
            test: test.as_ref().map(about_split),
        };
        let splits: Vec<Written> = [Some(train), test].into_iter().flatten().collect();
        finish(out, room, about, &splits)
    }
}

fn samples(split: &Written) -> Samples<'_> {
    Samples { hashes: &split.hashes, labels: &split.labels }
}

fn about_split(split: &Written) -> AboutSplit {
    let (samples, sums) = (samples(split), split.sums.clone());
    AboutSplit { samples: split.labels.len(), order: order(samples), sums }
}
