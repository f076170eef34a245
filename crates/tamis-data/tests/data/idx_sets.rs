//! idx files with a prefix: EMNIST, QMNIST and their kin, as they are unpacked and as torchvision keeps them.

use tamis_data::{Error, check};

use crate::testkit::*;

/// Labels as QMNIST has them: `columns` whole numbers a sample, the label first.
fn wide_labels(labels: &[i32], columns: usize) -> Vec<u8> {
    let mut content = vec![0, 0, 12, 2];
    for size in [labels.len() as u32, columns as u32] {
        content.extend(size.to_be_bytes());
    }
    for &label in labels {
        content.extend(label.to_be_bytes());
        content.extend((1..columns).flat_map(|column| (1000 * column as i32).to_be_bytes()));
    }
    content
}

#[test]
fn a_set_with_any_prefix_is_recognised_with_both_splits() {
    for (train, test) in [
        ("emnist-digits-train", "emnist-digits-test"),
        ("kuzushiji_train", "kuzushiji_t10k"),
        ("A.B-train", "A.B-test"),
    ] {
        let folder = folder();
        let (images, held_out) = (samples(1, 9, 1, 8), samples(2, 6, 1, 8));
        write_idx(folder.path(), train, &images);
        write_idx(folder.path(), test, &held_out);
        let data = read(folder.path());
        assert_eq!(
            data.train.pixels(tamis_core::SampleId(4)).unwrap(),
            images[4].pixels,
            "{train}"
        );
        assert_eq!(data.test.unwrap().len(), 6, "{test}");
        assert_eq!(data.notes, [""; 0]);
    }
}

#[test]
fn packed_files_beside_unpacked_ones_are_the_same_set() {
    let (folder, train) = (folder(), samples(1, 9, 1, 8));
    write_idx(folder.path(), "emnist-mnist-train", &train);
    write(
        folder.path().join("emnist-mnist-train-images-idx3-ubyte.gz"),
        &gzip(&idx_images(&train)),
    );
    write(
        folder.path().join("emnist-mnist-train-labels-idx1-ubyte.gz"),
        &gzip(&idx_labels(&train)),
    );
    let data = read(folder.path());
    assert_eq!((data.train.len(), data.notes.len()), (9, 0));
}

#[test]
fn several_sets_in_one_folder_are_refused_with_their_names_and_a_file_names_one() {
    let (folder, train) = (folder(), samples(1, 9, 1, 8));
    for set in ["emnist-balanced-train", "emnist-byclass-train", "train"] {
        write_idx(folder.path(), set, &train);
        write_idx(folder.path(), &set.replace("train", "test"), &train);
    }
    let error = refusal(folder.path());
    let Error::SeveralSets { found, .. } = &error else { panic!("{error}") };
    let names = "train-images-idx3-ubyte, emnist-balanced-train-images-idx3-ubyte, \
                 emnist-byclass-train-images-idx3-ubyte";
    assert_eq!(found, names);
    let file = folder.path().join("emnist-byclass-train-images-idx3-ubyte");
    assert!(error.to_string().contains(&format!("as in `idx:{}`", file.display())), "{error}");
    assert_eq!(read(format!("idx:{}", file.display())).train.len(), 9);
}

#[test]
fn images_of_no_split_are_told() {
    let (folder, train) = (folder(), samples(1, 9, 1, 8));
    write_idx(folder.path(), "train", &train);
    write_idx(folder.path(), "extra", &train);
    let told = "idx files of images that are not read (1): extra-images-idx3-ubyte";
    assert_eq!(check(&config(folder.path())).notes, [told]);
}

#[test]
fn labels_of_qmnist_are_the_first_column() {
    let (folder, train) = (folder(), samples(1, 4, 1, 8));
    write(folder.path().join("qmnist-train-images-idx3-ubyte.gz"), &gzip(&idx_images(&train)));
    let labels = folder.path().join("qmnist-train-labels-idx2-int.gz");
    for columns in [1, 8] {
        write(&labels, &gzip(&wide_labels(&[5, 0, 300, 5], columns)));
        let data = read(folder.path());
        assert_eq!(
            (data.train.labels(), data.train.file_labels()),
            (&[1, 0, 2, 1][..], &[0, 5, 300][..])
        );
    }
    write(&labels, &wide_labels(&[5, -1, 4, 5], 8));
    let error = refusal(folder.path());
    assert!(matches!(error, Error::NegativeLabel { record: 1, found: -1, .. }), "{error}");
    write(&labels, &wide_labels(&[5, 1, 4, 5], 8)[..100]);
    let error = refusal(folder.path());
    assert!(matches!(error, Error::IdxLength { found: 100, expected: 140, .. }), "{error}");
}

#[test]
fn a_file_of_the_right_name_is_judged_by_its_content() {
    let (folder, train) = (folder(), samples(1, 4, 1, 8));
    write_idx(folder.path(), "emnist-letters-train", &train);
    write(folder.path().join("emnist-letters-train-images-idx3-ubyte"), b"<html></html>");
    assert!(matches!(refusal(folder.path()), Error::IdxMagic { .. }));
}
