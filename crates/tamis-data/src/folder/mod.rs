//! Image folders: `ROOT/CLASS/*.png`, or splits of such, `ROOT/train/CLASS/*.png` with `test/` or `val/`
//! beside.
//!
//! Samples are in the order of torchvision's `ImageFolder`: classes by name, in a class the files of a
//! folder by name before those of the folders in it. What a file is, its content decides; files that are
//! no images and do not claim to be are ignored and reported, and so is every folder that is not read.

mod collect;
mod decode;
mod formats;
mod jpeg;
mod names;
mod roles;
mod scan;
mod single;
mod skip;
mod splits;

use std::path::Path;

use rayon::prelude::*;

use self::collect::{Collected, Collector};
use self::decode::{Decoded, FileKind, decode};
use self::formats::by_ending;
use self::names::{difference, look};
use self::scan::{ClassFolder, Scanner};
use self::splits::{Splits, taken_for_classes};
use crate::findings::{Findings, Tally};
use crate::fit::Fit;
use crate::raw::RawData;
use crate::store::{InMemory, Store};
use crate::watch::{Count, Watch};
use crate::{DataConfig, Error};

pub use self::single::{image_files, read_image};
pub(crate) use self::skip::holds_images;

/// Images decoded at a time: bounds the memory held by images that have no place yet.
const CHUNK: usize = 64;

/// Reads both splits of an image folder into memory.
pub(crate) fn read(
    root: &Path,
    config: &DataConfig,
    watch: &mut Watch,
    findings: &mut Findings,
) -> Option<RawData> {
    let contents = Contents::of(root, config, findings)?;
    let stores = contents.images().map(|images| InMemory::new(images, root));
    Some(contents.read(config, stores, watch, findings)?.in_memory())
}

/// An image folder that was looked through, and none of whose files was opened.
pub(crate) struct Contents {
    scanner: Scanner,
    train: Vec<ClassFolder>,
    test: Option<Vec<ClassFolder>>,
    /// Names of the classes.
    pub(crate) names: Vec<String>,
}

impl Contents {
    /// Looks through an image folder.
    pub(crate) fn of(
        root: &Path,
        config: &DataConfig,
        findings: &mut Findings,
    ) -> Option<Contents> {
        let mut scanner = findings.keep(Scanner::new(root, config.follow_links))?;
        let found = split_folders(&mut scanner, findings);
        let Some((train, test)) = found else {
            scanner.tell(findings);
            return None;
        };
        let names = train.iter().map(|class| class.name.clone()).collect();
        Some(Contents { scanner, train, test, names })
    }

    /// What the data is called.
    pub(crate) fn name(&self) -> String {
        self.scanner.name()
    }

    /// The images of the training and of the test split, as far as their names tell.
    fn images(&self) -> [usize; 2] {
        let images = |classes: &[ClassFolder]| {
            let files = classes.iter().flat_map(|class| &class.files);
            files.filter(|file| by_ending(file).is_some()).count()
        };
        [images(&self.train), images(self.test.as_deref().unwrap_or_default())]
    }

    /// The files of the training and of the test split, images or not, by their places below the root.
    pub(crate) fn files(&self) -> [Vec<String>; 2] {
        let files = |classes: &[ClassFolder]| {
            let files = classes.iter().flat_map(|class| &class.files);
            files.map(|file| self.scanner.place(file)).collect()
        };
        [files(&self.train), files(self.test.as_deref().unwrap_or_default())]
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
        let Contents { scanner, train, test, names } = self;
        let count = Count::new(all, watch).with_free(stores[0].free());
        let mut reader = Reader { root: scanner.root(), config, names: &names, count };
        let [of_train, of_test] = stores;
        let train = reader.read_split(train, of_train, findings);
        let train = findings.keep(train);
        // What makes it useless to go on is a problem already.
        let test = train.as_ref().and(test);
        let test = test.and_then(|test| {
            let read = reader.read_split(test, of_test, findings);
            findings.keep(read)
        });
        let name = scanner.name();
        scanner.tell(findings);
        let train = train?;
        findings.tally = tally(&train, test.as_ref(), &names);
        let test = test.and_then(|test| test.split);
        Some(RawData { name, train: train.split?, test, names: (0..).zip(names).collect() })
    }
}

