//! Symbolic links: which are followed, and which only if the settings say so.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use tamis_data::{DataConfig, Error, check, open};

use crate::testkit::*;

fn following(folder: &std::path::Path) -> DataConfig {
    DataConfig { follow_links: true, ..config(folder) }
}

#[test]
fn links_that_leave_the_folder_or_lead_to_folders_are_refused_once_and_together() {
    let outside = folder();
    let target = write(outside.path().join("x.png"), &png(&samples(1, 1, 3, 8)[0]));
    let folder = sound();
    symlink(folder.path().join("cat/0.png"), folder.path().join("dog/inside.png")).unwrap();
    assert_eq!(read(folder.path()).train.class_counts(), [3, 4]);
    symlink(target, folder.path().join("dog/outside.png")).unwrap();
    symlink(folder.path(), folder.path().join("dog/circle")).unwrap();
    symlink("/nowhere", folder.path().join("dog/broken.png")).unwrap();
    let report = check(&config(folder.path()));
    let links: Vec<_> =
        report.problems.iter().filter(|text| text.contains("symbolic link")).collect();
    assert_eq!(links.len(), 1, "{report:#?}");
    assert!(links[0].contains("(2): dog/circle, dog/outside.png;"), "{}", links[0]);
    assert!(links[0].contains("`--set data.follow_links=true`"), "{}", links[0]);
    assert!(report.problems.iter().any(|text| text.contains("broken.png")));
}

#[test]
fn linked_class_folders_are_read_where_links_are_followed() {
    let (store, subset) = (sound(), folder());
    for class in ["cat", "dog"] {
        symlink(store.path().join(class), subset.path().join(class)).unwrap();
    }
    let report = check(&config(subset.path()));
    assert_eq!(report.problems.len(), 1, "{report:#?}");
    let data = open(&following(subset.path())).unwrap();
    assert_eq!(data.train.order(), read(store.path()).train.order());
    assert_eq!(data.train.sample_name(tamis_core::SampleId(3)), "dog/1.png");
}

#[test]
fn links_in_circles_are_refused_where_links_are_followed_however_many_they_are() {
    let folder = sound();
    symlink(folder.path().join("dog"), folder.path().join("cat/to-dog")).unwrap();
    assert_eq!(open(&following(folder.path())).unwrap().train.class_counts(), [6, 3]);
    symlink(folder.path().join("cat"), folder.path().join("dog/to-cat")).unwrap();
    let report = check(&following(folder.path()));
    assert_eq!(report.problems.iter().filter(|text| text.contains("leads back")).count(), 2);
    symlink(folder.path(), folder.path().join("up")).unwrap();
    let report = check(&following(folder.path()));
    assert_eq!(report.problems.iter().filter(|text| text.contains("leads back")).count(), 3);
}

#[test]
fn a_link_to_a_device_is_no_file() {
    let folder = sound();
    symlink("/dev/zero", folder.path().join("cat/endless.png")).unwrap();
    let error = open(&following(folder.path())).unwrap_err();
    assert!(matches!(error, Error::NotRegular { .. }), "{error}");
}
