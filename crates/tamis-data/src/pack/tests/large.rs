//! A pack of the size of ImageNet, for measuring: `cargo test --release -p tamis-data --lib -- --ignored
//! large --nocapture`. `TAMIS_LARGE_PACK` names the file to make; its pixels take no room on most disks.

#![allow(clippy::print_stdout, reason = "it measures")]

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Instant;

use super::super::card::{About, AboutSplit};
use super::super::write::{Out, Room, Written, finish};
use crate::contents::Most;
use crate::fingerprint::{Samples, fingerprint, order};
use crate::sums::ChannelSums;
use crate::{DataConfig, ImageShape, Normalization, open};

const SAMPLES: usize = 1_281_167;
const CLASSES: u32 = 1000;
const SHAPE: ImageShape = ImageShape { channels: 3, height: 64, width: 64 };

/// A split of black images that are told apart by invented hashes.
fn split() -> Written {
    let samples = 0..SAMPLES as u32;
    let pixels = (SAMPLES * SHAPE.plane()) as u64;
    Written {
        shape: SHAPE,
        hashes: samples.clone().map(|id| *blake3::hash(&id.to_le_bytes()).as_bytes()).collect(),
        // As of pixels that are black and white by halves: of black ones alone nothing is learned.
        sums: ChannelSums {
            sums: vec![pixels / 2 * 255; 3],
            squares: vec![pixels / 2 * 65_025; 3],
        },
        labels: samples.clone().map(|id| id % CLASSES).collect(),
        files: samples
            .map(|id| format!("n{:08}/n{:08}_{id:07}.JPEG", id % CLASSES, id % CLASSES))
            .collect(),
    }
}

#[test]
#[ignore = "makes a file of 15.8 GB, mostly holes"]
fn a_large_pack_is_opened_without_its_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var_os("TAMIS_LARGE_PACK").map(PathBuf::from);
    let path = path.unwrap_or_else(|| folder.path().join("large.safetensors"));
    let (split, classes) = (split(), (0..CLASSES).map(|class| format!("n{class:08}")));
    let classes: Vec<String> = classes.collect();
    let room =
        Room::of("large", &classes, &[Most { samples: SAMPLES, files: split.files.clone() }]);
    let samples = Samples { hashes: &split.hashes, labels: &split.labels };
    let about = About {
        name: "large".to_owned(),
        image: [3, 64, 64],
        classes,
        file_labels: (0..CLASSES).collect(),
        fingerprint: fingerprint(samples, None),
        train: AboutSplit { samples: SAMPLES, order: order(samples), sums: split.sums.clone() },
        test: None,
    };
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
    let out = Out { path: &path, file: &file };
    finish(out, room, about, &[split]).unwrap();
    let pixels = (SAMPLES * SHAPE.len()) as u64;
    file.set_len(file.metadata().unwrap().len() + pixels).unwrap();
    let started = Instant::now();
    let loaded = open(&DataConfig::from_source(path.to_str().unwrap())).unwrap();
    println!("opened in {:.2} s", started.elapsed().as_secs_f64());
    assert_eq!((loaded.train.len(), loaded.train.shape()), (SAMPLES, SHAPE));
    let started = Instant::now();
    assert_eq!(Normalization::of(&loaded.train).unwrap().mean.len(), 3);
    assert!(started.elapsed().as_secs_f64() < 0.1, "no image is read");
}
