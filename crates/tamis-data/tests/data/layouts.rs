//! Every layout gives the same samples, whatever the packing and the names.

use tamis_core::SampleId;
use tamis_data::{DataConfig, Dataset, ImageShape, check, open, stats};

use crate::testkit::*;

fn assert_holds(dataset: &Dataset, samples: &[Sample]) {
    assert_eq!(dataset.len(), samples.len());
    for (id, sample) in dataset.ids().zip(samples) {
        assert_eq!(dataset.pixels(id).unwrap(), sample.pixels, "sample {id}");
        assert_eq!(dataset.labels()[id.index()], u32::from(sample.label), "sample {id}");
    }
}

#[test]
fn idx_files_give_their_images_in_order() {
    let (folder, train, test) = (folder(), samples(1, 20, 1, 28), samples(2, 9, 1, 28));
    write_idx(folder.path(), "train", &train);
    write_idx(folder.path(), "t10k", &test);
    let data = read(folder.path());
    let own = folder.path().file_name().unwrap();
    assert_eq!(data.name, own.to_str().unwrap(), "called as its folder is");
    assert_eq!(data.train.shape(), ImageShape { channels: 1, height: 28, width: 28 });
    assert_eq!(data.train.classes(), ["0", "1", "2"]);
    assert_holds(&data.train, &train);
    assert_holds(data.test.as_ref().unwrap(), &test);
    let named = format!("mnist:{}", folder.path().display());
    assert_eq!(read(named).name, "mnist");
}

#[test]
fn idx_files_are_called_by_the_name_of_their_set_if_their_folder_is() {
    let folder = folder();
    for (place, name) in [
        ("fashion-mnist", "fashion-mnist"),
        ("FashionMNIST/raw", "fashion-mnist"),
        ("MNIST", "mnist"),
        ("my digits", "my digits"),
    ] {
        let place = folder.path().join(place);
        std::fs::create_dir_all(&place).unwrap();
        write_idx(&place, "train", &samples(1, 6, 1, 28));
        assert_eq!(read(&place).name, name);
        let file = place.join("train-images-idx3-ubyte");
        assert_eq!(read(format!("idx:{}", file.display())).name, name, "a file of it");
    }
}

#[test]
fn idx_images_need_not_be_square() {
    let folder = folder();
    let pixels: Vec<u8> = (0..2 * 3 * 5).collect();
    let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5];
    write(folder.path().join("train-images.idx3-ubyte"), &[&header, &pixels[..]].concat());
    write(folder.path().join("train-labels.idx1-ubyte"), &[0, 0, 8, 1, 0, 0, 0, 2, 7, 4]);
    let data = read(folder.path());
    assert_eq!(data.train.shape(), ImageShape { channels: 1, height: 3, width: 5 });
    assert_eq!(data.train.pixels(SampleId(1)).unwrap(), &pixels[15..]);
    assert_eq!((data.train.labels(), data.train.file_labels()), (&[1, 0][..], &[4, 7][..]));
}

#[test]
fn cifar_10_batches_are_joined_in_the_order_of_their_numbers() {
    let (folder, train, test) = (folder(), samples(1, 50, 3, 32), samples(2, 12, 3, 32));
    for (number, part) in train.chunks(10).enumerate() {
        let name = format!("data_batch_{}.bin", number + 1);
        write(folder.path().join(name), &cifar10(part));
    }
    write(folder.path().join("test_batch.bin"), &cifar10(&test));
    let names = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    write(folder.path().join("batches.meta.txt"), names.as_bytes());
    let data = read(folder.path());
    assert_eq!(data.name, "cifar10");
    assert_eq!(data.train.classes(), ["airplane", "automobile", "bird"]);
    assert_holds(&data.train, &train);
    assert_holds(data.test.as_ref().unwrap(), &test);
}

#[test]
fn cifar_100_classes_are_the_fine_labels() {
    let (folder, train) = (folder(), samples(1, 9, 3, 32));
    write(folder.path().join("train.bin"), &cifar100(&train));
    write(folder.path().join("test.bin"), &cifar100(&train[..3]));
    let data = read(folder.path());
    assert_eq!((data.name.as_str(), data.train.classes().len()), ("cifar100", 3));
    assert_holds(&data.train, &train);
}

#[test]
fn packing_is_told_by_content_and_not_by_name() {
    let train = samples(1, 12, 3, 32);
    let (plain, packed) = (cifar10(&train), gzip(&cifar10(&train)));
    let members = [gzip(&plain[..5000]), gzip(&plain[5000..])].concat();
    let cases = [
        ("data_batch_1.bin", &plain),
        ("data_batch_1.bin.gz", &plain),
        ("data_batch_1.bin", &packed),
        ("data_batch_1.bin.gz", &packed),
        ("data_batch_1.bin.gz", &members),
    ];
    for (name, content) in cases {
        let folder = folder();
        write(folder.path().join(name), content);
        assert_holds(&read(folder.path()).train, &train);
    }
}

