//! Tar shards as the Python library `webdataset` writes them: neighbouring entries that are called the same
//! up to the first dot are one sample, an image with a label in a file `.cls` or `.json`.
//!
//! Samples are in the order of the archives, shard by shard, and called by the shard and the image's entry.
//! Labels are read first, so that classes and numbers of images are known before any image is decoded.
//! Nothing is unpacked.

mod error;
mod samples;
mod shards;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub use self::error::WebDatasetError;
use self::samples::{Sample, Unread, is_image, parts};
use self::shards::{Shards, archives_in};
use crate::archive::{self, Content, Span};
use crate::file::name_bytes;
use crate::findings::Findings;
use crate::fit::Fit;
use crate::folder::{has_folders, holds_images};
use crate::images::{
    BEGINNING, CHUNK, Claim, Collected, Encoded, FileKind, Intake, Split, Survey, decode, joined,
    measure,
};
use crate::raw::RawData;
use crate::store::Store;
use crate::watch::{Count, Watch};
use crate::{DataConfig, Error, ImageShape, Limits, file};

/// Entries that are looked at to tell a shard from the archive of a folder, and bytes at most.
const LOOKED_AT: usize = 64;
const LOOKED_AT_BYTES: u64 = 64 << 20;

/// Whether an archive is a shard: whether an image among its first entries has a file `.cls` beside it, or
/// a file `.json` where no folder is around them.
pub(crate) fn is_file(path: &Path) -> bool {
    archive::is_file(path) && pairs(path).is_ok_and(|is_paired| is_paired)
}

/// Whether a folder is one of shards, and holds neither folders nor images.
pub(crate) fn is_here(folder: &Path) -> bool {
    let first = archives_in(folder).into_iter().next();
    first.is_some_and(|first| is_file(&first)) && !has_folders(folder) && !holds_images(folder)
}

