//! Shards of WebDataset: how samples are made of entries, and those that are none.

use proptest::prelude::*;
use tamis_data::{Error, check, open};

use crate::testkit::*;

/// The entries of some samples, labels in files `.cls`.
fn entries(samples: &[Sample], first: usize) -> Vec<(String, Vec<u8>)> {
    let of = |(number, sample): (usize, &Sample)| {
        let key = format!("{:06}", first + number);
        let label = sample.label.to_string().into_bytes();
        [(format!("{key}.cls"), label), (format!("{key}.png"), png(sample))]
    };
    samples.iter().enumerate().flat_map(of).collect()
}

fn packed(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    tar_of(entries.iter().map(|(name, content)| (&**name, &**content)))
}

fn shard(more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = entries(&samples(1, 6, 3, 8), 0);
    all.extend(more.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())));
    packed(&all)
}

/// What is said of a shard with these entries behind six sound samples.
fn refused(more: &[(&str, &[u8])]) -> String {
    let folder = folder();
    let path = write(folder.path().join("train-000000.tar"), &shard(more));
    open(&config(path)).unwrap_err().to_string()
}

#[test]
fn an_entry_belongs_to_the_sample_that_it_is_called_as_up_to_the_first_dot_behind_its_folder() {
    let image = png(&samples(3, 1, 3, 8)[0]);
    let folder = folder();
    let more: [(&str, &[u8]); 9] = [
        ("a.b/7.seg.png", b"a mask"),
        ("a.b/7.PNG", &image),
        ("a.b/7.txt", b"a caption"),
        ("a.b/7.json", br#"{"label": 2, "width": 8}"#),
        ("other/7.cls", b" 1\n"),
        ("other/7.jpg", &image),
        ("__meta__", b"no sample"),
        (".hidden.png", b"no sample"),
        ("other/8.json", br#"{"cls": 1}"#),
    ];
    let last: [(&str, &[u8]); 1] = [("other/8.webp", &image)];
    let path = write(folder.path().join("it.tar"), &shard(&[&more[..], &last].concat()));
    let data = read(&path);
    assert_eq!(data.train.labels()[6..], [2, 1, 1]);
    let name = |id| data.train.sample_name(tamis_core::SampleId(id));
    assert_eq!([name(0), name(6)], ["it.tar/000000.png", "it.tar/a.b/7.PNG"]);
    for note in
        ["kinds of files in samples that are not read (2): seg.png, txt", "ignored files without"]
    {
        assert!(data.notes.iter().any(|found| found.starts_with(note)), "{:?}", data.notes);
    }
}

#[test]
fn shards_are_read_in_the_order_of_their_numbers_which_need_no_zeros_before_them() {
    let (folder, all) = (folder(), samples(1, 33, 3, 8));
    for (number, part) in all.chunks(3).enumerate() {
        let path = folder.path().join(format!("birds-{number}.tar"));
        write(path, &packed(&entries(part, 3 * number)));
    }
    let data = read(folder.path());
    assert_eq!(data.train.len(), 33);
    for (id, sample) in data.train.ids().zip(&all) {
        assert_eq!(*data.train.pixels(id).unwrap(), *sample.pixels, "{id}");
    }
}

#[test]
fn splits_are_told_by_the_names_of_shards() {
    let all = samples(1, 33, 3, 8);
    for names in [
        ["train-000000.tar", "train-000001.tar", "test-000000.tar"],
        ["imagenet-train-0001.tar", "imagenet-train-0002.tar", "imagenet-val-0001.tar"],
        ["train-00000-of-00002.tar", "train-00001-of-00002.tar", "dev.tar"],
    ] {
        let folder = folder();
        for (name, part) in names.iter().zip(all.chunks(11)) {
            write(folder.path().join(name), &packed(&entries(part, 0)));
        }
        let data = read(folder.path());
        let test = data.test.unwrap();
        assert_eq!((data.train.len(), test.len()), (22, 11), "{names:?}");
        assert_eq!(*test.pixels(tamis_core::SampleId(0)).unwrap(), *all[22].pixels);
    }
}

#[test]
fn what_every_shard_holds_beside_its_samples_is_one_note() {
    let folder = folder();
    for number in 0..5 {
        let content = shard(&[("000005.txt", b"a caption"), ("README", b"hello")]);
        write(folder.path().join(format!("train-{number}.tar")), &content);
    }
    let notes = read(folder.path()).notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(notes[0], "kinds of files in samples that are not read (1): txt");
    assert!(notes[1].starts_with("ignored files without an ending (5): "), "{}", notes[1]);
}

#[test]
fn shards_that_are_missing_or_of_several_sets_are_refused() {
    for (names, text) in [
        (&["train-0.tar", "train-2.tar"][..], "expected all shards of the split `train`"),
        (&["train-2.tar", "train-3.tar"], "expected all shards of the split `train`"),
        (&["train-00000-of-00002.tar"], "expected all shards of the split `train`"),
        (&["a-0.tar", "b-0.tar"], "expected the shards of one split"),
        (&["test-0.tar"], "found none, expected some of a split `train`"),
    ] {
        let folder = folder();
        for name in names {
            write(folder.path().join(name), &shard(&[]));
        }
        let error = open(&config(folder.path())).unwrap_err().to_string();
        assert!(error.contains(text), "{names:?}: {error}");
    }
}

#[test]
fn samples_without_an_image_or_a_label_are_refused_by_their_names() {
    let image = png(&samples(3, 1, 3, 8)[0]);
    for (more, text) in [
        (&[("7.png", &*image)][..], "found no label in `7`"),
        (&[("7.cls", b"1")], "found 0 images in `7`"),
        (&[("7.cls", b"1"), ("7.png", &image), ("7.jpg", &image)], "found 2 images in `7`"),
        (&[("7.cls", b"cat"), ("7.png", &image)], "found the label `cat` in `7`"),
        (&[("7.cls", b"-1"), ("7.png", &image)], "found the label `-1` in `7`"),
        (&[("7.json", b"{"), ("7.png", &image)], "found a description that is no JSON object"),
        (&[("7.json", br#"{"label": 1.5}"#), ("7.png", &image)], "found the label `1.5` in `7`"),
        (&[("7.json", b"{}"), ("7.png", &image)], "found no label in `7`"),
        (&[("000002.cls", b"1")], "names of several entries (1): 000002.cls"),
        (&[("000002.txt", b"1")], "found files apart from others of that name in `000002`"),
        (
            &[("7.cls", b""), ("8.png", &image), ("9.cls", b"2")],
            "(and 2 more samples that are none)",
        ),
        (&[("7.cls", b"1"), ("7.png", b"no image")], "found a text that begins with `no image`"),
        (&[("7.cls", b"1"), ("7.png", &image[..40])], "train-000000.tar/7.png`"),
    ] {
        let error = refused(more);
        assert!(error.contains(text), "{text}: {error}");
    }
    let long = vec![b'1'; (1 << 20) + 1];
    assert!(refused(&[("7.cls", &long), ("7.png", &image)]).contains("a label of 1048577 bytes"));
    let deep = [vec![b'['; 1 << 19], vec![b']'; 1 << 19]].concat();
    assert!(refused(&[("7.json", &deep), ("7.png", &image)]).contains("no JSON object"));
}

#[test]
fn a_class_that_only_the_test_shards_have_is_refused() {
    let folder = folder();
    write(folder.path().join("train-0.tar"), &packed(&entries(&samples(1, 2, 3, 8), 0)));
    write(folder.path().join("test-0.tar"), &packed(&entries(&samples(2, 3, 3, 8), 0)));
    let error = open(&config(folder.path())).unwrap_err();
    assert!(matches!(&error, Error::UnknownClass { class } if class == "2"), "{error}");
}

#[test]
fn an_archive_of_class_folders_stays_one_though_a_description_lies_beside_each_image() {
    let (folder, image) = (folder(), png(&samples(3, 1, 3, 8)[0]));
    let entries: [(&str, &[u8]); 4] = [
        ("photos/cat/1.png", &image),
        ("photos/cat/1.json", b"{}"),
        ("photos/dog/1.png", &image),
        ("photos/dog/1.json", b"{}"),
    ];
    let path = write(folder.path().join("photos.tar"), &tar_of(entries));
    assert_eq!(read(&path).train.classes(), ["cat", "dog"]);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_shard_cut_anywhere_is_refused(at in 0..shard(&[]).len() - 512) {
        let folder = folder();
        let path = write(folder.path().join("train-0.tar"), &shard(&[])[..at]);
        let source = config(format!("webdataset:{}", path.display()));
        prop_assert!(!check(&source).problems.is_empty());
    }

    #[test]
    fn bytes_changed_anywhere_end_in_data_or_a_problem(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let (folder, mut content) = (folder(), shard(&[]));
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let path = write(folder.path().join("train-0.tar"), &content);
        let report = check(&config(format!("webdataset:{}", path.display())));
        prop_assert!(report.stats.is_some() || !report.problems.is_empty());
    }
}
