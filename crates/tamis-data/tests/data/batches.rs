//! Batches: normalising, and augmentation against a slow and plain rendering.

use std::sync::Arc;

use proptest::prelude::*;
use tamis_core::SampleId;
use tamis_data::{Augmentation, Batch, BatchSource, Dataset, Error, ImageShape, Normalization};

use crate::testkit::samples;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 12, width: 12 };

fn dataset() -> Arc<Dataset> {
    let samples = samples(1, 40, 3, 12);
    let pixels = samples.iter().flat_map(|sample| sample.pixels.clone()).collect();
    let labels = samples.iter().map(|sample| sample.label.into()).collect();
    Arc::new(Dataset::new(SHAPE, pixels, labels, ["a", "b", "c"].map(String::from).into()).unwrap())
}

fn source(augmentation: Augmentation, seed: u64) -> BatchSource {
    let dataset = dataset();
    let normalization = Normalization::of(&dataset).unwrap();
    BatchSource::new(dataset, &normalization, augmentation, seed).unwrap()
}

fn all() -> Vec<SampleId> {
    (0..40).map(SampleId).collect()
}

/// The pixel that a value shows; `None` for a value that no pixel has.
fn pixel(normalization: &Normalization, channel: usize, value: f32) -> Option<u8> {
    let Normalization { mean, deviation } = normalization;
    let pixel = (f64::from(value) * deviation[channel] + mean[channel]) * 255.0;
    ((pixel - pixel.round()).abs() < 1e-3).then(|| pixel.round() as u8)
}

fn image(batch: &Batch, position: usize) -> &[f32] {
    &batch.images[position * SHAPE.len()..][..SHAPE.len()]
}

#[test]
fn a_plain_batch_is_normalised_to_mean_0_and_deviation_1() {
    let batch = source(Augmentation::default(), 0).batch(&all(), 3, false).unwrap();
    assert_eq!((batch.ids.len(), batch.images.len(), batch.shape), (40, 40 * SHAPE.len(), SHAPE));
    assert_eq!(batch.labels[..4], [0, 1, 2, 0]);
    for channel in 0..3 {
        let values = batch.images.chunks(144).skip(channel).step_by(3).flatten();
        let values: Vec<f64> = values.map(|&value| value.into()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 1e-5 && (squares - 1.0).abs() < 1e-5, "{mean} {squares}");
    }
}

#[test]
fn an_augmented_image_is_a_crop_of_the_padded_one_perhaps_mirrored() {
    let source = source(Augmentation::default(), 0);
    let normalization = Normalization::of(source.dataset()).unwrap();
    let batch = source.batch(&all(), 0, true).unwrap();
    let mut found = std::collections::BTreeSet::new();
    for id in all() {
        let shown: Vec<Option<u8>> = image(&batch, id.index())
            .iter()
            .enumerate()
            .map(|(at, &value)| pixel(&normalization, at / 144, value))
            .collect();
        let changes = (-4..=4).flat_map(|down| (-4..=4).map(move |right| (down, right)));
        let changes = changes.flat_map(|(down, right)| [(down, right, false), (down, right, true)]);
        let fitting: Vec<_> = changes
            .filter(|&change| shown == slow(&source.dataset().pixels(id).unwrap(), change))
            .collect();
        assert_eq!(fitting.len(), 1, "sample {id} is none or several crops");
        found.extend(fitting);
    }
    assert!(found.len() > 25, "only {} different changes", found.len());
    assert!(found.iter().any(|change| change.2) && found.iter().any(|change| !change.2));
}

/// Output pixel (y, x) of the crop at (down, right), black outside, mirrored.
fn slow(pixels: &[u8], (down, right, flip): (i32, i32, bool)) -> Vec<Option<u8>> {
    let value = |at: usize| {
        let (channel, y, x) = (at / 144, (at / 12 % 12) as i32, (at % 12) as i32);
        let x = if flip { 11 - x } else { x };
        let (y, x) = (y + down, x + right);
        let inside = (0..12).contains(&y) && (0..12).contains(&x);
        Some(if inside { pixels[channel * 144 + (y * 12 + x) as usize] } else { 0 })
    };
    (0..SHAPE.len()).map(value).collect()
}

