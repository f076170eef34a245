//! From settings to data: finds the layout, reads both splits, makes classes of labels.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::contents::{self, Kind};
use crate::findings::{Findings, Tally};
use crate::fingerprint::fingerprint;
use crate::fit::Fit;
use crate::pack::{Opened, is_pack, open_pack};
use crate::raw::{Classes, RawData};
use crate::watch::Watch;
use crate::{
    DataConfig, Dataset, Error, Limits, ShapeError, archive, cifar, doubts, duplicates, file,
    folder, idx, npz, parquet, synthetic, webdataset,
};

/// Data that is ready for use.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `cifar10`, `cifar100`, `mnist` if asked for by that name, `synthetic`, or the name of the folder of
    /// images, Parquet or idx files, or shards; a single file has its own, without the ending. An archive
    /// and a pack have the name of what was packed.
    pub name: String,
    /// The training split: all that a search may look at.
    pub train: Dataset,
    /// The test split, for final evaluation only.
    pub test: Option<Dataset>,
    /// 64 hexadecimal digits that name the images and classes of both splits, whatever the layout
    /// and the order: BLAKE3 of the sorted (content, class) pairs.
    pub fingerprint: String,
    /// Things to tell the user: ignored files, labels that became classes.
    pub notes: Vec<String>,
    /// What may disappoint: copies of images, classes of one image, a single class.
    pub warnings: Vec<String>,
}

/// Reads the data that the settings name.
///
/// # Errors
///
/// The problem, with the number of others if there are any; [`crate::check`] lists them all.
pub fn open(config: &DataConfig) -> Result<Loaded, Error> {
    let mut warning = None;
    let loaded = open_watched(config, &mut |reading| {
        warning = warning.take().or_else(|| reading.warning());
        ControlFlow::Continue(())
    });
    loaded.map(|mut loaded| {
        loaded.warnings.extend(warning);
        loaded
    })
}

/// Reads the data that the settings name. `watch` is told how far the reading of encoded images is, which
/// alone takes long and much memory; what it is told of that is no warning of the data.
///
/// # Errors
///
/// As [`open`], and [`Error::Stopped`] if `watch` broke.
pub fn open_watched(config: &DataConfig, watch: &mut Watch) -> Result<Loaded, Error> {
    let mut findings = Findings::default();
    let loaded = load(config, watch, &mut findings);
    findings.refuse()?;
    // Reading gives nothing only together with a problem.
    let mut loaded = loaded.ok_or(Error::Empty { path: PathBuf::from(&config.source) })?;
    loaded.warnings = doubts::of_contradictions(&loaded.train, loaded.test.as_ref());
    loaded.warnings.extend(warnings(config, &loaded));
    loaded.notes = findings.notes;
    Ok(loaded)
}

/// Reads as much as possible; what is wrong is in `findings`.
pub(crate) fn load(
    config: &DataConfig,
    watch: &mut Watch,
    findings: &mut Findings,
) -> Option<Loaded> {
    findings.keep(config.check())?;
    let (name, train, test) = if config.source == SYNTHETIC {
        let (train, test) = findings.keep(synthetic::datasets(config))?;
        (SYNTHETIC.to_owned(), train, test)
    } else {
        read(config, watch, findings)?
    };
    let train = findings.keep(shorten(train, config))?;
    findings.keep(same_shape(&train, test.as_ref()));
    tell_empty(&train, test.as_ref(), findings);
    let fingerprint = fingerprint(train.fingerprinted(), test.as_ref().map(Dataset::fingerprinted));
    Some(Loaded { name, train, test, fingerprint, notes: Vec::new(), warnings: Vec::new() })
}

/// What `check` warns of, too.
fn warnings(config: &DataConfig, Loaded { train, test, .. }: &Loaded) -> Vec<String> {
    let splits = [("training", Some(train)), ("test", test.as_ref())];
    let copies = splits.into_iter().filter_map(|(name, split)| {
        doubts::of_copies(name, split?, &duplicates::duplicates(split?))
    });
    let tally = Tally {
        classes: train.classes().to_vec(),
        train: train.class_counts(),
        test: test.as_ref().map(Dataset::class_counts),
    };
    copies.chain(doubts::of_counts(&tally)).chain(doubts::of_one_class(config, train)).collect()
}

