//! Tar archives of image folders: the same data as the folder, and every archive that is refused.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tamis_data::{ArchiveError, DataConfig, Error, Limits, Loaded, check, open, pack};
use tar::{EntryType, Header};
use tempfile::TempDir;

use crate::testkit::*;

/// An entry whose name is written as it is, which no builder does.
fn raw_entry(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
    [header.as_bytes(), content, &padding].concat()
}

/// All files below a folder, last names first: no order that a reader would give.
fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files.reverse();
    files
}

fn packed(folder: &Path, before: &str) -> Vec<u8> {
    let files = files_of(folder);
    let named: Vec<(String, &[u8])> =
        files.iter().map(|(name, content)| (format!("{before}{name}"), &content[..])).collect();
    tar_of(named.iter().map(|(name, content)| (&**name, *content)))
}

/// A folder `birds` with all that folders have: both splits, nested folders, names that sort unlike bytes or
/// paths, leftovers, files that are no images, a long name.
fn birds() -> (TempDir, PathBuf) {
    let place = folder();
    let birds = place.path().join("birds");
    add_classes(&birds.join("train"), 1);
    add_classes(&birds.join("test"), 2);
    let long = format!("train/cat/{}.png", "long name ".repeat(15));
    let more = ["train/cat/a/1.png", "train/cat/a-b/1.png", "train/cat/\u{ff5e}.png", &long];
    for (name, sample) in
        more.into_iter().chain(["train/cat/\u{1f600}.png"]).zip(samples(5, 5, 3, 8))
    {
        write(birds.join(name), &png(&sample));
    }
    write(birds.join("train/cat/notes.txt"), b"hello");
    write(birds.join("train/dog/._1.png"), b"a Mac's");
    write(birds.join("train/@eaDir/1.png"), b"a thumbnail");
    write(birds.join("train/runs/a/run.lock"), b"");
    write(birds.join("README.md"), b"birds");
    (place, birds)
}

fn assert_same(found: &Loaded, expected: &Loaded) {
    assert_eq!((&found.name, &found.fingerprint), (&expected.name, &expected.fingerprint));
    let tests = (found.test.as_ref().unwrap(), expected.test.as_ref().unwrap());
    for (found, expected) in [(&found.train, &expected.train), tests] {
        assert_eq!((found.labels(), found.classes()), (expected.labels(), expected.classes()));
        for id in expected.ids() {
            assert_eq!(found.pixels(id).unwrap(), expected.pixels(id).unwrap(), "sample {id}");
            assert_eq!(found.file(id), expected.file(id));
        }
    }
}

#[test]
fn an_archive_is_the_same_data_as_the_folder_however_it_was_packed() {
    let (place, birds) = birds();
    let expected = read(&birds);
    assert_eq!(expected.notes.len(), 4, "{:?}", expected.notes);
    for before in ["", "./", "birds/", "./data/birds/"] {
        let plain = packed(&birds, before);
        for (name, content) in
            [("birds.tar", &plain), ("birds.tar.gz", &gzip(&plain)), ("birds", &plain)]
        {
            let path = write(place.path().join("packed").join(name), content);
            let found = read(&path);
            assert_same(&found, &expected);
            let root =
                |note: &String| note.replace(birds.to_str().unwrap(), path.to_str().unwrap());
            assert_eq!(
                found.notes,
                Vec::from_iter(expected.notes.iter().map(root)),
                "{before}{name}"
            );
            assert_same(&read(format!("tar:{}", path.display())), &expected);
        }
    }
    let small = |path: &Path| DataConfig { size: Some(4), channels: Some(1), ..config(path) };
    let path = place.path().join("packed/birds.tar");
    assert_same(&open(&small(&path)).unwrap(), &open(&small(&birds)).unwrap());
}

#[test]
fn the_pack_of_an_archive_is_that_of_the_folder_byte_for_byte() {
    let (place, birds) = birds();
    let tar = write(place.path().join("birds.tar"), &packed(&birds, ""));
    let packs = [&birds, &tar].map(|source| {
        let path = place.path().join("pack");
        let file = fs::File::create(&path).unwrap();
        pack(&config(source), &path, &file, &mut |_| ControlFlow::Continue(())).unwrap();
        fs::read(path).unwrap()
    });
    assert!(packs[0] == packs[1]);
}