#[test]
fn cutout_blanks_one_square_of_all_channels_and_changes_nothing_else() {
    let without = source(Augmentation::default(), 0).batch(&all(), 0, true).unwrap();
    let with = source(Augmentation { cutout: 4, ..Augmentation::default() }, 0);
    let with = with.batch(&all(), 0, true).unwrap();
    let mut whole = 0;
    for id in all() {
        let (before, after) = (image(&without, id.index()), image(&with, id.index()));
        let blank: Vec<bool> = before.iter().zip(after).map(|(a, b)| a != b).collect();
        assert!(before.iter().zip(after).all(|(a, b)| a == b || *b == 0.0));
        let blanked: Vec<usize> = (0..144).filter(|at| blank[*at]).collect();
        assert!(blanked.iter().all(|at| blank[144 + at] && blank[288 + at]));
        let rows: std::collections::BTreeSet<_> = blanked.iter().map(|at| at / 12).collect();
        let columns: std::collections::BTreeSet<_> = blanked.iter().map(|at| at % 12).collect();
        assert!((2..=4).contains(&rows.len()) && (2..=4).contains(&columns.len()));
        assert_eq!(blanked.len(), rows.len() * columns.len());
        whole += usize::from(blanked.len() == 16);
    }
    assert!((10..40).contains(&whole), "{whole} of 40 squares lie inside");
}

#[test]
fn epochs_seeds_and_samples_have_changes_of_their_own() {
    let source_0 = source(Augmentation::default(), 0);
    let first = source_0.batch(&all(), 0, true).unwrap();
    assert_eq!(first, source_0.batch(&all(), 0, true).unwrap());
    assert_ne!(first.images, source_0.batch(&all(), 1, true).unwrap().images);
    assert_ne!(
        first.images,
        source(Augmentation::default(), 1).batch(&all(), 0, true).unwrap().images
    );
    let none = source(Augmentation::NONE, 0);
    assert_eq!(none.batch(&all(), 0, true).unwrap(), none.batch(&all(), 0, false).unwrap());
}

#[test]
fn the_augmented_batch_of_a_seed_is_part_of_the_format() {
    let source = source(Augmentation { cutout: 5, ..Augmentation::default() }, 7);
    let images = source.batch(&all(), 2, true).unwrap().images;
    let bytes: Vec<u8> = images.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(blake3::hash(&bytes).to_hex()[..16], *PINNED);
}

const PINNED: &str = "09d7fd6f110db9a1";

#[test]
fn half_of_the_images_are_mirrored() {
    let source = source(Augmentation { crop_padding: 0, ..Augmentation::default() }, 0);
    let plain = source.batch(&all(), 0, false).unwrap().images;
    let mirrored: usize = (0..50)
        .map(|epoch| {
            let batch = source.batch(&all(), epoch, true).unwrap();
            batch
                .images
                .chunks(SHAPE.len())
                .zip(plain.chunks(SHAPE.len()))
                .filter(|(a, b)| a != b)
                .count()
        })
        .sum();
    assert!((900..1100).contains(&mirrored), "{mirrored} of 2000");
}

#[test]
fn settings_that_do_not_fit_the_images_are_refused() {
    let normalization = Normalization::of(&dataset()).unwrap();
    let make = |normalization: &Normalization, augmentation| {
        BatchSource::new(dataset(), normalization, augmentation, 0).map(|_| ())
    };
    let padded = Augmentation { crop_padding: 12, ..Augmentation::default() };
    let cut = Augmentation { cutout: 24, ..Augmentation::default() };
    let grey = Normalization { mean: vec![0.5], deviation: vec![0.2] };
    let flat = Normalization { deviation: vec![0.2, 0.0, 0.2], ..normalization.clone() };
    for result in [
        make(&normalization, padded),
        make(&normalization, cut),
        make(&grey, Augmentation::NONE),
        make(&flat, Augmentation::NONE),
    ] {
        assert!(matches!(result, Err(Error::Setting { .. })));
    }
}

proptest! {
    #[test]
    fn an_image_does_not_depend_on_its_place_in_the_batch(
        ids in proptest::collection::vec(0..40_u32, 1..20), epoch in 0..5_u32
    ) {
        let source = source(Augmentation { cutout: 5, ..Augmentation::default() }, 0);
        let ids: Vec<SampleId> = ids.into_iter().map(SampleId).collect();
        let batch = source.batch(&ids, epoch, true).unwrap();
        for (position, &id) in ids.iter().enumerate() {
            let alone = source.batch(&[id], epoch, true).unwrap();
            prop_assert_eq!(image(&batch, position), &alone.images[..]);
        }
    }
}
