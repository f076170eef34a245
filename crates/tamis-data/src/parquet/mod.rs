//! Images in Parquet files, as Hugging Face `datasets` writes them: a column of encoded images, a column of
//! labels, the names of the classes in the metadata; a split in one file or in several, its shards.
//!
//! Samples are in the order of the rows, shard by shard. Labels are read first, so that classes and numbers
//! of images are known before any image is; images are read a few at a time.

mod columns;
mod error;
mod labels;
mod shard;
mod shards;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parquet::data_type::ByteArray;

pub use self::error::ParquetError;
use self::labels::{Labelled, names_of, refuse_other_names, refuse_unknown};
use self::shard::Shard;
pub(crate) use self::shards::is_here;
use self::shards::{Shards, is_named, shards_of};
use crate::file::name_bytes;
use crate::findings::Findings;
use crate::fit::Fit;
use crate::images::{
    CHUNK, Claim, Collected, Encoded, FileKind, Intake, Split, Survey, decode, joined, measure,
};
use crate::raw::RawData;
use crate::store::Store;
use crate::watch::{Count, Watch};
use crate::{DataConfig, Error, ImageShape, Limits, file};

/// How a Parquet file begins and ends.
const MAGIC: &[u8] = b"PAR1";

/// Whether a file is a Parquet file, by its beginning or its name.
pub(crate) fn is_file(path: &Path) -> bool {
    is_named(path) || file::beginning(path, MAGIC.len()).is_ok_and(|start| start == MAGIC)
}

/// Parquet files whose labels are read, and none of whose images are.
pub(crate) struct Contents {
    /// What the data is called.
    pub(crate) name: String,
    root: PathBuf,
    train: Vec<Labelled>,
    test: Option<Vec<Labelled>>,
    /// The labels of the training split, with their names.
    pub(crate) names: BTreeMap<u32, String>,
}

impl Contents {
    /// Looks through a folder with both splits, or one file as training split.
    pub(crate) fn of(path: &Path, findings: &mut Findings) -> Option<Contents> {
        let shards = if path.is_dir() {
            let shards = Shards::in_folder(path, findings).map_err(Error::from);
            findings.keep(shards)?
        } else {
            tell_part(path, findings);
            Shards { train: vec![path.to_owned()], test: None }
        };
        let train = labels::read(&shards.train, findings);
        let mut test = shards.test.map(|test| labels::read(&test, findings));
        refuse_other_names(train.iter().chain(test.iter().flatten()), findings);
        refuse_empty(path, [Some(&train), test.as_ref()], findings);
        let names = names_of(&train);
        if let Some(test) = test.as_mut().filter(|_| !names.is_empty()) {
            refuse_unknown(test, &names, findings);
        }
        let (name, root) = title(path);
        Some(Contents { name, root, train, test, names })
    }

    /// The images of the training and of the test split.
    pub(crate) fn images(&self) -> [usize; 2] {
        let rows = |shards: &[Labelled]| {
            shards.iter().map(|shard| shard.labels.iter().flatten().count()).sum()
        };
        [rows(&self.train), self.test.as_deref().map_or(0, rows)]
    }

