//! Image folders: `ROOT/CLASS/*.png`, or splits of such, `ROOT/train/CLASS/*.png` with `test/` or `val/`
//! beside.
//!
//! Samples are in the order of torchvision's `ImageFolder`: classes by name, in a class the files of a
//! folder by name before those of the folders in it. What a file is, its content decides; files that are
//! no images and do not claim to be are ignored and reported, and so is every folder that is not read.

mod names;
mod roles;
mod scan;
mod single;
mod skip;
mod splits;
mod tree;

use std::borrow::Cow;
use std::path::Path;

use self::names::{difference, look};
use self::scan::{ClassFolder, Scanner};
use self::splits::{Splits, taken_for_classes};
use self::tree::Disk;
use crate::file::{name_bytes, sorted_entries};
use crate::findings::Findings;
use crate::fit::Fit;
use crate::images::{
    BEGINNING, CHUNK, Claim, Collected, Encoded, FileKind, Intake, Split, Survey, by_ending,
    decode, joined, measure,
};
use crate::raw::RawData;
use crate::store::Store;
use crate::watch::{Count, Watch};
use crate::{DataConfig, Error, ImageShape, Limits};

pub(crate) use self::roles::{Role, role};
pub use self::single::{image_files, read_image};
pub(crate) use self::skip::is_clutter;
pub(crate) use self::tree::{Entries, Kind, Tree};

/// Whether a folder on the disk holds files that their names call images.
pub(crate) fn holds_images(folder: &Path) -> bool {
    Disk::new(folder, false).is_ok_and(|disk| skip::holds_images(&disk, folder))
}

/// Whether a folder on the disk holds folders that are not skipped by their names.
pub(crate) fn has_folders(folder: &Path) -> bool {
    let entries = sorted_entries(folder).unwrap_or_default();
    entries.iter().any(|path| path.is_dir() && !is_clutter(name_bytes(path)))
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
    /// Looks through an image folder on the disk.
    pub(crate) fn of(
        root: &Path,
        config: &DataConfig,
        findings: &mut Findings,
    ) -> Option<Contents> {
        let disk = findings.keep(Disk::new(root, config.follow_links))?;
        Contents::of_tree(Box::new(disk), findings)
    }

    /// Looks through an image folder, wherever it lies.
    pub(crate) fn of_tree(tree: Box<dyn Tree>, findings: &mut Findings) -> Option<Contents> {
        let mut scanner = findings.keep(Scanner::new(tree))?;
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
        self.scanner.tree().name()
    }

    /// The images of the training and of the test split, as far as their names tell.
    pub(crate) fn images(&self) -> [usize; 2] {
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

    /// Measures the images of both splits.
    pub(crate) fn survey(&self, survey: &mut Survey<'_>) {
        let tree = self.scanner.tree();
        let test = self.test.as_deref().unwrap_or_default();
        for (split, classes) in [(Split::Train, &*self.train), (Split::Test, test)] {
            for files in classes.iter().flat_map(|class| class.files.chunks(CHUNK)) {
                let files = files.iter().map(|path| ImageFile { tree, path, label: 0 });
                survey.take(split, &Vec::from_iter(files));
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
        let Contents { scanner, train, test, names } = self;
        let mut count = Count::new(all, watch).with_free(stores[0].free());
        let [of_train, of_test] = stores;
        let intake = Intake::new(scanner.tree().root(), config, of_train, &mut count);
        let train = read_split(&scanner, train, &names, intake, findings);
        let train = findings.keep(train);
        // What makes it useless to go on is a problem already.
        let test = train.as_ref().and(test).and_then(|test| {
            let intake = Intake::new(scanner.tree().root(), config, of_test, &mut count);
            let read = read_split(&scanner, test, &names, intake, findings);
            findings.keep(read)
        });
        let name = scanner.tree().name();
        scanner.tell(findings);
        joined(name, train?, test, (0..).zip(names).collect(), findings)
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
    match taken_for_classes(scanner.tree(), split, &classes) {
        Some(problem) => {
            findings.problems.push(problem);
            None
        }
        None => Some(classes),
    }
}

/// A file of a class folder.
struct ImageFile<'a> {
    tree: &'a dyn Tree,
    path: &'a Path,
    label: u32,
}

impl Encoded for ImageFile<'_> {
    fn place(&self) -> Cow<'_, Path> {
        Cow::Borrowed(self.path)
    }

    fn label(&self) -> u32 {
        self.label
    }

    fn measure(&self, limits: &Limits) -> Option<ImageShape> {
        let claim = Claim::of_name(self.path);
        let beginning = self.tree.beginning(self.path, BEGINNING).ok()?;
        // What tells the shape may stand far behind, in some formats at the end.
        measure(&beginning, claim, limits)
            .or_else(|| measure(&self.tree.content(self.path, limits).ok()?, claim, limits))
    }

    fn decode(&self, limits: &Limits, fit: Fit) -> Result<FileKind, Error> {
        let content = self.tree.content(self.path, limits)?;
        decode(&content, self.path, Claim::of_name(self.path), limits, fit)
    }
}

/// Reads the files of class folders; fails if it is useless to go on.
fn read_split<S: Store>(
    scanner: &Scanner,
    classes: Vec<ClassFolder>,
    names: &[String],
    mut intake: Intake<'_, '_, '_, S>,
    findings: &mut Findings,
) -> Result<Collected<S>, Error> {
    for class in classes {
        let Some(label) = label_of(&class, names, findings) else { continue };
        for files in class.files.chunks(CHUNK) {
            let tree = scanner.tree();
            let files = files.iter().map(|path| ImageFile { tree, path, label });
            intake.take(&Vec::from_iter(files), findings)?;
        }
        intake.end_class(&class.path, findings);
    }
    Ok(intake.finish(findings))
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
