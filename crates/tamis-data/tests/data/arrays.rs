//! NumPy archives: names and shapes of arrays, and those that are damaged or hostile.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use tamis_core::SampleId;
use tamis_data::{DataConfig, Error, ImageShape, Limits, NpzError, check, open};

use crate::testkit::*;

/// An array as NumPy writes it.
fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let text = format!("{text:<width$}\n", width = 117);
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), values].concat()
}

fn zip(members: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut content = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut content);
    for (name, bytes) in members {
        let builder = archive.new_file(name).compression_method(method);
        let (mut entry, config) = builder.start().unwrap();
        let descriptor = if method == CompressionMethod::STORE {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap().1
        } else {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
            writer.write_all(bytes).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    content
}

fn images_and_labels(images: Vec<u8>, labels: Vec<u8>) -> Vec<u8> {
    zip(&[("images.npy", images), ("labels.npy", labels)], CompressionMethod::DEFLATE)
}

fn sound_archive() -> Vec<u8> {
    images_and_labels(npy("|u1", "4, 2, 2", &[9; 16]), npy("<i8", "4,", &wide(&[0, 1, 0, 1])))
}

fn wide(labels: &[i64]) -> Vec<u8> {
    labels.iter().flat_map(|label| label.to_le_bytes()).collect()
}

fn refused(content: &[u8]) -> String {
    let folder = folder();
    let path = write(folder.path().join("it.npz"), content);
    open(&config(&path)).unwrap_err().to_string()
}

#[test]
fn channels_may_stand_last_or_second_or_not_at_all() {
    let folder = folder();
    let labels = || npy("|u1", "2, 1", &[4, 2]);
    // Sample 1 has the values 18 to 35: channels run fastest where they stand last.
    let values: Vec<u8> = (0..36).collect();
    let last: Vec<u8> = [18, 21, 24, 27, 30, 33].into_iter().chain([19, 22]).collect();
    for (shape, expected, start) in [
        ("2, 2, 3, 3", ImageShape { channels: 3, height: 2, width: 3 }, last),
        (
            "2, 3, 2, 3",
            ImageShape { channels: 3, height: 2, width: 3 },
            vec![18, 21, 24, 27, 30, 33],
        ),
        ("2, 3, 3, 2", ImageShape { channels: 3, height: 3, width: 2 }, vec![18, 19, 20]),
        ("2, 3, 6", ImageShape { channels: 1, height: 3, width: 6 }, vec![18, 19, 20]),
        ("2, 1, 3, 6", ImageShape { channels: 1, height: 3, width: 6 }, vec![18, 19, 20]),
        ("2, 3, 6, 1", ImageShape { channels: 1, height: 3, width: 6 }, vec![18, 19, 20]),
    ] {
        let content = images_and_labels(npy("|u1", shape, &values), labels());
        let path = write(folder.path().join("it.npz"), &content);
        let data = open(&config(&path)).unwrap();
        if shape == "2, 3, 2, 3" {
            // Three columns are taken for channels: such arrays have them last.
            assert_eq!(data.train.shape(), ImageShape { channels: 3, height: 3, width: 2 });
            continue;
        }
        assert_eq!(data.train.shape(), expected, "{shape}");
        assert_eq!(data.train.pixels(SampleId(1)).unwrap()[..start.len()], start, "{shape}");
        assert_eq!((data.train.labels(), data.train.file_labels()), (&[1, 0][..], &[2, 4][..]));
    }
}

#[test]
fn labels_of_every_whole_type_are_read_and_others_refused_by_their_row() {
    let of = |kind: &str, values: &[u8]| {
        images_and_labels(npy("|u1", "2, 1, 4", &[9; 8]), npy(kind, "2,", values))
    };
    let folder = folder();
    for (kind, values) in [
        ("|i1", &[1, 3][..]),
        ("|u1", &[1, 3]),
        ("<i2", &[1, 0, 3, 0]),
        ("<u4", &[1, 0, 0, 0, 3, 0, 0, 0]),
        ("<i8", &wide(&[1, 3])),
    ] {
        let path = write(folder.path().join("it.npz"), &of(kind, values));
        assert_eq!(open(&config(&path)).unwrap().train.file_labels(), [1, 3], "{kind}");
    }
    let text = refused(&of("<i2", &[1, 0, 0xff, 0xff]));
    assert!(text.contains("reading the array `labels`"), "{text}");
    assert!(text.contains("found label -1 in row 1, expected 0 to 4294967295"), "{text}");
    let text = refused(&of("<u8", &[&wide(&[1])[..], &[0xff; 8]].concat()));
    assert!(text.contains("found label 18446744073709551615 in row 1"), "{text}");
    for kind in ["<f4", "|b1", ">i8", "|O", "<U1"] {
        let text = refused(&of(kind, &[0; 8]));
        assert!(text.contains(&format!("found values of type `{kind}`")), "{text}");
    }
}

#[test]
fn arrays_of_other_shapes_names_and_lengths_are_refused_with_what_was_found() {
    let labels = || npy("|u1", "2,", &[1, 2]);
    let of = |kind: &str, shape: &str, values: &[u8]| {
        refused(&images_and_labels(npy(kind, shape, values), labels()))
    };
    assert!(of("|u1", "2, 4", &[9; 8]).contains("found the shape 2 x 4, expected bytes (`uint8`)"));
    assert!(of("|u1", "2, 2, 2, 2", &[9; 16]).contains("found the shape 2 x 2 x 2 x 2"));
    assert!(of("|u1", "0, 2, 2", &[]).contains("found the shape 0 x 2 x 2"));
    assert!(of("<f4", "2, 1, 1", &[9; 8]).contains("found values of type `<f4`"));
    assert!(of("<u2", "2, 1, 1", &[9; 4]).contains("found values of type `<u2`"));
    assert!(of("|u1", "2, 2, 2", &[9; 7]).contains("found 7 bytes of values, expected 2 x 2 x 2"));
    let huge = "18446744073709551615, 18446744073709551615, 2";
    assert!(of("|u1", huge, &[9; 8]).contains("found 8 bytes of values"));
    assert!(of("|u1", "3, 1, 2", &[9; 6]).contains("found 2 labels, expected 3"));
    let fortran = npy("|u1", "2, 2, 2", &[9; 8]);
    let fortran = String::from_utf8_lossy(&fortran[10..]).replace("False,", "True, ");
    let fortran = [&npy("|u1", "2, 2, 2", &[])[..10], fortran.as_bytes()].concat();
    assert!(refused(&images_and_labels(fortran, labels())).contains("found Fortran order"));
    let one_hot = npy("|u1", "2, 2", &[1, 0, 0, 1]);
    let text = refused(&images_and_labels(npy("|u1", "2, 1, 4", &[9; 8]), one_hot));
    assert!(text.contains("found the shape 2 x 2, expected one label a sample"), "{text}");
    let text = refused(&zip(&[("arr_0.npy", labels())], CompressionMethod::STORE));
    assert!(text.contains("found `arr_0`, expected `x_train` and `y_train`, or"), "{text}");
    let text = refused(&zip(&[("images.npy", labels())], CompressionMethod::STORE));
    assert!(text.contains("found") && text.contains("`images`"), "{text}");
}

#[test]
fn members_are_held_to_the_limits_that_files_are() {
    let folder = folder();
    let bomb = npy("|u1", "4, 4096, 8192", &vec![0; 4 << 25]);
    let path = write(
        folder.path().join("it.npz"),
        &images_and_labels(bomb, npy("|u1", "4,", &[0, 1, 0, 1])),
    );
    assert!(std::fs::metadata(&path).unwrap().len() < 1 << 18);
    let error = open(&config(&path)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit, .. } if limit < 1 << 27), "{error}");
    let limits = Limits { side_px: 1, ..Limits::default() };
    let path = write(folder.path().join("it.npz"), &sound_archive());
    let error = open(&DataConfig { limits, ..config(&path) }).unwrap_err();
    assert!(matches!(error, Error::ImageLimit { height: 2, .. }), "{error}");
}

