//! The catalogue of bad idx, CIFAR and gzip files: each is refused with its own error.

use proptest::prelude::*;
use tamis_data::{DataConfig, Error, ShapeError, check, open};

use crate::testkit::*;

/// A folder of sound idx files with one file replaced.
fn idx_with(name: &str, content: &[u8]) -> Error {
    let folder = folder();
    write_idx(folder.path(), "train", &samples(1, 6, 1, 8));
    write(folder.path().join(name), content);
    refusal(folder.path())
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

#[test]
fn wrong_first_bytes_of_an_idx_file_are_shown() {
    for wrong in [[3, 8, 0, 0], [0, 0, 0x0d, 3], [0, 0, 8, 2], [0, 0, 8, 1]] {
        let mut content = idx_images(&samples(1, 6, 1, 8));
        content[..4].copy_from_slice(&wrong);
        let error = idx_with(IMAGES, &content);
        assert!(matches!(&error, Error::IdxMagic { found, .. } if *found == wrong), "{error}");
    }
    let error = idx_with(LABELS, &[]);
    assert!(matches!(&error, Error::IdxMagic { found, .. } if found.is_empty()), "{error}");
    assert!(error.to_string().ends_with("found the first bytes [], expected [00, 00, 08, 01]"));
}

#[test]
fn an_idx_file_of_the_wrong_length_is_refused_with_the_right_one() {
    let sound = idx_images(&samples(1, 6, 1, 8));
    let cut = &sound[..sound.len() - 1];
    let long = [&sound[..], &[0]].concat();
    for content in [cut, &long] {
        let error = idx_with(IMAGES, content);
        let right = matches!(error, Error::IdxLength { expected: 400, found, .. } if found == content.len());
        assert!(right, "{error}");
    }
    assert!(matches!(idx_with(IMAGES, &sound[..10]), Error::IdxLength { expected: 16, .. }));
    assert!(matches!(idx_with(LABELS, &[0, 0, 8, 1, 0]), Error::IdxLength { expected: 8, .. }));
}

#[test]
fn sizes_whose_product_overflows_are_refused_without_allocating() {
    let content = [&[0, 0, 8, 3][..], &[0xff; 12], &[7; 64]].concat();
    let error = idx_with(IMAGES, &content);
    assert!(matches!(error, Error::IdxLength { expected: u64::MAX, found: 80, .. }), "{error}");
}

#[test]
fn an_idx_file_without_samples_or_pixels_is_refused() {
    for zero in [4, 8, 12] {
        let mut content = idx_images(&samples(1, 6, 1, 8));
        content[zero..zero + 4].fill(0);
        content.truncate(16);
        assert!(matches!(idx_with(IMAGES, &content), Error::Empty { .. }));
    }
}

#[test]
fn images_and_labels_must_be_equally_many() {
    let error = idx_with(LABELS, &idx_labels(&samples(1, 5, 1, 8)));
    assert!(matches!(error, Error::Counts { labels: 5, images: 6, .. }), "{error}");
}

#[test]
fn a_missing_labels_file_is_named() {
    let folder = folder();
    write(folder.path().join(IMAGES), &idx_images(&samples(1, 6, 1, 8)));
    let error = refusal(folder.path());
    assert!(matches!(&error, Error::MissingFile { expected, .. } if expected == LABELS), "{error}");
}

#[test]
fn an_images_file_whose_labels_cannot_be_found_is_refused() {
    let folder = folder();
    let file = write(folder.path().join("train.idx"), &idx_images(&samples(1, 6, 1, 8)));
    assert!(matches!(refusal(file), Error::Unpaired { .. }));
}

#[test]
fn a_cut_cifar_file_is_refused_with_its_record() {
    let folder = folder();
    let content = cifar10(&samples(1, 6, 3, 32));
    write(folder.path().join("data_batch_1.bin"), &content[..content.len() - 100]);
    let error = refusal(folder.path());
    assert!(matches!(error, Error::CifarRecord { record: 5, found: 2973, expected: 3073, .. }));
    let text = "found 2973 bytes in record 5, expected 3073 bytes a record";
    assert!(error.to_string().ends_with(text), "{error}");
    write(folder.path().join("data_batch_1.bin"), &[&content[..], &[1, 2]].concat());
    assert!(matches!(refusal(folder.path()), Error::CifarRecord { record: 6, found: 2, .. }));
    write(folder.path().join("data_batch_1.bin"), &[]);
    assert!(matches!(refusal(folder.path()), Error::Empty { .. }));
}

#[test]
fn cifar_100_has_records_of_3074_bytes() {
    let folder = folder();
    let content = cifar100(&samples(1, 6, 3, 32));
    write(folder.path().join("train.bin"), &content[..content.len() - 1]);
    assert!(matches!(
        refusal(folder.path()),
        Error::CifarRecord { record: 5, found: 3073, expected: 3074, .. }
    ));
}

#[test]
fn labels_outside_the_format_are_refused_with_their_record() {
    let folder = folder();
    let mut train = samples(1, 6, 3, 32);
    train[4].label = 10;
    write(folder.path().join("data_batch_1.bin"), &cifar10(&train));
    assert!(matches!(
        refusal(folder.path()),
        Error::LabelRange { record: 4, found: 10, limit: 10, .. }
    ));
    train[4].label = 100;
    write(folder.path().join("sub/train.bin"), &cifar100(&train));
    assert!(matches!(
        refusal(folder.path().join("sub")),
        Error::LabelRange { record: 4, found: 100, limit: 100, .. }
    ));
    let mut content = cifar100(&samples(1, 6, 3, 32));
    content[3074] = 20;
    write(folder.path().join("sub/train.bin"), &content);
    assert!(matches!(
        refusal(folder.path().join("sub")),
        Error::LabelRange { record: 1, found: 20, limit: 20, .. }
    ));
}

#[test]
fn a_wrong_number_of_class_names_is_refused() {
    let folder = folder();
    write(folder.path().join("data_batch_1.bin"), &cifar10(&samples(1, 6, 3, 32)));
    write(folder.path().join("batches.meta.txt"), b"airplane\nbird\n");
    let error = refusal(folder.path());
    assert!(matches!(error, Error::ClassNames { found: 2, expected: 10, .. }), "{error}");
}

#[test]
fn a_test_label_that_training_lacks_is_refused() {
    let (folder, mut test) = (folder(), samples(2, 3, 1, 8));
    write_idx(folder.path(), "train", &samples(1, 6, 1, 8));
    test[1].label = 9;
    write_idx(folder.path(), "t10k", &test);
    let error = refusal(folder.path());
    assert!(matches!(&error, Error::UnknownClass { class } if class == "9"), "{error}");
}

#[test]
fn splits_of_different_shapes_are_refused_with_a_hint() {
    let folder = folder();
    write_idx(folder.path(), "train", &samples(1, 6, 1, 8));
    write_idx(folder.path(), "t10k", &samples(2, 6, 1, 9));
    let error = refusal(folder.path());
    assert!(
        matches!(error, Error::Shapes(ShapeError::Splits { .. }))
            && error.to_string().contains("data.size=N")
    );
    let config = DataConfig { size: Some(8), ..config(folder.path()) };
    assert!(open(&config).is_ok());
}

#[test]
fn damaged_gzip_files_are_refused() {
    let packed = gzip(&cifar10(&samples(1, 6, 3, 32)));
    let mut bad_sum = packed.clone();
    let at = packed.len() - 6;
    bad_sum[at] ^= 1;
    let garbage = [&packed[..], b"garbage"].concat();
    for content in [&packed[..packed.len() - 1], &packed[..packed.len() / 2], &bad_sum, &garbage] {
        let folder = folder();
        write(folder.path().join("data_batch_1.bin.gz"), content);
        let error = refusal(folder.path());
        assert!(matches!(error, Error::Unpack { .. }), "{error}");
    }
}

#[test]
fn a_small_file_that_unpacks_without_end_is_refused() {
    let folder = folder();
    // 96 KiB that unpack to 96 MiB.
    let member = gzip(&vec![0; 1 << 20]);
    let file = write(folder.path().join("data_batch_1.bin.gz"), &member.repeat(96));
    assert!(matches!(refusal(folder.path()), Error::TooLarge { .. }));
    let mut config = config(folder.path());
    config.limits.gzip_ratio = 2000;
    config.limits.file_bytes = 1 << 20;
    assert!(matches!(open(&config).unwrap_err(), Error::TooLarge { limit: 1_048_576, .. }));
    write(file, &vec![0; 2 << 20]);
    assert!(matches!(open(&config).unwrap_err(), Error::TooLarge { limit: 1_048_576, .. }));
}

#[test]
fn what_no_reader_knows_is_refused() {
    let folder = folder();
    assert!(matches!(refusal(folder.path()), Error::UnknownLayout { .. }));
    let text = write(folder.path().join("notes.txt"), b"hello");
    assert!(matches!(refusal(text), Error::UnknownLayout { .. }));
    let named = format!("cifar10:{}", folder.path().display());
    let error = refusal(named);
    assert!(error.to_string().contains("found no file `data_batch_1.bin`"), "{error}");
}

#[test]
fn a_layout_that_is_not_known_is_refused_with_those_that_are() {
    for source in ["cifar11:x", "Cifar10:x", "synthetic:x", "folders:"] {
        let error = refusal(source);
        assert!(matches!(&error, Error::UnknownLayoutName { .. }), "{error}");
        let names = "expected one of: cifar10, cifar100, mnist, idx, folder, tar, npz, \
                parquet, webdataset, pack; \
                hint: `synthetic`";
        assert!(error.to_string().contains(names), "{error}");
    }
    // What is no name is a path: a drive, a folder with a colon below it.
    for source in ["c:x", "some/place:x", "no such: file"] {
        assert!(matches!(refusal(source), Error::Missing { .. }), "{source}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_called_so_with_the_name_beside_it_that_is_near() {
    let folder = folder();
    write(folder.path().join("photos/x.txt"), b"");
    for (missing, near) in [("nowhere", ""), ("Phots", "; hint: beside it is `"), ("a/b", "")] {
        for layout in ["", "folder:", "cifar10:"] {
            let path = folder.path().join(missing);
            let text = refusal(format!("{layout}{}", path.display())).to_string();
            let expected = format!("reading `{}`: it does not exist{near}", path.display());
            assert!(text.starts_with(&expected), "{text}");
            assert_eq!(text.len() > expected.len(), !near.is_empty(), "{text}");
            assert!(near.is_empty() || text.ends_with("/photos`"), "{text}");
        }
    }
}

#[test]
fn a_layout_without_a_path_asks_for_one() {
    for name in ["cifar10:", "cifar100:", "mnist:", "idx:", "folder:"] {
        let error = refusal(name);
        assert!(matches!(&error, Error::NoPath { given } if given == name), "{error}");
        assert!(error.to_string().ends_with(&format!("as in `{name}PATH`")), "{error}");
    }
}

#[test]
fn check_lists_the_problems_of_all_files_at_once() {
    let folder = folder();
    let train = cifar10(&samples(1, 6, 3, 32));
    write(folder.path().join("data_batch_1.bin"), &train[1..]);
    write(folder.path().join("data_batch_2.bin"), &train);
    write(folder.path().join("data_batch_3.bin"), &gzip(&train)[..500]);
    write(folder.path().join("test_batch.bin"), &[77; 3073]);
    let report = check(&config(folder.path()));
    assert_eq!(report.problems.len(), 3, "{:?}", report.problems);
    assert_eq!(report.notes, ["3 of the 5 training files are there"]);
    let message = refusal(folder.path()).to_string();
    assert!(message.ends_with("(and 2 more problems; hint: `tamis data check` lists them all)"));
}

#[test]
fn settings_outside_their_range_are_refused() {
    let refused = |change: fn(&mut DataConfig)| {
        let mut config = DataConfig::default();
        change(&mut config);
        open(&config).unwrap_err().to_string()
    };
    let message = refused(|config| config.channels = Some(2));
    assert_eq!(message, "checking the setting `data.channels`: found 2, expected 1 or 3");
    for message in [
        refused(|config| config.size = Some(0)),
        refused(|config| config.size = Some(20_000)),
        refused(|config| config.train = Some(0)),
        refused(|config| config.synthetic.wrong_labels = f64::NAN),
        refused(|config| config.synthetic.hardest = 1.1),
        refused(|config| config.synthetic.train = 0),
    ] {
        assert!(message.starts_with("checking the setting `data."), "{message}");
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        content in proptest::collection::vec(any::<u8>(), 0..4000),
        head in 0..6_usize,
    ) {
        let (idx, wide, gzip) = ([0, 0, 8, 3], [0, 0, 12, 2], [0x1f, 0x8b, 8]);
        let jpeg = [0xff, 0xd8, 0xff];
        let heads: [&[u8]; 6] = [&idx, &wide, &gzip, b"\x89PNG\r\n\x1a\n", &jpeg, &[]];
        let head = heads[head];
        let content = [head, &content].concat();
        let folder = folder();
        for name in [IMAGES, LABELS, "data_batch_1.bin", "train.bin", "class/image.png"] {
            write(folder.path().join(name), &content);
        }
        for layout in ["idx", "cifar10", "cifar100", "folder"] {
            let config = DataConfig::from_source(format!("{layout}:{}", folder.path().display()));
            let report = check(&config);
            // Random bytes may be a whole record of CIFAR: whatever is no problem is data.
            prop_assert!(!report.problems.is_empty() || report.stats.is_some());
        }
    }

    #[test]
    fn an_idx_file_cut_anywhere_is_refused(at in 0..400_usize) {
        let content = idx_images(&samples(1, 6, 1, 8));
        let refused =
            matches!(idx_with(IMAGES, &content[..at]), Error::IdxLength { .. } | Error::IdxMagic { .. });
        prop_assert!(refused);
    }
}
