//! Augmentation for training single networks: what it leaves alone, what it is a function of, how
//! images and labels are mixed, and what is refused.

use std::sync::Arc;

use proptest::prelude::*;
use tamis_core::SampleId;
use tamis_data::{
    Augmentation, BatchSource, ColorJitter, Dataset, Error, ImageShape, Normalization, RandAugment,
    RandomResizedCrop, TrainingAugmentation, TrainingBatch,
};

use crate::testkit::{cases, samples};

fn dataset(channels: usize) -> Arc<Dataset> {
    let shape = ImageShape { channels, height: 20, width: 20 };
    let samples = samples(1, 30, channels, 20);
    let pixels = samples.iter().flat_map(|sample| sample.pixels.clone()).collect();
    let labels = samples.iter().map(|sample| sample.label.into()).collect();
    Arc::new(Dataset::new(shape, pixels, labels, ["a", "b", "c"].map(String::from).into()).unwrap())
}

fn source(augmentation: TrainingAugmentation, seed: u64) -> BatchSource {
    let dataset = dataset(3);
    let normalization = Normalization::of(&dataset).unwrap();
    BatchSource::for_training(dataset, &normalization, augmentation, seed).unwrap()
}

fn everything() -> TrainingAugmentation {
    TrainingAugmentation {
        rand_augment: RandAugment { operations: 2, magnitude: 9 },
        color_jitter: ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
        random_resized_crop: Some(RandomResizedCrop::default()),
        crop_padding: 0,
        flip: true,
        cutout: 5,
        mixup: Some(0.4),
    }
}

/// Everything on bytes, but no mixup.
fn unmixed() -> TrainingAugmentation {
    TrainingAugmentation { mixup: None, ..everything() }
}

fn ids(ids: &[u32]) -> Vec<SampleId> {
    ids.iter().copied().map(SampleId).collect()
}

