//! The hardness score of a sample: low means hard.

use tamis_core::Prediction;

/// What is left of the largest probability when the answer is wrong.
const WRONG: f64 = 0.1;

/// The hardness score of a predicted sample, 0 to 1: its largest probability if the class that has
/// it is the true one, a tenth of it if not. Sure and right answers are near 1, wrong ones at most
/// 0.1.
pub fn hardness(prediction: &Prediction) -> f64 {
    let largest = f64::from(prediction.max_probability);
    if prediction.correct { largest } else { WRONG * largest }
}

#[cfg(test)]
mod tests {
    use tamis_core::{Level, SampleId};

    use super::*;

    /// The prediction of these logits when `class` is the true one.
    fn of_logits(logits: [f64; 4], class: usize) -> Prediction {
        let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
        let probabilities = logits.map(|logit| logit.exp() / sum);
        let largest = probabilities.iter().copied().fold(0.0, f64::max);
        Prediction {
            id: SampleId(0),
            level: Level::Weight,
            epoch: 0,
            true_probability: probabilities[class] as f32,
            max_probability: largest as f32,
            correct: probabilities[class] == largest,
            entropy: 0.0,
            loss: 0.0,
        }
    }

    #[test]
    fn sure_and_right_is_easy_unsure_and_right_is_harder_and_wrong_is_hardest() {
        let sure = hardness(&of_logits([9.0, 0.0, 0.0, 0.0], 0));
        let unsure = hardness(&of_logits([0.1, 0.0, 0.0, 0.0], 0));
        let wrong = hardness(&of_logits([9.0, 0.0, 0.0, 0.0], 1));
        let wrong_and_unsure = hardness(&of_logits([0.1, 0.0, 0.0, 0.0], 1));
        assert!(sure > 0.99 && (0.25..0.3).contains(&unsure));
        assert!((wrong - 0.1 * sure).abs() < 1e-9 && wrong <= 0.1);
        assert!((wrong_and_unsure - 0.1 * unsure).abs() < 1e-9);
    }
}