/// The source that is drawn and not read.
const SYNTHETIC: &str = "synthetic";

/// A layout that is read from files.
#[derive(Clone, Copy)]
enum Layout {
    Idx,
    Cifar(&'static cifar::Format),
    Npz,
    Encoded(Kind),
    Pack,
}

/// The names that may stand before a path.
const NAMES: [(&str, Layout); 10] = [
    ("cifar10:", Layout::Cifar(&cifar::CIFAR10)),
    ("cifar100:", Layout::Cifar(&cifar::CIFAR100)),
    ("mnist:", Layout::Idx),
    ("idx:", Layout::Idx),
    ("folder:", Layout::Encoded(Kind::Folder)),
    ("tar:", Layout::Encoded(Kind::Archive)),
    ("npz:", Layout::Npz),
    ("parquet:", Layout::Encoded(Kind::Parquet)),
    ("webdataset:", Layout::Encoded(Kind::WebDataset)),
    ("pack:", Layout::Pack),
];

fn read(config: &DataConfig, watch: &mut Watch, findings: &mut Findings) -> Option<Assembled> {
    let limits = &config.limits;
    let (layout, path) = findings.keep(locate(&config.source, limits))?;
    let mut raw = match layout {
        Layout::Idx => idx::read(path, limits, findings),
        Layout::Cifar(format) => cifar::read(format, path, limits, findings),
        Layout::Npz => npz::read(path, limits, findings),
        Layout::Encoded(kind) => contents::read(kind, path, config, watch, findings),
        Layout::Pack => {
            let Opened { name, train, test } = findings.keep(open_pack(path, config))?;
            return Some((name, train, test));
        }
    }?;
    if config.source.starts_with("mnist:") {
        raw.name = "mnist".to_owned();
    }
    assemble(raw, config, findings)
}

/// The encoded images that a source names, if it names such.
///
/// # Errors
///
/// [`Error::UnknownLayout`] or what else keeps the layout from being known.
pub(crate) fn encoded(config: &DataConfig) -> Result<Option<(Kind, &Path)>, Error> {
    if config.source == SYNTHETIC {
        return Ok(None);
    }
    let (layout, path) = locate(&config.source, &config.limits)?;
    Ok(if let Layout::Encoded(kind) = layout { Some((kind, path)) } else { None })
}

/// Refuses a source that names nothing, without reading what it names.
///
/// # Errors
///
/// [`Error::Missing`], [`Error::UnknownLayoutName`] or [`Error::NoPath`].
pub fn find(config: &DataConfig) -> Result<(), Error> {
    if config.source == SYNTHETIC { Ok(()) } else { named(&config.source).map(drop) }
}

/// The layout and the path that a source names.
fn locate<'a>(source: &'a str, limits: &Limits) -> Result<(Layout, &'a Path), Error> {
    match named(source)? {
        (Some(layout), path) => Ok((layout, path)),
        (None, path) => Ok((recognise(path, limits)?, path)),
    }
}

/// The path that a source names, which is there, and the layout, if it names one.
fn named(source: &str) -> Result<(Option<Layout>, &Path), Error> {
    for (name, layout) in NAMES {
        if let Some(path) = source.strip_prefix(name) {
            if path.is_empty() {
                return Err(Error::NoPath { given: source.to_owned() });
            }
            let path = Path::new(path);
            refuse_missing(path)?;
            return Ok((Some(layout), path));
        }
    }
    let path = Path::new(source);
    known_name(source, path)?;
    refuse_missing(path)?;
    Ok((None, path))
}

/// Refuses a path that leads to nothing, with the name that is most like it in the same folder, if one is.
fn refuse_missing(path: &Path) -> Result<(), Error> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        _ => return Ok(()),
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = file::sorted_entries(folder.unwrap_or(Path::new("."))).unwrap_or_default();
    let name = |path: &Path| String::from_utf8_lossy(file::name_bytes(path)).into_owned();
    let names: Vec<String> = entries.iter().map(|path| name(path)).collect();
    let near = tamis_core::near(&name(path), names.iter().map(String::as_str));
    let hint =
        near.map(|near| format!("; hint: beside it is `{}`", path.with_file_name(near).display()));
    Err(Error::Missing { path: path.to_owned(), hint: hint.unwrap_or_default() })
}

