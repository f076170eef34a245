//! A training of 200 epochs.

use std::error::Error;

use tamis_core::SampleId;
use tamis_report::{CalibrationBin, Mistake, Part, Training, TrainingEpoch};

use super::images::image;

const EPOCHS: u32 = 200;

pub(crate) fn training(classes: usize) -> Result<Training, Box<dyn Error>> {
    let names = super::class_names(classes);
    Ok(Training {
        epochs: Part::Given((0..EPOCHS).map(epoch).collect()),
        evaluated_on: "test split".to_owned(),
        confusion: Part::Given(confusion(classes)),
        calibration: Part::Given(calibration()),
        mistakes: Part::Given(mistakes(&names)?),
        classes: names,
    })
}

fn epoch(epoch: u32) -> TrainingEpoch {
    let mut stream = super::stream(1000 + u64::from(epoch));
    let at = f64::from(epoch) / f64::from(EPOCHS);
    let rate = 0.05 * (1.0 + (std::f64::consts::PI * at).cos());
    let grown = 1.0 - (-5.0 * at).exp();
    let noise = 0.2 * rate;
    TrainingEpoch {
        epoch,
        train_loss: Some(2.1 * (-4.2 * at).exp() + 0.03 + 0.1 * noise * stream.normal()),
        train_accuracy: Some((0.3 + 0.69 * grown + noise * stream.normal()).min(0.999)),
        held_out_loss: epoch
            .is_multiple_of(2)
            .then(|| 1.8 * (-4.5 * at).exp() + 0.27 + 6.0 * noise * stream.unit()),
        held_out_accuracy: epoch
            .is_multiple_of(2)
            .then(|| 0.33 + 0.604 * grown - 2.5 * noise * stream.unit()),
        learning_rate: Some(rate),
    }
}

fn confusion(classes: usize) -> Vec<Vec<u64>> {
    let mut stream = super::stream(1300);
    let samples = if classes > 20 { 100 } else { 1000 };
    let hard: Vec<f64> = (0..classes).map(|_| stream.uniform(0.01, 0.14)).collect();
    let mut counts = vec![vec![0_u64; classes]; classes];
    for (class, row) in counts.iter_mut().enumerate() {
        for _ in 0..samples {
            let wrong = stream.chance(hard[class]);
            // Most mistakes are between two neighbours.
            let other =
                if stream.chance(0.5) { class ^ 1 } else { stream.below(classes as u64) as usize };
            row[if wrong { other.min(classes - 1) } else { class }] += 1;
        }
    }
    counts
}

fn calibration() -> Vec<CalibrationBin> {
    const SAMPLES: [u64; 10] = [0, 4, 25, 76, 142, 204, 237, 315, 640, 8357];
    let bin = |(at, samples): (usize, u64)| {
        let (lower, upper) = (at as f64 / 10.0, (at + 1) as f64 / 10.0);
        let confidence = if at == 9 { 0.987 } else { lower + 0.052 };
        let accuracy =
            if samples == 0 { 0.0 } else { confidence - 0.11 * (1.0 - confidence) - 0.02 };
        CalibrationBin { lower, upper, samples, confidence, accuracy }
    };
    SAMPLES.into_iter().enumerate().map(bin).collect()
}

fn mistakes(names: &[String]) -> Result<Vec<Mistake>, Box<dyn Error>> {
    let mut mistakes = Vec::new();
    for number in 0..14_u32 {
        let mut stream = super::stream(1400 + u64::from(number));
        let class = stream.below(names.len() as u64) as usize;
        let other = (class + 1 + stream.below(names.len() as u64 - 1) as usize) % names.len();
        mistakes.push(Mistake {
            id: SampleId(stream.below(10_000) as u32),
            true_class: names[class].clone(),
            predicted_class: names[other].clone(),
            probability: 0.9999 - 0.004 * f64::from(number * number) / 10.0,
            image: Some(image(class, &mut stream)?),
        });
    }
    Ok(mistakes)
}
