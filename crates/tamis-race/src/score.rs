//! What candidates are compared by.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// What decides who goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// Mean training loss of the last quarter of the steps, the lower the better: TSE-E, the training speed
    /// estimate over the last E steps (Ru et al., NeurIPS 2021, section 3). Costs nothing more.
    #[default]
    TrainingLoss,
    /// Mean loss of images that were held out, by the batch's own statistics; the lower the better.
    HeldOutLoss,
    /// Share of right answers on them; the higher the better.
    HeldOutAccuracy,
}

/// What a trial found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// See [`Score::TrainingLoss`]; absent if the loss was no finite number any more.
    pub training_loss: Option<f64>,
    /// See [`Score::HeldOutLoss`]; absent if nothing is held out.
    pub held_out_loss: Option<f64>,
    /// See [`Score::HeldOutAccuracy`]; likewise.
    pub held_out_accuracy: Option<f64>,
}

impl Score {
    /// Whether images have to be held out for it.
    pub fn is_held_out(self) -> bool {
        self != Score::TrainingLoss
    }

    /// The order of two candidates by what their trials found, the better first. What has no finite number
    /// comes last, whatever else it has.
    pub(crate) fn order(self, one: &Scores, other: &Scores) -> Ordering {
        let [one, other] = [self.loss(one), self.loss(other)];
        one.total_cmp(&other)
    }

    /// What a trial is worth by this score: the higher the better; NaN without a finite number.
    pub fn worth(self, scores: &Scores) -> f64 {
        let loss = self.loss(scores);
        if loss.is_finite() { -loss } else { f64::NAN }
    }

    /// The lower the better, infinite without one.
    fn loss(self, scores: &Scores) -> f64 {
        let own = match self {
            Score::TrainingLoss => scores.training_loss,
            Score::HeldOutLoss => scores.held_out_loss,
            Score::HeldOutAccuracy => scores.held_out_accuracy.map(|accuracy| -accuracy),
        };
        let own = own.filter(|own| own.is_finite());
        scores.training_loss.and(own).unwrap_or(f64::INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(training_loss: f64, held_out_loss: f64, held_out_accuracy: f64) -> Scores {
        Scores {
            training_loss: Some(training_loss),
            held_out_loss: Some(held_out_loss),
            held_out_accuracy: Some(held_out_accuracy),
        }
    }

    #[test]
    fn losses_are_the_better_the_lower_and_accuracies_the_higher() {
        let [a, b] = [scores(1.0, 2.0, 0.5), scores(2.0, 1.0, 0.75)];
        assert_eq!(Score::TrainingLoss.order(&a, &b), Ordering::Less);
        assert_eq!(Score::HeldOutLoss.order(&a, &b), Ordering::Greater);
        assert_eq!(Score::HeldOutAccuracy.order(&a, &b), Ordering::Greater);
        assert_eq!(Score::HeldOutAccuracy.order(&a, &a), Ordering::Equal);
    }

    #[test]
    fn what_diverged_comes_last_by_every_score() {
        let lost = Scores { training_loss: None, ..scores(0.0, 0.0, 1.0) };
        let nothing = scores(f64::NAN, f64::NAN, f64::NAN);
        for score in [Score::TrainingLoss, Score::HeldOutLoss, Score::HeldOutAccuracy] {
            for bad in [lost, nothing] {
                assert_eq!(score.order(&scores(9.0, 9.0, 0.0), &bad), Ordering::Less, "{score:?}");
            }
        }
    }
}