/// Refuses a name before a colon that is none of [`NAMES`], unless there is a file of the whole name.
/// A single letter may be a drive.
fn known_name(source: &str, path: &Path) -> Result<(), Error> {
    let Some((found, _)) = source.split_once(':') else { return Ok(()) };
    let is_name =
        found.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if found.len() < 2 || !is_name || path.exists() {
        return Ok(());
    }
    let names = NAMES.map(|(name, _)| name.trim_end_matches(':'));
    let (given, found) = (source.to_owned(), found.to_owned());
    Err(Error::UnknownLayoutName { given, found, expected: names.join(", ") })
}

fn recognise(path: &Path, limits: &Limits) -> Result<Layout, Error> {
    let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
    let layout = if metadata.is_dir() { in_folder(path)? } else { in_file(path, limits)? };
    layout.ok_or_else(|| Error::UnknownLayout { path: path.to_owned() })
}

fn in_folder(path: &Path) -> Result<Option<Layout>, Error> {
    let cifar = [&cifar::CIFAR10, &cifar::CIFAR100].into_iter().find(|cifar| cifar.is_here(path));
    if idx::is_here(path) {
        return Ok(Some(Layout::Idx));
    }
    if let Some(format) = cifar {
        return Ok(Some(Layout::Cifar(format)));
    }
    if parquet::is_here(path) {
        return Ok(Some(Layout::Encoded(Kind::Parquet)));
    }
    if webdataset::is_here(path) {
        return Ok(Some(Layout::Encoded(Kind::WebDataset)));
    }
    let holds_folders = file::sorted_entries(path)?.iter().any(|entry| entry.is_dir());
    // Images that lie in no folder are refused as such.
    Ok((holds_folders || folder::holds_images(path)).then_some(Layout::Encoded(Kind::Folder)))
}

fn in_file(path: &Path, limits: &Limits) -> Result<Option<Layout>, Error> {
    if is_pack(path) {
        return Ok(Some(Layout::Pack));
    }
    if parquet::is_file(path) {
        return Ok(Some(Layout::Encoded(Kind::Parquet)));
    }
    if npz::is_file(path) {
        return Ok(Some(Layout::Npz));
    }
    if webdataset::is_file(path) {
        return Ok(Some(Layout::Encoded(Kind::WebDataset)));
    }
    if archive::is_file(path) {
        return Ok(Some(Layout::Encoded(Kind::Archive)));
    }
    let content = file::read(path, limits)?;
    if content.starts_with(&idx::IMAGES_MAGIC) {
        return Ok(Some(Layout::Idx));
    }
    let formats = [&cifar::CIFAR10, &cifar::CIFAR100];
    Ok(formats.into_iter().find(|format| format.fits(&content)).map(Layout::Cifar))
}

type Assembled = (String, Dataset, Option<Dataset>);

fn assemble(raw: RawData, config: &DataConfig, findings: &mut Findings) -> Option<Assembled> {
    let fit = Fit::new(config);
    let classes = Classes::of(&raw.train, &raw.names);
    findings.notes.extend(classes.note());
    let train = findings.keep(classes.dataset(fit.apply_all(raw.train)))?;
    let test = raw.test.and_then(|test| findings.keep(classes.dataset(fit.apply_all(test))));
    Some((raw.name, train, test))
}

fn shorten(train: Dataset, config: &DataConfig) -> Result<Dataset, Error> {
    match config.train {
        Some(n) if n != train.len() => train.first(n),
        _ => Ok(train),
    }
}

fn same_shape(train: &Dataset, test: Option<&Dataset>) -> Result<(), Error> {
    let train = train.shape();
    match test.map(Dataset::shape).filter(|&test| test != train) {
        Some(test) => Err(ShapeError::Splits { train, test }.into()),
        None => Ok(()),
    }
}

/// Notes on classes that a split has no images of.
fn tell_empty(train: &Dataset, test: Option<&Dataset>, findings: &mut Findings) {
    for (split, name) in [(Some(train), "training"), (test, "test")] {
        let Some(split) = split else { continue };
        let counts = split.class_counts();
        let empty = split.classes().iter().zip(&counts).filter(|(_, count)| **count == 0);
        let empty: Vec<String> = empty.map(|(class, _)| class.clone()).collect();
        findings.note_list(&format!("classes without {name} images"), &empty);
    }
}
