//! Times batches of 96 images of 3 x 32 x 32 under several augmentations, in ns a pixel (one of
//! 1,024 an image): `cargo run --release -p tamis-data --example augment_bench`. Of several rounds,
//! in which the augmentations take turns, the fastest counts.

#![allow(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use tamis_core::SampleId;
use tamis_data::{
    BatchSource, ColorJitter, DataConfig, Normalization, RandAugment, RandomResizedCrop,
    TrainingAugmentation, open,
};

const ROUNDS: usize = 60;
const BATCHES: u32 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let train = Arc::new(open(&DataConfig::default())?.train);
    let normalization = Normalization::of(&train)?;
    let pixels = 96.0 * train.shape().plane() as f64 * f64::from(BATCHES);
    let mut sources = Vec::new();
    for (name, augmentation) in augmentations() {
        let source = BatchSource::for_training(train.clone(), &normalization, augmentation, 0)?;
        sources.push((name, source, f64::INFINITY));
    }
    for _ in 0..ROUNDS {
        for (_, source, fastest) in &mut sources {
            *fastest = fastest.min(round_s(source)? * 1e9 / pixels);
        }
    }
    let base = sources[0].2;
    for (name, _, ns) in sources {
        println!("{name:<32} {ns:6.2} ns a pixel, {:5.2} of the first", ns / base);
    }
    Ok(())
}

fn augmentations() -> [(&'static str, TrainingAugmentation); 6] {
    let basic = TrainingAugmentation::default();
    let jitter = ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };
    let rand_augment = RandAugment { operations: 2, magnitude: 9 };
    let crop = Some(RandomResizedCrop::default());
    [
        ("flip + crop", basic),
        ("flip + crop + cutout", TrainingAugmentation { cutout: 16, ..basic }),
        ("flip + crop + mixup", TrainingAugmentation { mixup: Some(0.2), ..basic }),
        ("flip + crop + RandAugment (2, 9)", TrainingAugmentation { rand_augment, ..basic }),
        ("flip + crop + color jitter", TrainingAugmentation { color_jitter: jitter, ..basic }),
        (
            "flip + resized crop",
            TrainingAugmentation { random_resized_crop: crop, crop_padding: 0, ..basic },
        ),
    ]
}

fn round_s(source: &BatchSource) -> Result<f64, tamis_data::Error> {
    let start = Instant::now();
    for step in 0..BATCHES {
        let ids: Vec<SampleId> = (step * 96..step * 96 + 96).map(SampleId).collect();
        black_box(source.training_batch(&ids, 0, step)?);
    }
    Ok(start.elapsed().as_secs_f64())
}
