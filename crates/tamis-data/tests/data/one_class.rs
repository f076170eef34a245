//! A single class, and classes of a single image: told by whatever reads the data, in one line each.

use tamis_data::{DataConfig, Error, check, open, refuse_one_class};

use crate::testkit::*;

#[test]
fn many_classes_of_one_image_are_one_line() {
    let folder = folder();
    for (id, sample) in samples(1, 60, 1, 4).iter().enumerate() {
        write(folder.path().join(format!("{id:02}/1.png")), &png(sample));
    }
    let line = "classes with a single training image (60): 00, 01, 02, 03, 04 and 55 more";
    assert_eq!(check(&config(folder.path())).warnings, [line]);
    assert_eq!(read(folder.path()).warnings, [line]);
}

#[test]
fn many_copies_are_one_line_a_split() {
    let folder = folder();
    let image = png(&samples(1, 1, 1, 4)[0]);
    for split in ["train", "test"] {
        for (id, sample) in
            samples(if split == "test" { 2 } else { 3 }, 12, 1, 4).iter().enumerate()
        {
            write(folder.path().join(format!("{split}/a/{id}.png")), &png(sample));
            write(folder.path().join(format!("{split}/a/{id}-again.png")), &png(sample));
        }
    }
    write(folder.path().join("train/b/1.png"), &image);
    let report = check(&config(folder.path()));
    let copies: Vec<_> = report.warnings.iter().filter(|text| text.starts_with("equal")).collect();
    assert_eq!(copies.len(), 2, "{report:#?}");
    assert!(
        copies[0].starts_with("equal training images in one class (12): train/a/0-again.png = ")
    );
    assert_eq!(read(folder.path()).warnings, report.warnings);
}

#[test]
fn one_class_is_warned_of_by_whoever_reads_and_refused_with_the_folder_to_give() {
    for (below, deeper) in [("photos", "photos"), ("train/photos", "train/photos")] {
        let folder = folder();
        add_classes(&folder.path().join(below), 1);
        let data = read(folder.path());
        assert_eq!(data.warnings, check(&config(folder.path())).warnings);
        assert_eq!(data.warnings.len(), 1, "{:?}", data.warnings);
        let warning = "there is only one class with training images, `photos`; hint: ";
        assert!(data.warnings[0].starts_with(warning), "{}", data.warnings[0]);
        let error = refuse_one_class(&config(folder.path()), &data.train).unwrap_err();
        let Error::OneClass { class, hint, .. } = &error else { panic!("{error}") };
        assert_eq!(class, "photos");
        let expected =
            format!("if `cat`, `dog` are the classes, give `{}/{deeper}`", folder.path().display());
        assert!(hint.ends_with(&expected) && data.warnings[0].ends_with(hint), "{hint}");
    }
    let data = read(sound().path());
    assert!(refuse_one_class(&config(""), &data.train).is_ok() && data.warnings.is_empty());
}

#[test]
fn a_beginning_that_is_all_of_one_class_is_one_class_too() {
    let folder = sound();
    let config = DataConfig { train: Some(3), ..config(folder.path()) };
    let data = open(&config).unwrap();
    assert_eq!(data.warnings.len(), 1, "{:?}", data.warnings);
    let error = refuse_one_class(&config, &data.train).unwrap_err();
    assert!(error.to_string().contains("`data.train`"), "{error}");
}

#[test]
fn idx_files_of_one_label_are_one_class_too() {
    let (folder, mut train) = (folder(), samples(1, 6, 1, 8));
    train.iter_mut().for_each(|sample| sample.label = 7);
    write_idx(folder.path(), "train", &train);
    let data = read(folder.path());
    assert_eq!(data.warnings.len(), 1, "{:?}", data.warnings);
    assert!(refuse_one_class(&config(folder.path()), &data.train).is_err());
}