    /// Measures the images of both splits.
    pub(crate) fn survey(&self, survey: &mut Survey<'_>) {
        let test = self.test.as_deref().unwrap_or_default();
        for (split, shards) in [(Split::Train, &*self.train), (Split::Test, test)] {
            for Labelled { path, .. } in shards {
                survey_shard(path, split, survey);
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
        let Contents { name, root, train, test, names } = self;
        let intake = Intake::new(&root, config, of_train, &mut count).without_files();
        let train = read_split(&train, intake, findings);
        let train = findings.keep(train);
        // What makes it useless to go on is a problem already.
        let test = train.as_ref().and(test).and_then(|test| {
            let intake = Intake::new(&root, config, of_test, &mut count).without_files();
            let read = read_split(&test, intake, findings);
            findings.keep(read)
        });
        joined(name, train?, test, names, findings)
    }
}

/// A split that is sound and has no rows is a problem.
fn refuse_empty(path: &Path, splits: [Option<&Vec<Labelled>>; 2], findings: &mut Findings) {
    let is_empty = |split: &Vec<Labelled>| split.iter().all(|shard| shard.labels.is_empty());
    if findings.problems.is_empty() && splits.into_iter().flatten().any(is_empty) {
        findings.problems.push(Error::Empty { path: path.to_owned() });
    }
}

/// Notes on a file that is one of several.
fn tell_part(path: &Path, findings: &mut Findings) {
    if let Some(of) = shards_of(path) {
        let text =
            format!("one of the {of} files of its split is read; give the folder to read all");
        findings.notes.push(text);
    }
}

/// What the data is called, and what paths in messages are told below.
fn title(path: &Path) -> (String, PathBuf) {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return (String::from_utf8_lossy(name_bytes(&whole)).into_owned(), path.to_owned());
    }
    let name = whole.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    (name, path.parent().map(Path::to_owned).unwrap_or_default())
}

/// A row of a file.
struct Row<'a> {
    path: &'a Path,
    row: usize,
    label: u32,
    image: ByteArray,
}

impl Encoded for Row<'_> {
    fn place(&self) -> Cow<'_, Path> {
        let mut place = self.path.as_os_str().to_owned();
        place.push(format!(", row {}", self.row));
        Cow::Owned(PathBuf::from(place))
    }

    fn label(&self) -> u32 {
        self.label
    }

    fn measure(&self, limits: &Limits) -> Option<ImageShape> {
        measure(self.image.data(), Claim::Image, limits)
    }

    fn decode(&self, limits: &Limits, fit: Fit) -> Result<FileKind, Error> {
        let image = &self.image;
        if image.len() as u64 > limits.file_bytes {
            let (path, limit) = (self.place().into_owned(), limits.file_bytes);
            return Err(Error::TooLarge { path, limit });
        }
        decode(image.data(), &self.place(), Claim::Image, limits, fit)
    }
}

/// Measures the images of a file, up to what is damaged in it, which is told when it is read.
fn survey_shard(path: &Path, split: Split, survey: &mut Survey<'_>) {
    let Ok(shard) = Shard::open(path) else { return };
    let mut images = shard.images();
    while let Ok(Some(chunk)) = images.next(CHUNK) {
        let rows = chunk.into_iter().flatten().map(|image| Row { path, row: 0, label: 0, image });
        survey.take(split, &Vec::from_iter(rows));
    }
}

/// Reads the images of a split; fails if it is useless to go on.
fn read_split<S: Store>(
    shards: &[Labelled],
    mut intake: Intake<'_, '_, '_, S>,
    findings: &mut Findings,
) -> Result<Collected<S>, Error> {
    for shard in shards {
        read_shard(shard, &mut intake, findings)?;
    }
    Ok(intake.finish(findings))
}

/// Reads the images of a file whose labels are known. What is damaged in it is a problem among others.
fn read_shard<S: Store>(
    Labelled { path, labels, .. }: &Labelled,
    intake: &mut Intake<'_, '_, '_, S>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let Some(shard) = findings.keep(Shard::open(path)) else { return Ok(()) };
    let (mut images, mut first, mut missing) = (shard.images(), 0, Vec::new());
    while let Some(Some(chunk)) = findings.keep(images.next(CHUNK)) {
        let (rows, mut found) = (first..first + chunk.len(), Vec::with_capacity(chunk.len()));
        first = rows.end;
        for (row, image) in rows.zip(chunk) {
            // A row whose label cannot be used is a problem already.
            match (image, labels.get(row).copied().flatten()) {
                (Some(image), Some(label)) => found.push(Row { path, row, label, image }),
                (None, _) => missing.push(row),
                _ => {}
            }
        }
        intake.take(&found, findings)?;
    }
    if let Some((&row, more)) = missing.split_first() {
        let (path, column) = (path.clone(), shard.columns.image.name.clone());
        let more = more.len();
        findings.problems.push(ParquetError::NoImages { path, column, row, more }.into());
    }
    Ok(())
}