#[test]
fn the_program_tar_makes_the_same_archive() {
    let (place, birds) = birds();
    let expected = read(&birds);
    for (arguments, name) in [
        (&["-cf", "a.tar", "birds"][..], "a.tar"),
        (&["-czf", "b.tgz", "-C", "birds", "."], "b.tgz"),
        (
            &["--format=pax", "-cf", "birds.tar", "-C", "birds", "train", "test", "README.md"],
            "birds.tar",
        ),
        (&["--format=ustar", "-cf", "d.tar", "birds/train/dog", "birds/test/dog"], "d.tar"),
    ] {
        let mut command = std::process::Command::new("tar");
        let Ok(made) = command.args(arguments).current_dir(place.path()).status() else {
            eprintln!("skipped: there is no program tar");
            return;
        };
        assert!(made.success());
        let found = read(place.path().join(name));
        match name {
            "d.tar" => assert_eq!(found.train.classes(), ["dog"]),
            "b.tgz" => assert_eq!(found.name, "b"),
            _ => assert_same(&found, &expected),
        }
        assert_eq!(found.fingerprint == expected.fingerprint, name != "d.tar", "{name}");
    }
}

#[test]
fn the_last_of_several_entries_of_one_path_counts_as_where_they_are_unpacked() {
    let (first, last) = (png(&samples(1, 1, 3, 8)[0]), png(&samples(2, 1, 3, 8)[0]));
    let tar = tar_of([("cat/1.png", &first[..]), ("dog/1.png", &first), ("cat/1.png", &last)]);
    let place = folder();
    let found = read(write(place.path().join("x.tar"), &tar));
    assert_eq!(found.train.class_counts(), [1, 1]);
    let image = found.train.pixels(tamis_core::SampleId(0)).unwrap();
    assert_eq!(*image, samples(2, 1, 3, 8)[0].pixels);
}

/// A sound archive with raw entries before it.
fn refusal_of(entries: &[Vec<u8>]) -> Error {
    let place = folder();
    let tar = [&entries.concat()[..], &packed(sound().path(), "")].concat();
    refusal(write(place.path().join("x.tar"), &tar))
}

#[test]
fn entries_that_leave_the_archive_are_refused_by_their_names() {
    let image = png(&samples(1, 1, 3, 8)[0]);
    let entries = ["../cat/1.png", "/etc/1.png", "cat/../../1.png"]
        .map(|name| raw_entry(name, EntryType::Regular, &image));
    let error = refusal_of(&entries);
    assert!(matches!(error, Error::Archive(ArchiveError::Outside { count: 3, .. })), "{error}");
    assert!(
        error.to_string().contains("(3): ../cat/1.png, /etc/1.png, cat/../../1.png;"),
        "{error}"
    );
}

#[test]
fn links_are_refused_once_and_together_and_those_among_leftovers_are_skipped() {
    let entries = [
        raw_entry("cat/symbolic.png", EntryType::Symlink, b""),
        raw_entry("dog/hard.png", EntryType::Link, b""),
        raw_entry("cat/.hidden", EntryType::Symlink, b""),
    ];
    let error = refusal_of(&entries);
    assert!(matches!(error, Error::Archive(ArchiveError::Links { count: 2, .. })), "{error}");
    assert!(error.to_string().contains("cat/symbolic.png, dog/hard.png; expected"), "{error}");
}

#[test]
fn pipes_devices_and_what_is_both_a_file_and_a_folder_are_refused_by_name() {
    for kind in [EntryType::Fifo, EntryType::Char] {
        let error = refusal_of(&[raw_entry("cat/odd.png", kind, b"")]);
        let is_named = error.to_string().contains("x.tar/cat/odd.png");
        assert!(matches!(error, Error::NotRegular { .. }) && is_named, "{error}");
    }
    let error = refusal_of(&[raw_entry("cat", EntryType::Regular, b"no folder")]).to_string();
    assert!(error.contains("found `cat` as a file and as a folder"), "{error}");
    let deep = "a/".repeat(45) + "1.png";
    let mut long = raw_entry("././@LongLink", EntryType::GNULongName, "a/".repeat(70).as_bytes());
    long.extend(raw_entry("x", EntryType::Directory, b""));
    let error = refusal_of(&[long]).to_string();
    assert!(error.contains("found an entry below more than 64 folders"), "{error}");
    let error = refusal_of(&[raw_entry(&deep, EntryType::Regular, b"x")]);
    assert!(matches!(error, Error::Many { .. } | Error::TooDeep { .. }), "{error}");
}