/// The class folders of the training and, if there is one, of the test split.
type SplitFolders = (Vec<ClassFolder>, Option<Vec<ClassFolder>>);

fn split_folders(scanner: &mut Scanner, findings: &mut Findings) -> Option<SplitFolders> {
    let splits = Splits::of(scanner, findings)?;
    let train = class_folders(scanner, &splits.train, findings)?;
    let test = splits.test.and_then(|test| class_folders(scanner, &test, findings));
    Some((train, test))
}

/// The class folders of a split; `None` if they are splits themselves, whose images are no class's.
fn class_folders(
    scanner: &mut Scanner,
    split: &Path,
    findings: &mut Findings,
) -> Option<Vec<ClassFolder>> {
    let classes = scanner.class_folders(split, findings);
    match taken_for_classes(split, &classes) {
        Some(problem) => {
            findings.problems.push(problem);
            None
        }
        None => Some(classes),
    }
}

/// What was counted, if the images of a split are not of one shape.
fn tally<S>(train: &Collected<S>, test: Option<&Collected<S>>, names: &[String]) -> Option<Tally> {
    let mixed = train.is_mixed || test.is_some_and(|test| test.is_mixed);
    mixed.then(|| Tally {
        classes: names.to_vec(),
        train: train.class_counts.clone(),
        test: test.map(|test| test.class_counts.clone()),
    })
}

/// Reads the files of class folders.
struct Reader<'a, 'b, 'c> {
    root: &'a Path,
    config: &'a DataConfig,
    /// Names of the classes.
    names: &'a [String],
    count: Count<'b, 'c>,
}

impl Reader<'_, '_, '_> {
    /// Reads a split, several files at once and all in their order; fails if it is useless to go on.
    fn read_split<S: Store>(
        &mut self,
        classes: Vec<ClassFolder>,
        store: S,
        findings: &mut Findings,
    ) -> Result<Collected<S>, Error> {
        let (fit, limits) = (Fit::new(self.config), &self.config.limits);
        let mut collector = Collector::new(self.root, self.names.len(), store);
        for class in classes {
            let Some(label) = label_of(&class, self.names, findings) else { continue };
            for files in class.files.chunks(CHUNK) {
                let images: Vec<_> =
                    files.par_iter().map(|file| decode(file, limits, fit)).collect();
                for (file, image) in files.iter().zip(images) {
                    if let Ok(FileKind::Image(Decoded { picture, .. })) = &image {
                        self.count.will_keep(picture.pixels.len())?;
                    }
                    let is_image = !matches!(image, Ok(FileKind::NoImage));
                    collector.add(file, label, image, findings)?;
                    if is_image {
                        self.count.add()?;
                    }
                }
            }
            collector.end_class(class.path, findings);
        }
        Ok(collector.finish(findings))
    }
}

/// The class of a class folder among those of the training split. A name that only looks like one of
/// them is a problem, and its images are counted there.
fn label_of(class: &ClassFolder, names: &[String], findings: &mut Findings) -> Option<u32> {
    if let Some(label) = names.iter().position(|name| *name == class.name) {
        return Some(label as u32);
    }
    let label = names.iter().position(|name| look(name) == look(&class.name));
    let class = class.name.clone();
    findings.problems.push(match label {
        Some(label) => {
            let (train, difference) = (names[label].clone(), difference(&names[label], &class));
            Error::OtherForm { class, train, difference }
        }
        None => Error::UnknownClass { class },
    });
    label.map(|label| label as u32)
}
