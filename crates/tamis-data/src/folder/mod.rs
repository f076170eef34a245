//! Image folders: `ROOT/CLASS/*.png`, or `ROOT/train/CLASS/*.png` with `test/` or `val/` beside.
//!
//! Classes are the folders in byte order of their names, samples the files in byte order of
//! theirs (the files of nested folders in the place of the folder). What a file is, its content
//! decides; files that are no images and do not claim to be are ignored and reported.

mod collect;
mod decode;
mod formats;
mod jpeg;
mod scan;

use std::path::Path;

use rayon::prelude::*;

use self::collect::{Collected, Collector};
use self::decode::decode;
use self::scan::{ClassFolder, Scanner, Splits};
use crate::findings::{Findings, Tally};
use crate::fit::Fit;
use crate::raw::RawData;
use crate::{DataConfig, Error};

/// Images decoded at a time: bounds the memory held by images that have no place yet.
const CHUNK: usize = 64;

/// Reads both splits of an image folder.
pub(crate) fn read(root: &Path, config: &DataConfig, findings: &mut Findings) -> Option<RawData> {
    let scanner = findings.keep(Scanner::new(root))?;
    let splits = Splits::of(root);
    findings.notes.extend(splits.note);
    let train = scanner.class_folders(&splits.train, findings);
    let names: Vec<String> = train.iter().map(|class| class.name.clone()).collect();
    let train = read_split(root, train, &names, config, findings);
    let test = splits.test.map(|test| scanner.class_folders(&test, findings));
    let test = test.map(|test| read_split(root, test, &names, config, findings));
    findings.tally = tally(&train, test.as_ref(), &names);
    let test = test.and_then(|test| test.split);
    let (name, train) = (scanner.name(), train.split?);
    Some(RawData { name, train, test, names: (0..).zip(names).collect() })
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
        let Some(label) = names.iter().position(|name| *name == class.name) else {
            findings.problems.push(Error::UnknownClass { class: class.name });
            continue;
        };
        for files in class.files.chunks(CHUNK) {
            let images: Vec<_> =
                files.par_iter().map(|file| decode(file, &config.limits, fit)).collect();
            for (file, image) in files.iter().zip(images) {
                collector.add(file, label as u32, image, findings);
            }
        }
        collector.end_class(class.path, findings);
    }
    collector.finish(findings)
}
