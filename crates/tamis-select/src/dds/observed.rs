//! What the search has shown in the epoch just ended, by sample id.
//!
//! Predictions are by-products of the training steps: training mode, augmented images, no extra
//! pass. A sample that is shown twice in an epoch counts as it was shown last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Level, Prediction, SampleId};

use super::hardness;
use crate::{Amount, DdsRule, DdsSettings, Error, HardnessRule};

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

/// What makes a rightly or wrongly answered sample easy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Easy {
    /// A hardness score above this.
    Above(f64),
    /// Being among this share of the right answers, those of the highest scores.
    Share(Amount),
}

impl Easy {
    /// As the settings have it.
    ///
    /// # Errors
    ///
    /// A share of more decimals than are told apart.
    pub(crate) fn of(settings: &DdsSettings) -> Result<Easy, Error> {
        match settings.hardness_rule {
            HardnessRule::Threshold => Ok(Easy::Above(settings.hardness)),
            HardnessRule::Quantile => Amount::share(settings.easy_share).map(Easy::Share),
        }
    }
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

    /// The members that are easy, each with its hardness score, ascending by id. Who was not shown is
    /// not easy. The quantile takes exactly its share of the right answers, rounded down: of equal
    /// scores, as those of a network that is sure of everything are, the lower ids first.
    pub(crate) fn easy(&self, rule: Easy, subset: &[SampleId]) -> Vec<(SampleId, f64)> {
        let shown = subset.iter().filter_map(|id| Some((*id, self.answers.get(id)?)));
        match rule {
            Easy::Above(threshold) => shown
                .map(|(id, answer)| (id, answer.hardness))
                .filter(|(_, hardness)| *hardness > threshold)
                .collect(),
            Easy::Share(share) => {
                let right = shown.filter(|(_, answer)| answer.correct);
                let mut right: Vec<_> = right.map(|(id, answer)| (id, answer.hardness)).collect();
                right.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                right.truncate(share.of(right.len()));
                right.sort_by_key(|(id, _)| *id);
                right
            }
        }
    }

    /// The largest hardness score of the members that the epoch has shown.
    pub(crate) fn largest_hardness(&self, subset: &[SampleId]) -> Option<f64> {
        let answers = subset.iter().filter_map(|id| self.answers.get(id));
        answers.map(|answer| answer.hardness).max_by(f64::total_cmp)
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
        match rule {
            DdsRule::SubsetAccuracy | DdsRule::Always => {
                Some(self.share(subset, |answer| answer.correct))
            }
            DdsRule::SubsetEasyFraction => {
                Some(self.share(subset, |answer| answer.hardness > threshold))
            }
            DdsRule::ValAccuracy => {
                (self.arch_seen > 0).then(|| self.arch_correct as f64 / self.arch_seen as f64)
            }
        }
    }

    /// The share of the subset whose answers count; members that were not shown do not.
    fn share(&self, subset: &[SampleId], counts: impl Fn(&Answer) -> bool) -> f64 {
        let answers = subset.iter().filter_map(|id| self.answers.get(id));
        answers.filter(|answer| counts(answer)).count() as f64 / subset.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(next.easy(Easy::Above(0.0), &[SampleId(1)]), []);
        assert_eq!(Observed::default().mastery(rule, 0.9, &subset(), 1), None);
    }

    #[test]
    fn scores_belong_to_samples_whatever_the_order_they_were_shown_in() {
        let mut backwards = Observed::default();
        for id in (0..4).rev() {
            backwards.observe(&prediction(id, Level::Weight, 6, 0.1 * id as f32, true));
        }
        for id in 0..4 {
            let found = backwards.easy(Easy::Above(-1.0), &[SampleId(id)]);
            assert_eq!(found, [(SampleId(id), f64::from(0.1 * id as f32))]);
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

    /// The easy ones of these (largest probability, right) by the quantile rule.
    fn easiest(answers: &[(f32, bool)], easy_share: f64) -> Vec<u32> {
        let mut observed = Observed::default();
        for (id, &(largest, correct)) in (0..).zip(answers) {
            observed.observe(&prediction(id, Level::Weight, 1, largest, correct));
        }
        let subset: Vec<SampleId> = (0..answers.len() as u32).map(SampleId).collect();
        let share = Easy::Share(Amount::share(easy_share).unwrap());
        observed.easy(share, &subset).iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn the_quantile_takes_the_surest_of_the_right_answers_however_unsure_all_are() {
        let answers =
            [(0.3, true), (0.25, true), (0.9, false), (0.2, true), (0.35, true), (0.1, true)];
        assert_eq!(easiest(&answers, 0.2), [4], "a fifth of five");
        assert_eq!(easiest(&answers, 0.4), [0, 4]);
        assert_eq!(easiest(&answers, 1.0), [0, 1, 3, 4, 5], "all that are right");
        assert_eq!(easiest(&answers, 0.0), [0_u32; 0]);
        assert_eq!(easiest(&[(0.9, false); 3], 0.5), [0_u32; 0]);
    }

    #[test]
    fn of_equal_scores_the_quantile_takes_its_share_by_id() {
        let sure = [(1.0, true), (1.0, true), (0.5, true), (1.0, true), (1.0, true)];
        assert_eq!(easiest(&sure, 0.4), [0, 1], "sure of all but one, and still two are exchanged");
        assert_eq!(easiest(&sure, 0.79), [0, 1, 3], "rounded down");
        assert_eq!(easiest(&sure, 0.8), [0, 1, 3, 4]);
    }

    proptest! {
        #[test]
        fn the_quantile_is_exact_and_no_right_answer_outside_is_surer(
            answers in prop::collection::vec(
                ((0_u8..6).prop_map(|tenths| f32::from(tenths) / 5.0), any::<bool>()), 1..60),
            hundredths in 0_u8..=100,
        ) {
            let right = answers.iter().filter(|answer| answer.1).count();
            let found = easiest(&answers, f64::from(hundredths) / 100.0);
            prop_assert_eq!(found.len(), right * usize::from(hundredths) / 100);
            prop_assert!(found.is_sorted_by(|a, b| a < b));
            let score = |id: u32| answers[id as usize];
            prop_assert!(found.iter().all(|&id| score(id).1));
            for other in (0..answers.len() as u32).filter(|id| !found.contains(id) && score(*id).1) {
                for &id in &found {
                    let (inside, outside) = (score(id).0, score(other).0);
                    prop_assert!(inside > outside || inside == outside && id < other);
                }
            }
        }
    }

    #[test]
    fn the_largest_score_is_that_of_the_subset() {
        let of = |ids: &[u32]| {
            let subset: Vec<SampleId> = ids.iter().copied().map(SampleId).collect();
            observed().largest_hardness(&subset)
        };
        assert_eq!(of(&[1, 2, 3]), Some(f64::from(0.6_f32)));
        assert_eq!(of(&[0, 3]), Some(f64::from(0.95_f32)));
        assert_eq!(of(&[9]), None);
    }

    #[test]
    fn what_was_observed_reads_back_as_it_was_written() {
        let value = serde_json::to_value(observed()).unwrap();
        assert_eq!(Observed::deserialize(&value).unwrap(), observed());
    }
}
