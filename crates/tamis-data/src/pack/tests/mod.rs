//! Packs whose checksums are right and which hold what no pack can.

mod large;

use std::fs::{File, OpenOptions};

use super::card::{About, AboutSplit};
use super::write::{Out, Room, Written, finish};
use crate::contents::Most;
use crate::fingerprint::content_hash;
use crate::store::Store;
use crate::sums::ChannelSums;
use crate::{DataConfig, Error, ImageShape, Loaded, open};

const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

/// Opens the pack of two images that is described so.
fn opened(change: impl Fn(&mut About, &mut Written)) -> Result<Loaded, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let images = [[1, 2], [3, 4]];
    let mut sums = ChannelSums::default();
    images.iter().for_each(|image| sums.add(image, SHAPE));
    let mut split = Written {
        shape: SHAPE,
        hashes: images.iter().map(|image| content_hash(SHAPE, image)).collect(),
        sums: sums.clone(),
        labels: vec![0, 1],
        files: Vec::new(),
    };
    let mut about = About {
        name: "small".to_owned(),
        image: [1, 1, 2],
        classes: vec!["a".to_owned(), "b".to_owned()],
        file_labels: vec![0, 1],
        fingerprint: String::new(),
        train: AboutSplit { samples: 2, order: String::new(), sums },
        test: None,
    };
    change(&mut about, &mut split);
    let most = Most { samples: split.labels.len(), files: split.files.clone() };
    let room = Room::of("small", &about.classes, &[most]);
    let file: File = OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
    let out = Out { path: &path, file: &file };
    room.keep(out).unwrap();
    let mut writer = super::write::SplitWriter::new(out, None);
    images.iter().for_each(|image| writer.push(SHAPE, image).unwrap());
    finish(out, room, about, &[split]).unwrap();
    open(&DataConfig::from_source(path.to_str().unwrap()))
}

#[test]
fn what_no_pack_can_hold_is_refused_in_words_although_its_checksum_is_right() {
    assert_eq!(opened(|_, _| {}).unwrap().train.len(), 2);
    type Change = fn(&mut About, &mut Written);
    let cases: [(Change, &str); 8] = [
        (|about, _| about.file_labels = vec![0], "other numbers of classes"),
        (|_, split| split.files = vec!["one.png".to_owned()], "other numbers of files"),
        (|about, _| about.train.sums.squares = vec![1], "no images have"),
        (|about, _| about.train.sums = ChannelSums::default(), "no images have"),
        (|_, split| split.labels[1] = 2, "as a label"),
        (|about, _| about.image = [1, 2, 1], "`train.pixels`"),
        (|about, _| about.train.samples = 3, "`train.pixels`"),
        (|about, _| about.image = [1, 1 << 20, 1], "expected at most"),
    ];
    for (change, expected) in cases {
        let error = opened(change).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("small.safetensors"), "{error}");
    }
}