#[test]
fn a_file_larger_than_allowed_is_refused_and_one_that_claims_to_be_is_not_allocated() {
    let limits = Limits { file_bytes: 100, ..Limits::default() };
    let place = folder();
    let path = write(place.path().join("x.tar"), &packed(sound().path(), ""));
    let error = open(&DataConfig { limits, ..config(&path) }).unwrap_err();
    assert!(error.to_string().contains("x.tar/cat/0.png`: found more than 100 bytes"), "{error}");
    let mut header = Header::new_gnu();
    header.set_path("cat/huge.png").unwrap();
    header.set_size(1 << 60);
    header.set_cksum();
    let error = refusal_of(&[header.as_bytes().to_vec()]).to_string();
    assert!(error.contains("or more, as the header of `cat/huge.png` says"), "{error}");
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused_by_name() {
    let place = folder();
    let whole = packed(sound().path(), "");
    // The zeros of the end are two blocks.
    for cut in (0..whole.len() - 1024).step_by(111).chain([whole.len() - 1024, whole.len() - 1536])
    {
        let path = write(place.path().join("x.tar"), &whole[..cut]);
        let error = refusal(&path);
        let is_damaged = matches!(error, Error::Archive(ArchiveError::Damaged { .. }));
        assert!(is_damaged && error.to_string().contains("x.tar"), "cut at {cut}: {error}");
    }
    let packed = gzip(&whole);
    for cut in [packed.len() - 1, packed.len() / 2, 20] {
        let path = write(place.path().join("x.tar.gz"), &packed[..cut]);
        assert!(matches!(refusal(&path), Error::Unpack { .. }), "cut at {cut}");
    }
}

#[test]
fn check_lists_every_bad_file_by_its_place_in_the_archive() {
    let place = folder();
    let sound = sound_with("cat/bad.png", b"bad");
    write(sound.path().join("empty/x.txt"), b"");
    write(sound.path().join("dog/other.webp"), b"RIFF\x10\0\0\0WEBPVP8 ");
    let path = write(place.path().join("x.tar"), &packed(sound.path(), ""));
    let in_folder = check(&config(sound.path())).problems;
    let root = sound.path().to_str().unwrap();
    let expected = in_folder.iter().map(|text| text.replace(root, path.to_str().unwrap()));
    assert_eq!(check(&config(&path)).problems, Vec::from_iter(expected));
    assert_eq!(in_folder.len(), 3);
}

#[test]
fn an_archive_that_changes_after_its_headers_were_read_is_an_error() {
    let (place, birds) = birds();
    let whole = packed(&birds, "");
    let path = write(place.path().join("x.tar"), &whole);
    let cut = |reading: tamis_data::Reading| {
        if reading.images == 0 {
            fs::File::create(&path).unwrap().write_all(&whole[..2048]).unwrap();
        }
        ControlFlow::Continue(())
    };
    let mut cut = cut;
    let found = tamis_data::open_watched(&config(&path), &mut cut);
    // All of a small split are read at a time; the other one comes after the cut.
    assert!(found.unwrap_err().to_string().contains("bytes in the file, expected"));
}

#[test]
fn what_is_no_archive_is_refused_where_it_is_called_one() {
    let place = folder();
    for (name, content) in [("x.tar", &b"hello"[..]), ("y", b""), ("z.tgz", &gzip(b"hello"))] {
        let path = write(place.path().join(name), content);
        let error = refusal(format!("tar:{}", path.display()));
        assert!(matches!(error, Error::Archive(ArchiveError::Damaged { .. })), "{error}");
    }
}
