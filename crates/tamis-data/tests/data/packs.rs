//! Packs: the same data from one file, whatever happens to that file.

use std::fs::{self, File, OpenOptions};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use tamis_core::SampleId;
use tamis_data::{
    Augmentation, BatchSource, DataConfig, Dataset, Error, Loaded, Normalization, PackError,
    Packed, Reading, check, open, open_watched, pack, stats,
};
use tempfile::TempDir;

use crate::testkit::{
    add_classes, cifar10, config, folder, read, refusal, samples, sound, write, write_idx,
    write_png_folder,
};

fn pack_into(config: &DataConfig, path: &Path) -> Result<Packed, Error> {
    let file = File::create(path).unwrap();
    pack(config, path, &file, &mut |_| ControlFlow::Continue(()))
}

/// The pack of some data, in a folder of its own.
fn packed(config: &DataConfig) -> (TempDir, PathBuf) {
    let folder = folder();
    let path = folder.path().join("data.safetensors");
    pack_into(config, &path).unwrap();
    (folder, path)
}

/// An image folder of both splits, whose names need escapes, with files that are no images.
fn photos() -> TempDir {
    let folder = folder();
    add_classes(&folder.path().join("train"), 1);
    add_classes(&folder.path().join("test"), 2);
    write(
        folder.path().join("train/cat/a \"b\" ü.png"),
        &fs::read(folder.path().join("train/cat/0.png")).unwrap(),
    );
    for number in 0..40 {
        write(folder.path().join(format!("train/cat/{number}.xml")), b"<note/>");
    }
    folder
}

fn assert_same_split(found: &Dataset, expected: &Dataset) {
    assert_eq!((found.shape(), found.labels()), (expected.shape(), expected.labels()));
    assert_eq!(found.classes(), expected.classes());
    assert_eq!(found.file_labels(), expected.file_labels());
    assert_eq!(found.order(), expected.order());
    for id in expected.ids() {
        assert_eq!(found.pixels(id).unwrap(), expected.pixels(id).unwrap(), "sample {id}");
        assert_eq!(found.file(id), expected.file(id));
    }
    assert_eq!(Normalization::of(found).unwrap(), Normalization::of(expected).unwrap());
}

fn assert_same(found: &Loaded, expected: &Loaded) {
    assert_eq!((&found.name, &found.fingerprint), (&expected.name, &expected.fingerprint));
    assert_eq!(found.warnings, expected.warnings);
    assert_same_split(&found.train, &expected.train);
    assert_eq!(found.test.is_some(), expected.test.is_some());
    if let (Some(found), Some(expected)) = (&found.test, &expected.test) {
        assert_same_split(found, expected);
    }
    let text = |loaded| serde_json::to_string(&stats(loaded).unwrap()).unwrap();
    assert_eq!(text(found), text(expected));
}

#[test]
fn a_pack_of_any_layout_is_the_same_data() {
    let (idx, cifar, grey, photos) = (folder(), folder(), folder(), photos());
    write_idx(idx.path(), "train", &samples(0, 20, 1, 7));
    write_idx(idx.path(), "t10k", &samples(1, 10, 1, 7));
    write(cifar.path().join("data_batch_1.bin"), &cifar10(&samples(0, 9, 3, 32)));
    write_png_folder(grey.path(), &samples(0, 5, 1, 9));
    let mut drawn = DataConfig::default();
    (drawn.synthetic.train, drawn.synthetic.test) = (30, 10);
    let sources =
        [config(idx.path()), config(cifar.path()), config(grey.path()), config(photos.path())];
    for source in sources.into_iter().chain([drawn]) {
        let (_folder, path) = packed(&source);
        assert_same(&read(&path), &open(&source).unwrap());
        assert!(check(&config(&path)).problems.is_empty() || !check(&source).problems.is_empty());
    }
}

#[test]
fn a_pack_is_known_by_its_content_and_by_its_name_before_a_colon() {
    let (folder, path) = packed(&config(sound().path()));
    let plain = folder.path().join("plain");
    fs::rename(path, &plain).unwrap();
    assert_eq!(read(&plain).train.len(), 6);
    assert_eq!(read(format!("pack:{}", plain.display())).train.len(), 6);
    write(folder.path().join("other.safetensors"), &safetensors_of_another_kind());
    let error = refusal(folder.path().join("other.safetensors")).to_string();
    assert!(error.contains("no `tamis.pack` in its metadata"), "{error}");
}

fn safetensors_of_another_kind() -> Vec<u8> {
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![2], &[1, 2]).unwrap();
    safetensors::serialize([("x", view)], None).unwrap()
}

