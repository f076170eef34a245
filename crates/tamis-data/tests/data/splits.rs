//! Layouts of splits in any case and spelling, and what is taken for classes and is none.

use std::path::Path;

use proptest::prelude::*;
use tamis_data::{Error, check, open};
use tempfile::TempDir;

use crate::testkit::*;

/// Folders of these names, each with the classes `cat` and `dog`.
fn splits(names: &[&str]) -> TempDir {
    let folder = folder();
    for (set, name) in names.iter().enumerate() {
        add_classes(&folder.path().join(name), set as u64);
    }
    folder
}

fn image(path: impl AsRef<Path>) {
    write(path, &png(&samples(9, 1, 3, 8)[0]));
}

fn found(error: &Error) -> &str {
    match error {
        Error::NotClasses { found, .. } => found,
        _ => "another error",
    }
}

#[test]
fn splits_are_found_in_any_case_and_spelling_and_are_never_classes() {
    let pairs = [
        ("Train", "Test"),
        ("TRAIN", "TESTING"),
        ("training", "test"),
        ("training_set", "test_set"),
        ("seg_train", "seg_test"),
        ("train", "Valid"),
        ("Training", "validation"),
        ("train", "dev"),
        ("train2017", "val2017"),
        ("train", "eval"),
    ];
    for (train, test) in pairs {
        let folder = splits(&[train, test]);
        let data = read(folder.path());
        assert_eq!(data.train.classes(), ["cat", "dog"], "{train}");
        assert_eq!(
            data.train.pixels(tamis_core::SampleId(0)).unwrap(),
            samples(0, 1, 3, 8)[0].pixels
        );
        let held_out = data.test.unwrap();
        assert_eq!(
            held_out.pixels(tamis_core::SampleId(0)).unwrap(),
            samples(1, 1, 3, 8)[0].pixels,
            "{test}"
        );
    }
}

#[test]
fn a_validation_split_without_a_test_split_serves_as_one_and_that_is_told() {
    let folder = splits(&["train", "Validation"]);
    let told = ["the folder Validation is taken for the test split"];
    assert_eq!(read(folder.path()).notes, told);
    assert_eq!(read(splits(&["train", "test"]).path()).notes, [""; 0]);
    // Flat images for a competition are no test split where there is one with classes.
    image(folder.path().join("test/1.png"));
    let notes = read(folder.path()).notes;
    assert_eq!(notes, [told[0], "folders beside the splits that are not read (1): test"]);
}

#[test]
fn every_folder_that_is_not_read_is_named() {
    let folder = splits(&["train", "test", "val", "extra"]);
    write(folder.path().join("docs/readme.txt"), b"hello");
    image(folder.path().join("seg_pred/1.png"));
    image(folder.path().join("cover.png"));
    write(folder.path().join("labels.csv"), b"id,label\n");
    let notes = [
        "ignored images outside class folders (1): cover.png",
        "ignored files outside class folders (1): labels.csv",
        "folders beside the splits that are not read (4): docs, extra, seg_pred, val",
    ];
    assert_eq!(read(folder.path()).notes, notes);
}

#[test]
fn a_folder_beside_the_splits_that_looks_like_a_class_is_a_problem() {
    for path in ["emu/1.png", "emu/2019/1.jpg", "train_old_photos_of_emus/1.PNG"] {
        let folder = splits(&["train", "test"]);
        image(folder.path().join(path));
        let error = refusal(folder.path());
        assert!(matches!(&error, Error::BesideSplits { count: 1, .. }), "{error}");
    }
}

#[test]
fn several_folders_for_one_split_are_refused_with_their_names() {
    for (names, several) in [
        (["train", "training", "test"], "training, train"),
        (["train", "test", "test_set"], "test, test_set"),
        (["train", "dev", "val"], "dev, val"),
    ] {
        let error = refusal(splits(&names).path());
        let Error::SeveralSplits { found, .. } = &error else { panic!("{error}") };
        let sorted = |text: &str| {
            let mut names: Vec<String> = text.split(", ").map(str::to_owned).collect();
            names.sort();
            names
        };
        assert_eq!(sorted(found), sorted(several));
    }
}

#[test]
fn flat_folders_of_splits_are_refused_with_what_was_found() {
    let folder = folder();
    for id in 0..3 {
        image(folder.path().join(format!("Training/{id}.png")));
        image(folder.path().join(format!("testing/{id}.png")));
    }
    write(folder.path().join("labels.tsv"), b"id\tlabel\n");
    let error = refusal(folder.path());
    let text =
        "names of splits: `Training` (3 images), `testing` (3 images); beside them `labels.tsv`";
    assert_eq!(found(&error), text);
    // Other folders beside them make no classes of splits.
    image(folder.path().join("masks/1.png"));
    assert_eq!(found(&refusal(folder.path())), text);
}

