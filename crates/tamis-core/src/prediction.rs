//! What the supernet said of one sample during a training step.
//!
//! Predictions are by-products of steps that are taken anyway: no extra forward pass is spent on
//! them. Selection methods that follow the search (DDS-NAS, BDP, InfoBatch) live on them.

use serde::{Deserialize, Serialize};

use crate::{Level, SampleId, math};

/// One prediction, made in training mode on the augmented image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The sample.
    pub id: SampleId,
    /// The level whose step made the prediction.
    pub level: Level,
    /// Epoch, from 0.
    pub epoch: u32,
    /// Softmax probability of the true class, 0 to 1.
    pub true_probability: f32,
    /// Largest softmax probability, 0 to 1.
    pub max_probability: f32,
    /// Whether the class with the largest probability is the true one.
    pub correct: bool,
    /// Entropy of the softmax output in nats, 0 to ln(classes).
    pub entropy: f32,
    /// Cross-entropy loss in nats, before any loss weight.
    pub loss: f32,
}

impl Prediction {
    /// What these probabilities of the classes say of a sample of class `class`, which is one of them. Of
    /// equally likely classes the first is the answer.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn of_probabilities(
        (id, level, epoch): (SampleId, Level, u32),
        probabilities: &[f64],
        class: usize,
    ) -> Prediction {
        let answer = (0..probabilities.len()).reduce(|best, other| {
            if probabilities[other] > probabilities[best] { other } else { best }
        });
        let answer = answer.unwrap_or(class);
        let parts = probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * math::ln(*p));
        Prediction {
            id,
            level,
            epoch,
            true_probability: probabilities[class] as f32,
            max_probability: probabilities[answer] as f32,
            correct: answer == class,
            entropy: parts.sum::<f64>().max(0.0) as f32,
            loss: -math::ln(probabilities[class]) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_of_probabilities_says_what_they_say() {
        let of = |probabilities: &[f64], class| {
            Prediction::of_probabilities((SampleId(7), Level::Arch, 3), probabilities, class)
        };
        let found = of(&[0.25, 0.5, 0.25], 1);
        assert!(found.correct && (found.true_probability, found.max_probability) == (0.5, 0.5));
        assert_eq!((found.id, found.level, found.epoch), (SampleId(7), Level::Arch, 3));
        assert!((f64::from(found.entropy) - 1.5 * std::f64::consts::LN_2).abs() < 1e-7);
        assert!((f64::from(found.loss) - std::f64::consts::LN_2).abs() < 1e-7);
        let sure = of(&[0.0, 1.0], 0);
        assert!(!sure.correct && sure.entropy == 0.0 && sure.loss == f32::INFINITY);
        assert!(of(&[0.5, 0.5], 0).correct && !of(&[0.5, 0.5], 1).correct, "the first of equals");
    }
}
