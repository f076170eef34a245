//! Small random images, written in every layout.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use proptest::prelude::ProptestConfig;
use tamis_core::{Key, Purpose};
use tamis_data::{DataConfig, Error, Loaded, open};
use tar::{Builder, Header};
use tempfile::TempDir;

/// An image `[channel, height, width]` with its label.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) channels: usize,
    pub(crate) side: usize,
    pub(crate) pixels: Vec<u8>,
    pub(crate) label: u8,
}

/// Random images, labels 0, 1, 2, 0, ...; `set` names the set.
pub(crate) fn samples(set: u64, count: usize, channels: usize, side: usize) -> Vec<Sample> {
    let sample = |id: usize| {
        let mut stream = Key::new(set, Purpose::Test).id(id as u64).stream();
        let pixels = (0..channels * side * side).map(|_| stream.below(256) as u8).collect();
        Sample { channels, side, pixels, label: (id % 3) as u8 }
    };
    (0..count).map(sample).collect()
}

/// So many cases of a property, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(usual),
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn write(path: impl AsRef<Path>, content: &[u8]) -> PathBuf {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    path.to_owned()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn idx_images(samples: &[Sample]) -> Vec<u8> {
    let side = samples[0].side as u32;
    let mut content = vec![0, 0, 8, 3];
    for size in [samples.len() as u32, side, side] {
        content.extend(size.to_be_bytes());
    }
    content.extend(samples.iter().flat_map(|sample| &sample.pixels));
    content
}

pub(crate) fn idx_labels(samples: &[Sample]) -> Vec<u8> {
    let mut content = vec![0, 0, 8, 1];
    content.extend((samples.len() as u32).to_be_bytes());
    content.extend(samples.iter().map(|sample| sample.label));
    content
}

pub(crate) fn write_idx(folder: &Path, split: &str, samples: &[Sample]) {
    write(folder.join(format!("{split}-images-idx3-ubyte")), &idx_images(samples));
    write(folder.join(format!("{split}-labels-idx1-ubyte")), &idx_labels(samples));
}

pub(crate) fn cifar10(samples: &[Sample]) -> Vec<u8> {
    let record = |sample: &Sample| [vec![sample.label], sample.pixels.clone()].concat();
    samples.iter().flat_map(record).collect()
}

/// Coarse label 19 everywhere: using it instead of the fine one would show.
pub(crate) fn cifar100(samples: &[Sample]) -> Vec<u8> {
    let record = |sample: &Sample| [vec![19, sample.label], sample.pixels.clone()].concat();
    samples.iter().flat_map(record).collect()
}

pub(crate) fn picture(sample: &Sample) -> DynamicImage {
    let (side, plane) = (sample.side as u32, sample.side * sample.side);
    if sample.channels == 1 {
        return GrayImage::from_raw(side, side, sample.pixels.clone()).unwrap().into();
    }
    let interleaved = (0..plane).flat_map(|at| (0..3).map(move |c| sample.pixels[c * plane + at]));
    RgbImage::from_raw(side, side, interleaved.collect()).unwrap().into()
}

pub(crate) fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut content = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut content, format).unwrap();
    content.into_inner()
}

pub(crate) fn png(sample: &Sample) -> Vec<u8> {
    encode(&picture(sample), ImageFormat::Png)
}

pub(crate) fn jpeg(sample: &Sample) -> Vec<u8> {
    encode(&picture(sample), ImageFormat::Jpeg)
}

/// One folder a label, one PNG a sample.
pub(crate) fn write_png_folder(folder: &Path, samples: &[Sample]) {
    for (id, sample) in samples.iter().enumerate() {
        write(folder.join(format!("class-{}/{id:05}.png", sample.label)), &png(sample));
    }
}

pub(crate) fn config(source: impl AsRef<Path>) -> DataConfig {
    DataConfig::from_source(source.as_ref().to_str().unwrap())
}

pub(crate) fn read(source: impl AsRef<Path>) -> Loaded {
    open(&config(source)).unwrap()
}

pub(crate) fn refusal(source: impl AsRef<Path>) -> Error {
    open(&config(source)).unwrap_err()
}

/// Two classes, `cat` and `dog`, of three images each.
pub(crate) fn sound() -> TempDir {
    let folder = folder();
    add_classes(folder.path(), 1);
    folder
}

pub(crate) fn add_classes(folder: &Path, set: u64) {
    for (id, sample) in samples(set, 6, 3, 8).iter().enumerate() {
        let class = ["cat", "dog"][id % 2];
        write(folder.join(format!("{class}/{id}.png")), &png(sample));
    }
}

pub(crate) fn sound_with(name: &str, content: &[u8]) -> TempDir {
    let folder = sound();
    write(folder.path().join(name), content);
    folder
}

pub(crate) fn refusal_with(name: &str, content: &[u8]) -> Error {
    refusal(sound_with(name, content).path())
}

/// An archive of these entries, in this order.
pub(crate) fn tar_of<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    }
    builder.into_inner().unwrap()
}
