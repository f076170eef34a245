//! What the search has shown in the epoch just ended, by sample id.
//!
//! Predictions are by-products of the training steps: training mode, augmented images, no extra
//! pass. A sample that is shown twice in an epoch counts as it was shown last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Level, Prediction, SampleId};

use super::hardness;
use crate::DdsRule;

/// What is remembered of one epoch's predictions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Observed {
    epoch: u32,
    answers: BTreeMap<SampleId, Answer>,
    /// Architecture samples that were answered, and rightly.
    arch_seen: u64,
    arch_correct: u64,
}

/// The last answer of the epoch on a weight sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    hardness: f64,
    correct: bool,
}

impl Observed {
    /// Takes in a prediction; the first of another epoch wipes out what was there.
    pub(crate) fn observe(&mut self, prediction: &Prediction) {
        if prediction.epoch != self.epoch {
            *self = Observed { epoch: prediction.epoch, ..Observed::default() };
        }
        match prediction.level {
            Level::Weight => {
                let answer = Answer { hardness: hardness(prediction), correct: prediction.correct };
                self.answers.insert(prediction.id, answer);
            }
            Level::Arch => {
                self.arch_seen += 1;
                self.arch_correct += u64::from(prediction.correct);
            }
        }
    }

    /// The hardness score of a sample, if the epoch has shown it.
    pub(crate) fn hardness(&self, id: SampleId) -> Option<f64> {
        self.answers.get(&id).map(|answer| answer.hardness)
    }

    /// How far the subset was mastered in the epoch before `epoch`, 0 to 1; `None` if that epoch
    /// has shown nothing. Members of the subset that it has not shown count as not mastered.
    pub(crate) fn mastery(
        &self,
        rule: DdsRule,
        threshold: f64,
        subset: &[SampleId],
        epoch: u32,
    ) -> Option<f64> {
        if self.epoch + 1 != epoch || (self.answers.is_empty() && self.arch_seen == 0) {
            return None;
        }
        let share = |counts: &dyn Fn(&Answer) -> bool| {
            let answers = subset.iter().filter_map(|id| self.answers.get(id));
            answers.filter(|answer| counts(answer)).count() as f64 / subset.len() as f64
        };
        match rule {
            DdsRule::SubsetAccuracy => Some(share(&|answer| answer.correct)),
            DdsRule::SubsetEasyFraction => Some(share(&|answer| answer.hardness > threshold)),
            DdsRule::ValAccuracy => {
                (self.arch_seen > 0).then(|| self.arch_correct as f64 / self.arch_seen as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(id: u32, level: Level, epoch: u32, largest: f32, correct: bool) -> Prediction {
        let [true_probability, entropy, loss] = [0.0; 3];
        let (id, max_probability) = (SampleId(id), largest);
        Prediction { id, level, epoch, true_probability, max_probability, correct, entropy, loss }
    }

    /// Four weight samples, three of them right, one of these surely; three of four architecture
    /// samples wrong.
    fn observed() -> Observed {
        let mut observed = Observed::default();
        for (id, largest, correct) in [(0, 0.95, true), (1, 0.6, true), (2, 0.3, true)] {
            observed.observe(&prediction(id, Level::Weight, 6, largest, correct));
        }
        observed.observe(&prediction(3, Level::Weight, 6, 0.99, false));
        for id in 10..14 {
            observed.observe(&prediction(id, Level::Arch, 6, 0.9, id == 10));
        }
        observed
    }

    fn subset() -> Vec<SampleId> {
        (0..4).map(SampleId).collect()
    }

    #[test]
    fn the_three_rules_measure_three_things() {
        let mastery = |rule| observed().mastery(rule, 0.9, &subset(), 7);
        assert_eq!(mastery(DdsRule::SubsetAccuracy), Some(0.75));
        assert_eq!(mastery(DdsRule::SubsetEasyFraction), Some(0.25));
        assert_eq!(mastery(DdsRule::ValAccuracy), Some(0.25));
    }

    #[test]
    fn only_the_epoch_just_ended_counts() {
        let rule = DdsRule::SubsetAccuracy;
        assert_eq!(observed().mastery(rule, 0.9, &subset(), 8), None);
        let mut next = observed();
        next.observe(&prediction(0, Level::Weight, 7, 0.95, true));
        assert_eq!(next.mastery(rule, 0.9, &subset(), 8), Some(0.25));
        assert_eq!(next.hardness(SampleId(1)), None);
        assert_eq!(Observed::default().mastery(rule, 0.9, &subset(), 1), None);
    }

    #[test]
    fn scores_belong_to_samples_whatever_the_order_they_were_shown_in() {
        let mut backwards = Observed::default();
        for id in (0..4).rev() {
            backwards.observe(&prediction(id, Level::Weight, 6, 0.1 * id as f32, true));
        }
        for id in 0..4 {
            assert_eq!(backwards.hardness(SampleId(id)), Some(f64::from(0.1 * id as f32)));
        }
    }

    #[test]
    fn the_last_showing_of_an_epoch_counts_and_duplicates_count_twice() {
        let mut observed = observed();
        observed.observe(&prediction(3, Level::Weight, 6, 0.99, true));
        assert_eq!(observed.mastery(DdsRule::SubsetAccuracy, 0.9, &subset(), 7), Some(1.0));
        let twice = [0, 0, 0, 2].map(SampleId);
        assert_eq!(observed.mastery(DdsRule::SubsetEasyFraction, 0.9, &twice, 7), Some(0.75));
    }

    #[test]
    fn what_was_observed_reads_back_as_it_was_written() {
        let value = serde_json::to_value(observed()).unwrap();
        assert_eq!(Observed::deserialize(&value).unwrap(), observed());
    }
}
