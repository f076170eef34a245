//! What a network's answers are worth: accuracy, class by class, confusions, calibration, the worst mistakes.

use serde::{Deserialize, Serialize};
use tamis_nn::{Targets, cross_entropy};

use crate::error::Error;

/// Bins of the calibration.
const BINS: usize = 15;

/// Mistakes that are kept.
const MISTAKES: usize = 36;

/// A network's answers to images whose classes are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Images.
    pub images: usize,
    /// Share of right answers.
    pub accuracy: f64,
    /// Share of images whose class is among the five likeliest; absent of fewer than six classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top5_accuracy: Option<f64>,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Class by class.
    pub classes: Vec<ClassJudgement>,
    /// Images by true and answered class: `confusion[true][answered]`.
    pub confusion: Vec<Vec<u64>>,
    /// How far the probabilities can be believed.
    pub calibration: Calibration,
    /// The surest wrong answers, the surest first.
    pub mistakes: Vec<Mistake>,
}

/// The answers to the images of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassJudgement {
    /// Its name.
    pub class: String,
    /// Images of it.
    pub images: u64,
    /// Share of them that were answered rightly; absent if there are none.
    pub accuracy: Option<f64>,
}

/// Probability against share of right answers (Guo et al.: "On Calibration of Modern Neural Networks", ICML
/// 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: mean over images of the difference between probability and share of
    /// right answers in their bin.
    pub expected_error: f64,
    /// Bins of equal width, from the least sure answers to the surest; empty ones are left out.
    pub bins: Vec<CalibrationBin>,
}

/// Answers of like probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Least probability.
    pub from: f64,
    /// Largest probability.
    pub to: f64,
    /// Answers.
    pub images: u64,
    /// Their mean probability.
    pub probability: f64,
    /// Share of right ones.
    pub accuracy: f64,
}

/// A wrong answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Sample id in its split.
    pub id: u32,
    /// The true class.
    pub class: String,
    /// The answered class.
    pub answer: String,
    /// Probability of the answer.
    pub probability: f64,
}

impl Judgement {
    /// Of logits `[sample, class]` flattened, in the order of sample ids from 0.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if logits and labels are not of the same images.
    pub fn of(logits: &[f32], labels: &[u32], classes: &[String]) -> Result<Judgement, Error> {
        let (outputs, _) = cross_entropy(logits, &Targets::of(labels))?;
        let answers: Vec<usize> = logits.chunks(classes.len()).map(largest).collect();
        let mut confusion = vec![vec![0; classes.len()]; classes.len()];
        for (&answer, &label) in answers.iter().zip(labels) {
            confusion[label as usize][answer] += 1;
        }
        let sure: Vec<(f64, bool)> =
            outputs.samples.iter().map(|sample| (sample.max_probability, sample.correct)).collect();
        let mut mistakes: Vec<Mistake> = (0..labels.len())
            .filter(|&at| !sure[at].1)
            .map(|at| Mistake {
                id: at as u32,
                class: classes[labels[at] as usize].clone(),
                answer: classes[answers[at]].clone(),
                probability: sure[at].0,
            })
            .collect();
        mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.id.cmp(&b.id)));
        mistakes.truncate(MISTAKES);
        let images = labels.len();
        Ok(Judgement {
            images,
            accuracy: outputs.correct() as f64 / images as f64,
            top5_accuracy: (classes.len() > 5).then(|| top5(logits, labels, classes.len())),
            loss: outputs.loss,
            classes: by_class(&confusion, classes),
            confusion,
            calibration: Calibration::of(&sure),
            mistakes,
        })
    }
}

/// The first class with the largest logit.
fn largest(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
}

fn top5(logits: &[f32], labels: &[u32], classes: usize) -> f64 {
    let among = logits.chunks(classes).zip(labels).filter(|(row, label)| {
        let own = row[**label as usize];
        row.iter().filter(|&&logit| logit > own).count() < 5
    });
    among.count() as f64 / labels.len() as f64
}

fn by_class(confusion: &[Vec<u64>], classes: &[String]) -> Vec<ClassJudgement> {
    let rows = confusion.iter().enumerate().map(|(class, row)| {
        let images: u64 = row.iter().sum();
        let accuracy = (images > 0).then(|| row[class] as f64 / images as f64);
        ClassJudgement { class: classes[class].clone(), images, accuracy }
    });
    rows.collect()
}

impl Calibration {
    /// Of the probability of each answer and whether it was right.
    fn of(answers: &[(f64, bool)]) -> Calibration {
        let mut bins = vec![(0_u64, 0.0, 0_u64); BINS];
        for &(probability, correct) in answers {
            let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
            bins[bin].0 += 1;
            bins[bin].1 += probability;
            bins[bin].2 += u64::from(correct);
        }
        let width = 1.0 / BINS as f64;
        let bins: Vec<CalibrationBin> = bins
            .into_iter()
            .enumerate()
            .filter(|(_, (images, ..))| *images > 0)
            .map(|(number, (images, sum, correct))| CalibrationBin {
                from: number as f64 * width,
                to: (number + 1) as f64 * width,
                images,
                probability: sum / images as f64,
                accuracy: correct as f64 / images as f64,
            })
            .collect();
        let errors =
            bins.iter().map(|bin| bin.images as f64 * (bin.probability - bin.accuracy).abs());
        let expected_error = errors.sum::<f64>() / answers.len().max(1) as f64;
        Calibration { expected_error, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class {class}")).collect()
    }

    #[test]
    fn answers_are_counted_by_true_and_answered_class() {
        let logits = [2.0, 0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 0.5, 0.0];
        let found = Judgement::of(&logits, &[0, 1, 1], &classes(3)).unwrap();
        assert_eq!(found.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 0]]);
        assert_eq!(found.accuracy, 2.0 / 3.0);
        assert_eq!(found.classes[1].accuracy, Some(0.5));
        assert_eq!(found.classes[2].accuracy, None, "there are no images of it");
        assert_eq!(found.top5_accuracy, None);
        let mistake = &found.mistakes[0];
        assert_eq!((found.mistakes.len(), mistake.id), (1, 1));
        assert_eq!((mistake.class.as_str(), mistake.answer.as_str()), ("class 1", "class 0"));
    }

    #[test]
    fn an_answer_is_among_five_if_fewer_than_five_are_likelier() {
        let row = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
        let logits = [row, row].concat();
        let found = Judgement::of(&logits, &[4, 5], &classes(6)).unwrap();
        assert_eq!(found.top5_accuracy, Some(0.5));
    }

    #[test]
    fn the_calibration_error_is_the_gap_between_probability_and_right_answers() {
        let sure = |probability, correct: usize| {
            (0..10).map(move |number| (probability, number < correct))
        };
        let answers: Vec<(f64, bool)> = sure(0.95, 8).chain(sure(0.55, 5)).collect();
        let found = Calibration::of(&answers);
        assert_eq!(found.bins.len(), 2);
        assert!((found.expected_error - (0.15 + 0.05) / 2.0).abs() < 1e-12);
        assert!(found.bins.iter().all(|bin| (bin.from..=bin.to).contains(&bin.probability)));
    }

    #[test]
    fn the_surest_mistakes_come_first_and_ties_by_id() {
        let logits = [1.0, 0.0, 3.0, 0.0, 1.0, 0.0];
        let found = Judgement::of(&logits, &[1, 1, 1], &classes(2)).unwrap();
        let ids: Vec<u32> = found.mistakes.iter().map(|mistake| mistake.id).collect();
        assert_eq!(ids, [1, 0, 2]);
    }
}
