//! Files that Python libraries wrote: the same 200 images in every layout are the same data.
//! `bench/layouts/make.py` writes them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tamis_data::{Loaded, check, pack};
use tempfile::TempDir;

use crate::testkit::*;

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Layouts whose images were encoded or written one by one, and those of arrays.
const LAYOUTS: [&str; 7] = [
    "cifar-10-batches-py",
    "cifar-100-python",
    "keras.npz",
    "medmnist.npz",
    "huggingface",
    "webdataset",
    "folder.tar",
];

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layouts")
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut content).unwrap();
    content
}

/// The committed files as the libraries wrote them.
fn plain() -> TempDir {
    let place = folder();
    let (from, mut folders) = (committed(), vec![committed()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&from).unwrap().with_extension("");
                write(place.path().join(name), &unpacked(&path));
            }
        }
    }
    place
}

fn same(found: &Loaded, expected: &Loaded, layout: &str) {
    assert_eq!(found.fingerprint, expected.fingerprint, "{layout}");
    assert_eq!(found.train.order(), expected.train.order(), "{layout}");
    let tests = [found, expected].map(|data| data.test.as_ref().unwrap());
    assert_eq!(tests[0].order(), tests[1].order(), "{layout}");
    assert_eq!(found.train.len(), 160, "{layout}");
}

#[test]
fn the_same_images_are_the_same_data_in_the_same_order_in_every_layout() {
    let place = plain();
    let expected = read(place.path().join(LAYOUTS[0]));
    assert_eq!(expected.train.class_counts(), [16; 10]);
    for layout in LAYOUTS {
        let data = read(place.path().join(layout));
        same(&data, &expected, layout);
        assert_eq!(data.warnings, [""; 0], "{layout}");
        let report = check(&config(place.path().join(layout)));
        assert_eq!(report.problems, [""; 0], "{layout}");
    }
}

#[test]
fn files_may_be_packed_where_their_layout_is_told_by_content() {
    let expected = read(committed().join("cifar-10-batches-py"));
    for layout in ["cifar-100-python", "webdataset", "keras.npz.gz", "folder.tar.gz"] {
        let place = committed().join(layout);
        let name = if layout.starts_with("keras") { "npz:" } else { "" };
        same(&read(format!("{name}{}", place.display())), &expected, layout);
    }
}

#[test]
fn classes_have_the_names_that_the_files_have_and_notes_say_what_is_not_read() {
    let place = plain();
    let of = |layout: &str| read(place.path().join(layout));
    for layout in ["cifar-10-batches-py", "huggingface", "folder.tar"] {
        assert_eq!(of(layout).train.classes(), CLASSES, "{layout}");
    }
    assert_eq!(of("cifar-100-python").train.classes()[3], "fine 03");
    assert_eq!(of("keras.npz").train.classes()[3], "3");
    let notes = of("medmnist.npz").notes;
    assert_eq!(notes, ["arrays that are not read (2): val_images, val_labels"]);
    assert_eq!(of("keras.npz").name, "keras");
    let shards = of("webdataset");
    assert_eq!(shards.train.sample_name(tamis_core::SampleId(81)), "train-000001.tar/000081.png");
    assert_eq!(shards.notes, [""; 0]);
}

#[test]
fn a_single_file_of_a_layout_is_a_training_split() {
    let place = plain();
    for (layout, name, samples) in [
        ("cifar-10-batches-py/data_batch_2", "cifar10", 32),
        ("cifar-100-python/train", "cifar100", 160),
        ("webdataset/train-000001.tar", "train-000001", 80),
    ] {
        let data = read(place.path().join(layout));
        assert_eq!((&*data.name, data.train.len()), (name, samples), "{layout}");
        assert!(data.test.is_none());
    }
}

#[test]
fn a_layout_of_python_s_is_packed_as_any_other() {
    let place = plain();
    for layout in ["webdataset", "keras.npz", "cifar-10-batches-py"] {
        let path = place.path().join("it.safetensors");
        let file = fs::File::create(&path).unwrap();
        let source = config(place.path().join(layout));
        let watch = &mut |_| std::ops::ControlFlow::Continue(());
        assert_eq!(pack(&source, &path, &file, watch).unwrap().train, 160);
        same(&read(&path), &read(place.path().join(layout)), layout);
    }
}

#[test]
fn parquet_files_are_found_in_folders_of_their_splits_too() {
    let place = plain();
    let of = |name: &str| place.path().join("huggingface/data").join(name);
    let moves = [
        ("train-00000-of-00002.parquet", "train/0000.parquet"),
        ("train-00001-of-00002.parquet", "train/0001.parquet"),
        ("test-00000-of-00001.parquet", "test/0000.parquet"),
    ];
    let expected = read(place.path().join("huggingface"));
    for root in ["split", "nested/default"] {
        for (from, to) in moves {
            write(place.path().join(root).join(to), &fs::read(of(from)).unwrap());
        }
        let given = root.split('/').next().unwrap();
        same(&read(place.path().join(given)), &expected, root);
    }
}