fn images(batch: &TrainingBatch) -> std::slice::ChunksExact<'_, f32> {
    batch.batch.images.chunks_exact(batch.batch.shape.len())
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn crop_flip_and_cutout_are_those_of_a_search_to_the_bit(
        crop_padding in 0_usize..6, flip: bool, cutout in 0_usize..12, seed: u64, epoch in 0_u32..9
    ) {
        let basic = Augmentation { crop_padding, flip, cutout };
        let dataset = dataset(3);
        let normalization = Normalization::of(&dataset).unwrap();
        let search = BatchSource::new(dataset, &normalization, basic, seed).unwrap();
        let all: Vec<SampleId> = (0..30).map(SampleId).collect();
        let found = source(basic.into(), seed).training_batch(&all, epoch, 4).unwrap();
        let batch = search.batch(&all, epoch, true).unwrap();
        prop_assert_eq!(found, TrainingBatch { batch, mixed: None });
    }

    #[test]
    fn an_image_does_not_depend_on_its_batch_nor_on_the_step(
        chosen in prop::collection::vec(0_u32..30, 1..8), epoch in 0_u32..5, step: u32
    ) {
        let source = source(unmixed(), 3);
        let batch = source.training_batch(&ids(&chosen), epoch, step).unwrap();
        for (image, &id) in images(&batch).zip(&chosen) {
            prop_assert_eq!(image, &source.training_batch(&ids(&[id]), epoch, 0).unwrap().batch.images);
        }
    }

    #[test]
    fn mixed_images_and_targets_are_the_same_means_of_the_same_partners(
        chosen in prop::collection::vec(0_u32..30, 1..12), epoch in 0_u32..5, step in 0_u32..50
    ) {
        let plain = source(unmixed(), 3).training_batch(&ids(&chosen), epoch, step).unwrap();
        let found = source(everything(), 3).training_batch(&ids(&chosen), epoch, step).unwrap();
        prop_assert_eq!(&found.batch.labels, &plain.batch.labels);
        let mixed = found.mixed.as_ref().unwrap();
        let mut partners = mixed.partners.clone();
        partners.sort_unstable();
        prop_assert!(partners.into_iter().eq(0..chosen.len()));
        prop_assert!((0.0..=1.0).contains(&mixed.lambda));
        let (targets, hard) = (found.targets(3), plain.targets(3));
        let plain: Vec<&[f32]> = images(&plain).collect();
        let mean = |own: f32, other: f32| {
            mixed.lambda * f64::from(own) + (1.0 - mixed.lambda) * f64::from(other)
        };
        for (at, image) in images(&found).enumerate() {
            let partner = mixed.partners[at];
            for (&value, (&own, &other)) in image.iter().zip(plain[at].iter().zip(plain[partner])) {
                prop_assert!((f64::from(value) - mean(own, other)).abs() < 1e-5);
            }
            let row = &targets[at * 3..][..3];
            prop_assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            for (class, &target) in row.iter().enumerate() {
                let expected = mean(hard[at * 3 + class], hard[partner * 3 + class]);
                prop_assert!((f64::from(target) - expected).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn targets_of_images_that_are_not_mixed_have_all_weight_on_their_labels() {
    let batch = source(unmixed(), 0).training_batch(&ids(&[0, 1, 2, 4]), 0, 0).unwrap();
    let expected = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    assert_eq!(batch.targets(3), expected);
}

#[test]
fn steps_and_epochs_are_mixed_in_their_own_ways() {
    let source = source(everything(), 0);
    let all: Vec<SampleId> = (0..30).map(SampleId).collect();
    let first = source.training_batch(&all, 0, 0).unwrap();
    assert_eq!(first, source.training_batch(&all, 0, 0).unwrap());
    for (epoch, step) in [(0, 1), (1, 0)] {
        let other = source.training_batch(&all, epoch, step).unwrap();
        assert_ne!(first.mixed, other.mixed);
    }
}

#[test]
fn every_setting_changes_images_anew_in_every_epoch() {
    let none = TrainingAugmentation::none();
    let settings = [
        TrainingAugmentation { rand_augment: everything().rand_augment, ..none },
        TrainingAugmentation { color_jitter: everything().color_jitter, ..none },
        TrainingAugmentation { random_resized_crop: everything().random_resized_crop, ..none },
    ];
    let all: Vec<SampleId> = (0..30).map(SampleId).collect();
    let plain = source(none, 0).batch(&all, 0, false).unwrap();
    for augmentation in settings {
        let source = source(augmentation, 0);
        assert_eq!(source.batch(&all, 0, false).unwrap(), plain, "{augmentation:?}");
        let [first, second] = [0, 1].map(|epoch| source.training_batch(&all, epoch, 0).unwrap());
        let differ = |a: &TrainingBatch, b: &[f32]| {
            images(a).zip(b.chunks(plain.shape.len())).filter(|(a, b)| a != b).count()
        };
        assert!(differ(&first, &plain.images) > 20, "{augmentation:?}");
        assert!(differ(&first, &second.batch.images) > 20, "{augmentation:?}");
    }
    assert_eq!(source(none, 0).training_batch(&all, 5, 0).unwrap().batch, plain);
}

#[test]
fn grey_images_are_augmented_too() {
    let dataset = dataset(1);
    let normalization = Normalization::of(&dataset).unwrap();
    let source = BatchSource::for_training(dataset, &normalization, everything(), 0).unwrap();
    let all: Vec<SampleId> = (0..30).map(SampleId).collect();
    let batch = source.training_batch(&all, 0, 0).unwrap();
    assert!(batch.batch.images.iter().all(|value| value.is_finite()));
    assert_ne!(batch.batch.images, source.batch(&all, 0, false).unwrap().images);
}

/// The key that is named when the settings, written as TOML, are refused for 3 x 20 x 20 images;
/// `None` if they are taken.
fn refused(text: &str) -> Option<&'static str> {
    let augmentation: TrainingAugmentation = toml::from_str(text).unwrap();
    match augmentation.check(ImageShape { channels: 3, height: 20, width: 20 }) {
        Err(Error::Setting { key, .. }) => key.strip_prefix("augmentation."),
        _ => None,
    }
}

#[test]
fn settings_outside_their_ranges_are_refused_by_their_keys() {
    for (key, values) in [
        ("crop_padding", &["20"][..]),
        ("cutout", &["21"]),
        ("mixup", &["0.0", "-0.2", "nan", "inf"]),
        ("rand_augment.magnitude", &["31"]),
        ("rand_augment.operations", &["101"]),
        ("color_jitter.brightness", &["-0.1", "nan", "inf"]),
        ("color_jitter.contrast", &["-0.1", "nan"]),
        ("color_jitter.saturation", &["-0.1", "nan"]),
        ("color_jitter.hue", &["-0.1", "0.51", "nan"]),
        ("random_resized_crop.scale", &["[0.0, 1.0]", "[0.6, 0.5]", "[0.1, 1.1]", "[nan, 1.0]"]),
        ("random_resized_crop.ratio", &["[0.0, 1.0]", "[2.0, 1.0]", "[1.0, inf]", "[1.0, nan]"]),
    ] {
        for value in values {
            assert_eq!(refused(&format!("{key} = {value}")), Some(key), "{value}");
        }
    }
    assert_eq!(refused("random_resized_crop = {}"), Some("crop_padding"));
}

#[test]
fn settings_at_the_ends_of_their_ranges_are_taken() {
    let text = "crop_padding = 0\ncutout = 20\nmixup = 1e-9\n\
                rand_augment = { operations = 1, magnitude = 30 }\n\
                color_jitter = { brightness = 3.0, hue = 0.5 }\n\
                random_resized_crop = { scale = [1.0, 1.0], ratio = [1.0, 1.0] }";
    source(toml::from_str(text).unwrap(), 0).training_batch(&ids(&[1, 2]), 0, 0).unwrap();
}

#[test]
fn operations_on_colours_are_refused_for_images_of_two_channels() {
    let shape = ImageShape { channels: 2, height: 20, width: 20 };
    assert!(TrainingAugmentation::default().check(shape).is_ok());
    let error = unmixed().check(shape).unwrap_err().to_string();
    assert!(error.contains("`augmentation.rand_augment`: found images of 2 x 20 x 20"), "{error}");
}

#[test]
fn no_text_is_the_default_and_all_settings_survive_being_written() {
    let default: TrainingAugmentation = toml::from_str("").unwrap();
    assert_eq!(default, Augmentation::default().into());
    assert_eq!((default.crop_padding, default.flip, default.cutout), (4, true, 0));
    for augmentation in [default, everything()] {
        let text = toml::to_string(&augmentation).unwrap();
        assert_eq!(toml::from_str::<TrainingAugmentation>(&text).unwrap(), augmentation);
    }
    let unknown = ["crop = 4", "rand_augment = { n = 2 }", "color_jitter = { gamma = 1.0 }"];
    for text in unknown {
        assert!(toml::from_str::<TrainingAugmentation>(text).is_err(), "{text}");
    }
}