#[test]
fn a_single_file_is_a_training_split() {
    let folder = folder();
    let (colour, grey) = (samples(1, 12, 3, 32), samples(1, 12, 1, 28));
    let file = write(folder.path().join("some.data"), &gzip(&cifar10(&colour)));
    assert_holds(&read(file).train, &colour);
    let file = write(folder.path().join("other.data"), &cifar100(&colour));
    let data = read(file);
    assert_eq!(data.name, "cifar100");
    assert_holds(&data.train, &colour);
    write_idx(folder.path(), "my", &grey);
    let data = read(folder.path().join("my-images-idx3-ubyte"));
    assert_holds(&data.train, &grey);
    assert!(data.test.is_none());
}

#[test]
fn the_same_images_have_one_fingerprint_in_every_layout_and_order() {
    let (idx, cifar, png) = (folder(), folder(), folder());
    let (colour, grey) = (samples(1, 200, 3, 32), samples(1, 200, 1, 28));
    write(cifar.path().join("data_batch_1.bin"), &cifar10(&colour[..120]));
    write(cifar.path().join("test_batch.bin"), &cifar10(&colour[120..]));
    write_png_folder(&png.path().join("colour/train"), &colour[..120]);
    write_png_folder(&png.path().join("colour/test"), &colour[120..]);
    let (from_cifar, from_png) = (read(cifar.path()), read(png.path().join("colour")));
    assert_ne!(from_cifar.train.labels(), from_png.train.labels(), "the order differs");
    assert_eq!(from_cifar.fingerprint, from_png.fingerprint);
    assert_eq!(from_cifar.fingerprint.len(), 64);
    assert_ne!(from_cifar.train.order(), from_png.train.order());
    assert_eq!(from_cifar.train.order(), read(cifar.path()).train.order());

    write_idx(idx.path(), "train", &grey);
    write_png_folder(&png.path().join("grey"), &grey);
    let (from_idx, from_png) = (read(idx.path()), read(png.path().join("grey")));
    assert_eq!(from_idx.fingerprint, from_png.fingerprint);
    assert_ne!(from_idx.fingerprint, from_cifar.fingerprint);
}

#[test]
fn a_pixel_a_label_a_shape_or_the_split_changes_the_fingerprint() {
    let train = samples(1, 12, 1, 4);
    let (mut pixel, mut label) = (train.clone(), train.clone());
    pixel[5].pixels[3] ^= 1;
    label[5].label = 0;
    // The same bytes as images of 2 x 8 pixels.
    let mut wide = idx_images(&train);
    (wide[11], wide[15]) = (2, 8);
    let prints = [
        print(&idx_images(&train), &train, &[]),
        print(&idx_images(&pixel), &train, &[]),
        print(&idx_images(&train), &label, &[]),
        print(&wide, &train, &[]),
        print(&idx_images(&train[..9]), &train[..9], &[]),
        print(&idx_images(&train[..9]), &train[..9], &train[9..]),
        print(
            &idx_images(&[&train[..], &train[..1]].concat()),
            &[&train[..], &train[..1]].concat(),
            &[],
        ),
    ];
    let distinct: std::collections::BTreeSet<_> = prints.iter().collect();
    assert_eq!(distinct.len(), prints.len());
}

fn print(images: &[u8], labels: &[Sample], test: &[Sample]) -> String {
    let folder = folder();
    if !test.is_empty() {
        write_idx(folder.path(), "t10k", test);
    }
    write(folder.path().join("train-images-idx3-ubyte"), images);
    write(folder.path().join("train-labels-idx1-ubyte"), &idx_labels(labels));
    read(folder.path()).fingerprint
}

#[test]
fn arrays_that_make_no_data_set_are_refused() {
    let shape = ImageShape { channels: 1, height: 2, width: 2 };
    let make = |pixels: usize, labels: &[u32]| {
        let made =
            Dataset::new(shape, vec![0; pixels], labels.to_vec(), vec!["a".into(), "b".into()]);
        made.map(|dataset| dataset.len()).map_err(|error| error.to_string())
    };
    assert_eq!(make(8, &[0, 1]), Ok(2));
    for (pixels, labels) in [(0, &[][..]), (7, &[0, 1]), (12, &[0, 1]), (8, &[0, 2])] {
        assert!(make(pixels, labels).is_err());
    }
    let huge = ImageShape { channels: 3, height: usize::MAX, width: 2 };
    assert!(Dataset::new(huge, vec![0; 2], vec![0], vec!["a".into()]).is_err());
}

