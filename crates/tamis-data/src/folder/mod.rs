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
use self::decode::decode;
use self::names::{difference, look};
use self::scan::{ClassFolder, Scanner};
use self::splits::{Splits, taken_for_classes};
use crate::findings::{Findings, Tally};
use crate::fit::Fit;
use crate::raw::RawData;
use crate::{DataConfig, Error};

pub use self::single::{image_files, read_image};
pub(crate) use self::skip::holds_images;

/// Images decoded at a time: bounds the memory held by images that have no place yet.
const CHUNK: usize = 64;

/// Reads both splits of an image folder.
pub(crate) fn read(root: &Path, config: &DataConfig, findings: &mut Findings) -> Option<RawData> {
    let mut scanner = findings.keep(Scanner::new(root, config.follow_links))?;
    let data = read_splits(&mut scanner, config, findings);
    scanner.tell(findings);
    data
}

fn read_splits(
    scanner: &mut Scanner,
    config: &DataConfig,
    findings: &mut Findings,
) -> Option<RawData> {
    let splits = Splits::of(scanner, findings)?;
    let train = class_folders(scanner, &splits.train, findings)?;
    let names: Vec<String> = train.iter().map(|class| class.name.clone()).collect();
    let test = splits.test.and_then(|test| class_folders(scanner, &test, findings));
    let root = scanner.root();
    let train = read_split(root, train, &names, config, findings);
    let test = test.map(|test| read_split(root, test, &names, config, findings));
    findings.tally = tally(&train, test.as_ref(), &names);
    let test = test.and_then(|test| test.split);
    let (name, train) = (scanner.name(), train.split?);
    Some(RawData { name, train, test, names: (0..).zip(names).collect() })
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
fn tally(train: &Collected, test: Option<&Collected>, names: &[String]) -> Option<Tally> {
    let mixed = train.is_mixed || test.is_some_and(|test| test.is_mixed);
    mixed.then(|| Tally {
        classes: names.to_vec(),
        train: train.class_counts.clone(),
        test: test.map(|test| test.class_counts.clone()),
    })
}

fn read_split(
    root: &Path,
    classes: Vec<ClassFolder>,
    names: &[String],
    config: &DataConfig,
    findings: &mut Findings,
) -> Collected {
    let fit = Fit::new(config);
    let mut collector = Collector::new(root, names.len());
    for class in classes {
        let Some(label) = label_of(&class, names, findings) else { continue };
        for files in class.files.chunks(CHUNK) {
            let images: Vec<_> =
                files.par_iter().map(|file| decode(file, &config.limits, fit)).collect();
            for (file, image) in files.iter().zip(images) {
                collector.add(file, label, image, findings);
            }
        }
        collector.end_class(class.path, findings);
    }
    collector.finish(findings)
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