#[test]
fn any_reader_of_safetensors_reads_a_pack() {
    let source = photos();
    let (_folder, path) = packed(&config(source.path()));
    let (bytes, data) = (fs::read(path).unwrap(), read(source.path()));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let names: Vec<&str> = tensors.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    for (split, name) in [(&data.train, "train"), (&data.test.unwrap(), "test")] {
        let tensor = |part: &str| tensors.tensor(&format!("{name}.{part}")).unwrap();
        assert_eq!(tensor("pixels").shape(), [split.len(), 3, 8, 8]);
        let pixels: Vec<u8> =
            split.ids().flat_map(|id| split.pixels(id).unwrap().into_owned()).collect();
        assert_eq!(tensor("pixels").data(), pixels);
        let labels: Vec<u8> = split.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
        assert_eq!(tensor("labels").data(), labels);
        assert!(
            (tensor("labels").data().as_ptr() as usize - bytes.as_ptr() as usize).is_multiple_of(4)
        );
        let files: Vec<String> = serde_json::from_slice(tensor("files").data()).unwrap();
        assert_eq!(files[1], split.file(SampleId(1)).unwrap());
    }
}

#[test]
fn the_same_source_gives_the_same_bytes_and_so_does_its_pack() {
    let source = photos();
    let (_first, path) = packed(&config(source.path()));
    let (_second, again) = packed(&config(source.path()));
    let bytes = fs::read(&path).unwrap();
    assert!(bytes == fs::read(&again).unwrap());
    let (_third, of_pack) = packed(&config(&path));
    assert_same(&read(&of_pack), &read(&path));
}

#[test]
fn fewer_images_are_taken_from_a_pack_or_packed() {
    let source = photos();
    let few = |path: &Path| DataConfig { train: Some(3), ..config(path) };
    let (_whole, path) = packed(&config(source.path()));
    assert_same(&open(&few(&path)).unwrap(), &open(&few(source.path())).unwrap());
    let (_few, of_few) = packed(&few(source.path()));
    assert_same(&read(&of_few), &open(&few(source.path())).unwrap());
    assert!(fs::metadata(&of_few).unwrap().len() < fs::metadata(&path).unwrap().len());
    let many = DataConfig { train: Some(8), ..config(source.path()) };
    let error = pack_into(&many, &_few.path().join("many")).unwrap_err();
    assert!(matches!(error, Error::First { wanted: 8, held: 7 }), "{error}");
}

#[test]
fn images_are_brought_to_their_shape_when_they_are_packed_and_not_after() {
    let source = sound();
    let small = |path: &Path| DataConfig { size: Some(4), channels: Some(1), ..config(path) };
    let (_folder, path) = packed(&small(source.path()));
    assert_same(&read(&path), &open(&small(source.path())).unwrap());
    assert_same(&open(&small(&path)).unwrap(), &read(&path));
    let large = DataConfig { size: Some(8), ..config(&path) };
    let error = open(&large).unwrap_err().to_string();
    assert!(error.contains("`data.size`") && error.contains("1 x 4 x 4"), "{error}");
    let colour = DataConfig { channels: Some(3), ..config(&path) };
    assert!(matches!(open(&colour), Err(Error::Setting { key: "data.channels", .. })));
}

#[test]
fn the_size_is_told_before_anything_is_written_and_then_every_image() {
    let (source, place) = (sound(), folder());
    let path = place.path().join("x");
    let file = File::create(&path).unwrap();
    let mut told: Vec<(Reading, u64)> = Vec::new();
    let watch = &mut |reading| {
        told.push((reading, fs::metadata(&path).unwrap().len()));
        ControlFlow::Continue(())
    };
    pack(&config(source.path()), &path, &file, watch).unwrap();
    assert_eq!(told[0], (Reading { images: 0, all: 6, bytes: 6 * 192, free: None }, 0));
    assert!(told.iter().map(|(reading, _)| reading.images).eq(0..=6));
}

#[test]
fn files_that_are_no_images_are_not_counted_while_images_are_read() {
    let (source, mut last) = (photos(), None);
    let watch = &mut |reading| {
        last = Some(reading);
        ControlFlow::Continue(())
    };
    open_watched(&config(source.path()), watch).unwrap();
    assert!(matches!(last, Some(Reading { images: 13, all: 13, bytes: 2496, .. })), "{last:?}");
}

#[test]
fn whoever_watches_can_stop_it_at_every_image() {
    let (source, place) = (sound(), folder());
    for most in 0..=6 {
        let path = place.path().join("x");
        let file = File::create(&path).unwrap();
        let watch = &mut |reading: Reading| match reading.images {
            images if images == most => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = pack(&config(source.path()), &path, &file, watch);
        assert!(matches!(stopped, Err(Error::Stopped)), "{most}");
    }
}

#[test]
fn what_cannot_be_written_is_told_at_once_with_the_name_of_the_file() {
    let (source, place) = (sound(), folder());
    let path = write(place.path().join("x"), b"");
    let file = File::open(&path).unwrap();
    let mut told = 0;
    let watch = &mut |_| {
        told += 1;
        ControlFlow::Continue(())
    };
    let error = pack(&config(source.path()), &path, &file, watch).unwrap_err();
    assert!(
        matches!(&error, Error::Pack(PackError::Write { path: found, .. }) if *found == path),
        "{error}"
    );
    assert_eq!(told, 1, "it does not go on");
}

#[test]
fn images_that_do_not_fit_together_are_refused_with_all_problems() {
    let source = sound();
    write(source.path().join("cat/bad.png"), b"no image");
    write(source.path().join("dog/large.png"), &crate::testkit::png(&samples(9, 1, 3, 16)[0]));
    let strict = DataConfig { strict: true, ..config(source.path()) };
    let error = pack_into(&strict, &folder().path().join("x")).unwrap_err();
    assert!(matches!(error, Error::Many { more: 1, .. }), "{error}");
}

/// Changes a byte of a file.
fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    write(path, &bytes);
}