#[test]
fn labels_that_start_at_one_become_classes_from_zero() {
    let (folder, mut train) = (folder(), samples(1, 9, 1, 8));
    for sample in &mut train {
        sample.label = 1 + 2 * sample.label;
    }
    write_idx(folder.path(), "train", &train);
    let data = read(folder.path());
    assert_eq!(data.train.labels(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(data.train.file_labels(), [1, 3, 5]);
    assert_eq!(data.train.classes(), ["1", "3", "5"]);
    assert_eq!(data.notes, ["labels 1 to 5 are classes 0 to 2, in their order"]);
}

#[test]
fn the_first_images_keep_their_ids_and_all_classes() {
    let (folder, train) = (folder(), samples(1, 20, 1, 8));
    write_idx(folder.path(), "train", &train);
    let mut config = config(folder.path());
    config.train = Some(2);
    let data = open(&config).unwrap();
    assert_holds(&data.train, &train[..2]);
    assert_eq!(data.train.class_counts(), [1, 1, 0]);
    assert_eq!(data.notes, ["classes without training images (1): 2"]);
    config.train = Some(21);
    let message = open(&config).unwrap_err().to_string();
    let expected = "taking the first 21 training images: found 20; hint: lower `data.train`";
    assert_eq!(message, expected);
}

#[test]
fn statistics_are_exact_and_a_constant_channel_does_not_break_normalising() {
    let (folder, mut train) = (folder(), samples(1, 2, 3, 32));
    for (id, sample) in train.iter_mut().enumerate() {
        sample.pixels[..1024].fill(51);
        sample.pixels[1024..2048].fill(if id == 0 { 0 } else { 255 });
    }
    write(folder.path().join("data_batch_1.bin"), &cifar10(&train));
    let data = read(folder.path());
    let channels = stats(&data).unwrap().train.channels;
    assert_eq!((channels.mean[0], channels.deviation[0]), (0.2, 0.0));
    assert_eq!((channels.mean[1], channels.deviation[1]), (0.5, 0.5));
    let blue: Vec<f64> = train.iter().flat_map(|s| &s.pixels[2048..]).map(|&p| p.into()).collect();
    let mean = blue.iter().sum::<f64>() / 2048.0;
    let variance = blue.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f64>() / 2048.0;
    assert!((channels.mean[2] - mean / 255.0).abs() < 1e-12);
    assert!((channels.deviation[2] - variance.sqrt() / 255.0).abs() < 1e-12);
    let normalization = tamis_data::Normalization::of(&data.train).unwrap();
    assert_eq!(normalization.deviation[0], 1.0 / 255.0);
    assert_eq!(normalization.deviation[1], 0.5);
}

#[test]
fn check_finds_duplicates_leaks_and_contradictions() {
    let folder = folder();
    let mut train = samples(1, 12, 1, 8);
    let mut test = samples(2, 6, 1, 8);
    train[7].pixels = train[1].pixels.clone();
    train[8].pixels = train[3].pixels.clone();
    test[4].pixels = train[10].pixels.clone();
    write_idx(folder.path(), "train", &train);
    write_idx(folder.path(), "t10k", &test);
    let report = check(&config(folder.path()));
    assert!(!report.is_sound());
    assert_eq!(
        report.problems,
        [
            "the same training image is under the classes 0, 2: sample 3, sample 8",
            "the test image sample 4 is in the training split too: sample 10",
        ]
    );
    assert_eq!(report.warnings, ["equal training images in one class (1): sample 1 = sample 7"]);
    assert_eq!(report.notes, [""; 0], "what is a problem is not said twice");
    let stats = report.stats.unwrap();
    assert_eq!(stats.train.duplicates.len(), 2);
    assert_eq!((stats.leaks[0].train, stats.leaks[0].test), (SampleId(10), SampleId(4)));
    assert_eq!(stats.train.class_counts, [4, 4, 4]);
    // Such data can still be used: that is for the user to decide, who is told.
    assert_eq!(
        open(&config(folder.path())).unwrap().warnings,
        [
            "equal training images under several classes (1): sample 3 = sample 8",
            "test images that are in the training split too (1): sample 4",
            "equal training images in one class (1): sample 1 = sample 7",
        ]
    );
}

#[test]
fn size_and_channels_bring_binary_images_to_one_shape() {
    let (folder, train) = (folder(), samples(1, 6, 1, 28));
    write_idx(folder.path(), "train", &train);
    let config = DataConfig { size: Some(14), channels: Some(3), ..config(folder.path()) };
    let data = open(&config).unwrap();
    assert_eq!(data.train.shape(), ImageShape { channels: 3, height: 14, width: 14 });
    let pixels = data.train.pixels(SampleId(4)).unwrap();
    assert_eq!(pixels[..196], pixels[392..]);
    let mean =
        |pixels: &[u8]| pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / pixels.len() as f64;
    assert!((mean(&pixels) - mean(&train[4].pixels)).abs() < 6.0);
}