#[test]
fn a_member_whose_bytes_are_not_those_of_its_check_sum_is_refused() {
    let mut content = zip(
        &[
            ("images.npy", npy("|u1", "4, 2, 2", &[9; 16])),
            ("labels.npy", npy("|u1", "4,", &[0, 1, 0, 1])),
        ],
        CompressionMethod::STORE,
    );
    let pixel = content.windows(16).position(|window| window == [9; 16]).unwrap();
    content[pixel] ^= 1;
    let text = refused(&content);
    assert!(
        text.contains("reading the NumPy archive") && text.contains("whole zip archive"),
        "{text}"
    );
    let twice = [("images.npy", npy("|u1", "4, 2, 2", &[9; 16])), ("images.npy", vec![])];
    let text = refused(&zip(&twice, CompressionMethod::STORE));
    assert!(text.contains("two members called `images.npy`"), "{text}");
}

#[test]
fn a_zip_archive_of_images_is_refused_with_its_members() {
    let folder = folder();
    let image = png(&samples(1, 1, 3, 8)[0]);
    let content = zip(&[("cat/1.png", image)], CompressionMethod::STORE);
    let error = open(&config(write(folder.path().join("photos.zip"), &content))).unwrap_err();
    assert!(matches!(&error, Error::Npz(NpzError::Names { found, .. }) if found == "`cat/1.png`"));
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn an_archive_cut_anywhere_is_refused(at in 0..sound_archive().len()) {
        let folder = folder();
        let path = write(folder.path().join("it.npz"), &sound_archive()[..at]);
        prop_assert!(!check(&config(&path)).problems.is_empty());
    }

    #[test]
    fn bytes_changed_anywhere_end_in_the_same_data_or_a_problem(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let folder = folder();
        let mut content = sound_archive();
        let expected = read(write(folder.path().join("it.npz"), &content)).fingerprint;
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let path = write(folder.path().join("it.npz"), &content);
        let report = check(&config(&path));
        let found = report.stats.map(|stats| stats.fingerprint);
        // Every byte of an array is under a check sum.
        prop_assert!(!report.problems.is_empty() || found == Some(expected));
    }
}