/// Where a tensor begins in a pack.
fn start_of(path: &Path, name: &str) -> usize {
    let bytes = fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    tensors.tensor(name).unwrap().data().as_ptr() as usize - bytes.as_ptr() as usize
}

#[test]
fn a_flipped_bit_before_the_pixels_is_found_whenever_the_pack_is_opened() {
    let (place, whole) = packed(&config(photos().path().join("train")));
    let pixels = start_of(&whole, "train.pixels");
    let bytes = fs::read(&whole).unwrap();
    let blank = bytes.iter().skip(8).position(|&byte| byte == b' ').unwrap() + 8;
    let path = place.path().join("flipped.safetensors");
    for at in (0..pixels).step_by(7).filter(|at| !(blank..4096).contains(at)) {
        write(&path, &bytes);
        flip(&path, at);
        let error = refusal(&path).to_string();
        assert!(error.contains("flipped.safetensors"), "byte {at}: {error}");
    }
}

#[test]
fn a_flipped_bit_of_an_image_is_found_by_check_with_its_name() {
    let (_folder, path) = packed(&config(photos().path()));
    assert!(check(&config(&path)).stats.is_some());
    let before = check(&config(&path)).problems;
    flip(&path, start_of(&path, "train.pixels") + 2 * 192 + 5);
    flip(&path, start_of(&path, "test.pixels") + 191);
    assert_eq!(read(&path).train.len(), 7, "the images are not read to open it");
    let problems = check(&config(&path)).problems;
    let changed: Vec<&String> =
        problems.iter().filter(|problem| !before.contains(problem)).collect();
    assert_eq!(changed.len(), 2, "{problems:?}");
    assert!(changed[0].contains("(1): train/cat/4.png"), "{changed:?}");
    assert!(changed[1].contains("(1): test/cat/0.png"), "{changed:?}");
}

#[test]
fn a_pack_that_is_too_short_or_too_long_is_refused_with_both_lengths() {
    let (_folder, path) = packed(&config(sound().path()));
    let length = fs::metadata(&path).unwrap().len();
    for (found, expected) in [
        (length - 1, "expected"),
        (length + 1, "expected"),
        (3000, "header"),
        (5, "header"),
        (0, "header"),
    ] {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(found).unwrap();
        let error = refusal(&path).to_string();
        assert!(error.contains(expected) && error.contains("data.safetensors"), "{found}: {error}");
    }
}

#[test]
fn a_pack_of_another_format_is_refused_with_both_formats() {
    let (_folder, path) = packed(&config(sound().path()));
    let bytes = fs::read(&path).unwrap();
    let text = br#"\"format\":1"#;
    let at = bytes.windows(text.len()).position(|found| found == text).unwrap();
    flip(&path, at + text.len() - 1);
    let error = refusal(&path).to_string();
    assert!(error.contains("format 0, expected format 1"), "{error}");
}

#[test]
fn a_pack_that_is_cut_after_it_was_opened_fails_with_the_file_and_the_image() {
    let (_folder, path) = packed(&config(sound().path()));
    let train = Arc::new(read(&path).train);
    let normalization = Normalization::of(&train).unwrap();
    let source = BatchSource::new(train.clone(), &normalization, Augmentation::NONE, 0).unwrap();
    let whole = source.batch(&[SampleId(4), SampleId(5)], 0, true).unwrap();
    let bytes = fs::read(&path).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(bytes.len() as u64 - 200).unwrap();
    assert!(source.batch(&[SampleId(3)], 0, true).is_ok());
    let error = source.batch(&[SampleId(3), SampleId(4)], 0, true).unwrap_err().to_string();
    assert!(error.contains("reading dog/3.png of the pack"), "{error}");
    assert!(error.contains("data.safetensors") && error.contains("bytes in the file"), "{error}");
    assert!(train.first(5).unwrap().pixels(SampleId(4)).is_err());
    assert!(Normalization::of(&train.first(5).unwrap()).is_err());
    write(&path, &bytes);
    assert_eq!(source.batch(&[SampleId(4), SampleId(5)], 0, true).unwrap(), whole);
}
