//! What a step's pass said, as policies are told of it.

use tamis_core::{Level, Prediction, SampleId};
use tamis_nn::Outputs;

/// The predictions of a batch, as policies are told of them.
pub fn predictions(
    ids: &[SampleId],
    outputs: &Outputs,
    level: Level,
    epoch: u32,
) -> Vec<Prediction> {
    let samples = ids.iter().zip(&outputs.samples);
    let prediction = samples.map(|(&id, sample)| Prediction {
        id,
        level,
        epoch,
        true_probability: sample.true_probability as f32,
        max_probability: sample.max_probability as f32,
        correct: sample.correct,
        entropy: sample.entropy as f32,
        loss: sample.loss as f32,
    });
    prediction.collect()
}

#[cfg(test)]
mod tests {
    use tamis_core::math;
    use tamis_nn::{Targets, cross_entropy};

    use super::*;

    #[test]
    fn what_probabilities_say_is_what_the_step_that_made_them_told() {
        let logits = [0.3_f32, -1.2, 2.0, 0.0, 0.0, 0.0, -30.0, 12.0, -3.0];
        let labels = [2, 1, 0];
        let targets = Targets { labels: &labels, loss_weights: None, smoothing: 0.0, mixed: None };
        let (outputs, _) = cross_entropy(&logits, &targets).unwrap();
        let ids = [4, 9, 2].map(SampleId);
        let told = predictions(&ids, &outputs, Level::Weight, 5);
        for (((row, &label), id), told) in logits.chunks(3).zip(&labels).zip(ids).zip(told) {
            let parts: Vec<f64> = row.iter().map(|&logit| math::exp(f64::from(logit))).collect();
            let sum: f64 = parts.iter().sum();
            let softmax: Vec<f64> = parts.iter().map(|part| part / sum).collect();
            let place = (id, Level::Weight, 5);
            let found = Prediction::of_probabilities(place, &softmax, label as usize);
            let near = |one: f32, other: f32| (one - other).abs() <= 1e-6 * one.abs().max(1e-6);
            assert!(near(found.true_probability, told.true_probability), "{found:?} {told:?}");
            assert!(near(found.max_probability, told.max_probability), "{found:?} {told:?}");
            assert!(near(found.entropy, told.entropy), "{found:?} {told:?}");
            assert!(near(found.loss, told.loss), "{found:?} {told:?}");
            assert_eq!((found.correct, found.id), (told.correct, told.id));
        }
    }
}