#[test]
fn one_flat_split_is_no_class() {
    for name in ["train", "Val", "images_test"] {
        let folder = folder();
        image(folder.path().join(name).join("1.png"));
        let error = refusal(folder.path());
        assert_eq!(found(&error), format!("names of splits: `{name}` (1 images)"));
    }
}

#[test]
fn a_class_may_be_called_like_a_split_among_others() {
    for name in ["train", "Dev", "valid"] {
        let folder = sound();
        image(folder.path().join(name).join("1.png"));
        assert_eq!(read(folder.path()).train.classes().len(), 3, "{name}");
    }
}

#[test]
fn a_split_folder_in_a_split_folder_is_told_with_the_folder_to_give() {
    let folder = splits(&["seg_train/seg_train", "seg_test/seg_test"]);
    let error = refusal(folder.path());
    assert_eq!(found(&error), "names of splits: `seg_train` (6 images)");
    assert!(error.to_string().contains("/seg_train/seg_train`, or put"), "{error}");
}

#[test]
fn splits_inside_a_class_or_beside_classes_are_refused() {
    let folder = splits(&["cat/train", "cat/test"]);
    assert_eq!(found(&refusal(folder.path())), "splits in the folder `cat`: test, train");
    let folder = sound();
    add_classes(&folder.path().join("Test"), 2);
    assert_eq!(
        found(&refusal(folder.path())),
        "the split `Test` beside the classes that are in it"
    );
}

#[test]
fn a_split_of_images_in_no_class_is_told_as_such() {
    for name in ["test", "valid"] {
        let folder = splits(&["train"]);
        image(folder.path().join(name).join("1.png"));
        image(folder.path().join(name).join("2.png"));
        let text = format!("images outside class folders (2): {name}/1.png, {name}/2.png");
        assert_eq!(found(&refusal(folder.path())), text);
        assert!(open(&config(folder.path().join("train"))).is_ok());
    }
    let flat = folder();
    image(flat.path().join("1.png"));
    assert_eq!(found(&refusal(flat.path())), "images outside class folders (1): 1.png");
}

#[cfg(unix)]
#[test]
fn a_linked_split_is_read() {
    let (store, folder) = (splits(&["a"]), splits(&["test"]));
    std::os::unix::fs::symlink(store.path().join("a"), folder.path().join("Train")).unwrap();
    assert_eq!(read(folder.path()).train.class_counts(), [3, 3]);
}

#[test]
fn check_stops_at_folders_that_are_no_classes() {
    let folder = folder();
    image(folder.path().join("train/1.png"));
    image(folder.path().join("test/1.png"));
    let report = check(&config(folder.path()));
    assert_eq!((report.problems.len(), report.tally.is_none()), (1, true), "{report:#?}");
}

const ABOVE: [&str; 10] =
    ["train", "Test", "valid", "cat", "dog", "extra", "@eaDir", "seg_pred", "tamis-scorer-0a", ""];
const BELOW: [&str; 6] = ["cat", "dog", "train", "test", ".hidden", ""];

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn every_image_is_read_or_named_or_refused(
        places in proptest::collection::btree_set((0..ABOVE.len(), 0..BELOW.len()), 1..6)
    ) {
        let folder = folder();
        let parts = |(above, below): (usize, usize)| {
            let parts = [ABOVE[above], BELOW[below], "1.png"];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<&str>>()
        };
        let images: Vec<Vec<&str>> = places.into_iter().map(parts).collect();
        for parts in &images {
            image(folder.path().join(parts.join("/")));
        }
        let Ok(data) = open(&config(folder.path())) else { return Ok(()) };
        let splits = [Some(&data.train), data.test.as_ref()];
        let names = |split: &tamis_data::Dataset| {
            split.ids().map(|id| split.sample_name(id)).collect::<Vec<String>>()
        };
        let read: Vec<String> = splits.into_iter().flatten().flat_map(names).collect();
        let told = data.notes.join(" ");
        for parts in &images {
            // A note names the image or a folder that it lies in.
            let named = (1..=parts.len()).any(|depth| {
                told.split([' ', ',']).any(|word| word == parts[..depth].join("/"))
            });
            prop_assert!(named || read.contains(&parts.join("/")), "{parts:?}: {read:?}, {told}");
        }
    }
}
