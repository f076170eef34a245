//! Ids follow torchvision's `ImageFolder`, which is `sorted(os.walk(class))` and `sorted(files)`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tamis_core::SampleId;

use crate::testkit::*;

fn order_of(names: &[String]) -> Vec<String> {
    let (folder, image) = (folder(), png(&samples(1, 1, 1, 4)[0]));
    for name in names {
        write(folder.path().join(name), &image);
    }
    let train = read(folder.path()).train;
    train.ids().map(|id| train.sample_name(id)).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// What Python gives: each folder with the names of its files, then both sorted by code points.
///
/// ```python
/// for target_class in sorted(classes):
///     for root, _, fnames in sorted(os.walk(os.path.join(directory, target_class), followlinks=True)):
///         for fname in sorted(fnames):
///             yield os.path.join(root, fname)
/// ```
fn image_folder(names: &[String]) -> Vec<String> {
    type Walked = BTreeMap<Vec<char>, Vec<Vec<char>>>;
    let mut classes: BTreeMap<Vec<char>, Walked> = BTreeMap::new();
    let letters = |text: &str| text.chars().collect::<Vec<char>>();
    for name in names {
        let (class, _) = name.split_once('/').unwrap();
        let (root, file) = name.rsplit_once('/').unwrap();
        let walked = classes.entry(letters(class)).or_default();
        walked.entry(letters(root)).or_default().push(letters(file));
    }
    let mut order = Vec::new();
    for (root, mut files) in classes.into_values().flatten() {
        files.sort();
        let root: String = root.into_iter().collect();
        order.extend(files.iter().map(|file| format!("{root}/{}", String::from_iter(file))));
    }
    order
}

#[test]
fn classes_and_files_are_in_the_order_of_code_points() {
    let names = ["B/z.png", "a/1.png", "c/10.png", "c/9.png", "c/é.png", "c/nested/x.png"];
    let shuffled = [3, 5, 0, 4, 2, 1].map(|at| names[at].to_owned());
    assert_eq!(order_of(&shuffled), names);
}

#[test]
fn a_folder_s_files_come_before_the_folders_in_it_and_those_by_their_whole_paths() {
    let names = ["cat/z.png", "cat/a/1.png", "cat/a-b/1.png", "cat/a/b/1.png", "cat/a0/1.png"];
    assert_eq!(order_of(&owned(&names)), owned(&names));
}

#[test]
fn the_first_of_a_nested_folder_has_the_pixels_of_the_file_that_is_named() {
    let (folder, images) = (folder(), samples(1, 3, 1, 4));
    for (name, image) in ["cat/b.png", "cat/a/x.png", "cat/c.png"].iter().zip(&images) {
        write(folder.path().join(name), &png(image));
    }
    let train = read(folder.path()).train;
    for (id, (name, image)) in
        [("cat/b.png", 0), ("cat/c.png", 2), ("cat/a/x.png", 1)].iter().enumerate()
    {
        let id = SampleId(id as u32);
        assert_eq!(
            (&*train.sample_name(id), &*train.pixels(id).unwrap()),
            (*name, &images[*image].pixels[..])
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_where_python_has_it() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    // U+FF5E is more than U+DCFF, which Python makes of the byte ff, and less in bytes.
    let folder = sound();
    for name in [&b"z\xff.png"[..], "z\u{ff5e}.png".as_bytes()] {
        write(
            folder.path().join("cat").join(OsStr::from_bytes(name)),
            &png(&samples(9, 1, 3, 8)[0]),
        );
    }
    let train = read(folder.path()).train;
    assert_eq!(train.sample_name(SampleId(3)), "cat/z\u{fffd}.png");
    assert_eq!(train.sample_name(SampleId(4)), "cat/z\u{ff5e}.png");
}

const FOLDERS: [&str; 9] = ["a", "a-b", "a.b", "A", "b", "é", "a b", "😀", "\u{ff5e}"];
const FILES: [&str; 7] = ["1.png", "10.png", "a.png", "A.png", "a-b.png", "é.png", "😀.png"];

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn the_order_is_that_of_a_transcription_of_the_rule(
        paths in proptest::collection::vec(
            (proptest::collection::vec(0..FOLDERS.len(), 1..4), 0..FILES.len()), 1..12,
        )
    ) {
        let name = |(folders, file): (Vec<usize>, usize)| {
            let folders: Vec<&str> = folders.into_iter().map(|folder| FOLDERS[folder]).collect();
            // A class of its own keeps those that differ only in case out of the same folder.
            format!("class-{}/{}/{}", folders.len() % 2, folders.join("/"), FILES[file])
        };
        let names: BTreeSet<String> = paths.into_iter().map(name).collect();
        let names = Vec::from_iter(names);
        prop_assert_eq!(order_of(&names), image_folder(&names));
    }
}