fn pairs(path: &Path) -> Result<bool, Error> {
    let file = BufReader::new(file::open(path)?);
    let reader: Box<dyn Read> = match file::is_packed(path)? {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut archive = tar::Archive::new(reader.take(LOOKED_AT_BYTES));
    let (mut images, mut labels) = (BTreeSet::new(), BTreeSet::new());
    for entry in archive.entries().map_err(Error::read(path))?.take(LOOKED_AT) {
        // What is damaged is told by whoever reads it.
        let Ok(entry) = entry else { break };
        let Some((key, ending)) = entry.path().ok().and_then(|path| parts(&path)) else { continue };
        let is_bare = !key.trim_start_matches("./").contains('/');
        if is_image(&ending) {
            images.insert(key);
        } else if ending == "cls" || (ending == "json" && is_bare) {
            labels.insert(key);
        }
    }
    Ok(!images.is_disjoint(&labels))
}

/// A shard whose labels are read.
struct Shard {
    path: PathBuf,
    samples: Vec<Sample>,
}

/// Shards whose labels are read, and none of whose images are.
pub(crate) struct Contents {
    /// What the data is called.
    pub(crate) name: String,
    /// What paths in messages are told below.
    root: PathBuf,
    limits: Limits,
    train: Vec<Shard>,
    test: Option<Vec<Shard>>,
    /// Names of the labels of the training split.
    pub(crate) names: BTreeMap<u32, String>,
}

impl Contents {
    /// Looks through a folder of shards, or one as the training split.
    pub(crate) fn of(path: &Path, limits: &Limits, findings: &mut Findings) -> Option<Contents> {
        let shards = match path.is_dir() {
            true => Shards::in_folder(path, findings).map_err(Error::from),
            false => Ok(Shards { train: vec![path.to_owned()], test: None }),
        };
        let shards = findings.keep(shards)?;
        let mut unread = Unread::default();
        let mut look = |paths| looked_through(paths, limits, &mut unread, findings);
        let (train, mut test) = (look(shards.train), shards.test.map(&mut look));
        unread.tell(findings);
        let labels = train.iter().flat_map(|shard| &shard.samples).map(|sample| sample.label);
        let names: BTreeMap<u32, String> = labels.map(|label| (label, label.to_string())).collect();
        if names.is_empty() && findings.problems.is_empty() {
            findings.problems.push(Error::Empty { path: path.to_owned() });
        }
        if let Some(test) = test.as_mut().filter(|_| !names.is_empty()) {
            refuse_unknown(test, &names, findings);
        }
        let (name, root) = title(path);
        Some(Contents { name, root, limits: *limits, train, test, names })
    }

    fn splits(&self) -> [&[Shard]; 2] {
        [&self.train, self.test.as_deref().unwrap_or_default()]
    }

    /// The images of the training and of the test split.
    pub(crate) fn images(&self) -> [usize; 2] {
        self.splits().map(|shards| shards.iter().map(|shard| shard.samples.len()).sum())
    }

    /// The files of the training and of the test split, by their shards and entries.
    pub(crate) fn files(&self) -> [Vec<String>; 2] {
        self.splits().map(|shards| {
            let places = shards.iter().flat_map(|shard| {
                let shown = shard.path.strip_prefix(&self.root).unwrap_or(&shard.path);
                shard.samples.iter().map(move |sample| shown.join(&sample.image))
            });
            places.map(|place| place.display().to_string()).collect()
        })
    }

    /// Measures the images of both splits, up to what is damaged, which is told when it is read.
    pub(crate) fn survey(&self, survey: &mut Survey<'_>) {
        for (split, shards) in [Split::Train, Split::Test].into_iter().zip(self.splits()) {
            for shard in shards {
                let Ok(content) = Content::open(&shard.path, &self.limits) else { continue };
                for samples in shard.samples.chunks(CHUNK) {
                    survey.take(split, &shard.images(samples, &content));
                }
            }
        }
    }

    /// Reads both splits; the first of `stores` takes the training images.
    pub(crate) fn read<S: Store>(
        self,
        config: &DataConfig,
        stores: [S; 2],
        watch: &mut Watch,
        findings: &mut Findings,
    ) -> Option<RawData<S>> {
        let all = self.images().iter().sum();
        let mut count = Count::new(all, watch).with_free(stores[0].free());
        let [of_train, of_test] = stores;
        let Contents { name, root, train, test, names, .. } = self;
        let intake = Intake::new(&root, config, of_train, &mut count);
        let train = read_split(&train, &config.limits, intake, findings);
        let train = findings.keep(train);
        // What makes it useless to go on is a problem already.
        let test = train.as_ref().and(test).and_then(|test| {
            let intake = Intake::new(&root, config, of_test, &mut count);
            let read = read_split(&test, &config.limits, intake, findings);
            findings.keep(read)
        });
        joined(name, train?, test, names, findings)
    }
}

/// What the data is called, and what paths in messages are told below.
fn title(path: &Path) -> (String, PathBuf) {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = String::from_utf8_lossy(name_bytes(&whole)).into_owned();
    if path.is_dir() {
        return (name, path.to_owned());
    }
    let name = archive::without_ending(&whole).unwrap_or(name);
    (name, path.parent().map(Path::to_owned).unwrap_or_default())
}

/// Reads the labels of some shards.
fn looked_through(
    paths: Vec<PathBuf>,
    limits: &Limits,
    unread: &mut Unread,
    findings: &mut Findings,
) -> Vec<Shard> {
    let shards = paths.into_iter().filter_map(|path| {
        let content = findings.keep(Content::open(&path, limits))?;
        let samples = samples::read(&path, &content, limits, unread, findings);
        let samples = findings.keep(samples)?;
        Some(Shard { path, samples })
    });
    shards.collect()
}

/// Takes samples whose labels the training split lacks from those of the test split; each label is a problem.
fn refuse_unknown(test: &mut [Shard], known: &BTreeMap<u32, String>, findings: &mut Findings) {
    let mut unknown = BTreeSet::new();
    for shard in test {
        let labels = shard.samples.iter().map(|sample| sample.label);
        unknown.extend(labels.filter(|label| !known.contains_key(label)));
        shard.samples.retain(|sample| known.contains_key(&sample.label));
    }
    let problems =
        unknown.into_iter().map(|label| Error::UnknownClass { class: label.to_string() });
    findings.problems.extend(problems);
}

/// Reads the images of a split; fails if it is useless to go on.
fn read_split<S: Store>(
    shards: &[Shard],
    limits: &Limits,
    mut intake: Intake<'_, '_, '_, S>,
    findings: &mut Findings,
) -> Result<Collected<S>, Error> {
    for shard in shards {
        let Some(content) = findings.keep(Content::open(&shard.path, limits)) else { continue };
        for samples in shard.samples.chunks(CHUNK) {
            intake.take(&shard.images(samples, &content), findings)?;
        }
    }
    Ok(intake.finish(findings))
}

impl Shard {
    fn images<'a>(&'a self, samples: &'a [Sample], content: &'a Content) -> Vec<Image<'a>> {
        let path = &*self.path;
        samples.iter().map(|sample| Image { path, sample, content }).collect()
    }
}

/// The image of a sample.
struct Image<'a> {
    /// The shard.
    path: &'a Path,
    sample: &'a Sample,
    content: &'a Content,
}

impl Image<'_> {
    fn bytes(&self, most: u64) -> Result<Vec<u8>, Error> {
        let Span { start, bytes } = self.sample.span;
        self.content.read(Span { start, bytes: bytes.min(most) }, &self.place())
    }

    fn claim(&self) -> Claim {
        Claim::of_name(&self.sample.image)
    }
}

impl Encoded for Image<'_> {
    fn place(&self) -> Cow<'_, Path> {
        Cow::Owned(self.path.join(&self.sample.image))
    }

    fn label(&self) -> u32 {
        self.sample.label
    }

    fn measure(&self, limits: &Limits) -> Option<ImageShape> {
        let within = |most: u64| measure(&self.bytes(most).ok()?, self.claim(), limits);
        within(BEGINNING as u64).or_else(|| within(u64::MAX))
    }

    fn decode(&self, limits: &Limits, fit: Fit) -> Result<FileKind, Error> {
        decode(&self.bytes(u64::MAX)?, &self.place(), self.claim(), limits, fit)
    }
}
