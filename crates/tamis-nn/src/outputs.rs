//! From logits to loss, predictions and the loss's gradient, on the host in `f64`.
//!
//! The cross-entropy's gradient with respect to the logits is `(softmax - target) * w / batch`,
//! so the backward pass is seeded with it and the loss itself never enters the autodiff graph.
//! Everything is taken from the log-softmax: probabilities of 1e-21 keep their logarithm.

use crate::checks::length;
use crate::error::Error;
use crate::real::Real;
use tamis_core::math;
use tamis_kernels::chunks::Chunks;

/// What a network said of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleOutput {
    /// Softmax probability of the true class.
    pub true_probability: f64,
    /// Largest softmax probability.
    pub max_probability: f64,
    /// Whether the first class with the largest logit is the true one.
    pub correct: bool,
    /// Entropy of the softmax output in nats.
    pub entropy: f64,
    /// Cross-entropy with the true class in nats, before any loss weight, smoothing or mixing.
    pub loss: f64,
    /// Euclidean norm of the softmax output less the one-hot vector of the true class (EL2N).
    pub error_norm: f64,
}

/// What a network said of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// Mean over the batch of loss weight times cross-entropy, in nats.
    pub loss: f64,
    /// One entry per sample, in batch order.
    pub samples: Vec<SampleOutput>,
}

impl Outputs {
    /// Number of right answers.
    pub fn correct(&self) -> usize {
        self.samples.iter().filter(|sample| sample.correct).count()
    }
}

/// What the logits of a batch should have been.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// Class of each sample.
    pub labels: &'a [u32],
    /// What each sample's loss is multiplied with; 1 if absent.
    pub loss_weights: Option<&'a [f32]>,
    /// Share of every target that is spread evenly over all classes (label smoothing; Szegedy et al.:
    /// "Rethinking the Inception Architecture", CVPR 2016).
    pub smoothing: f64,
    /// What each image is mixed with, if it is.
    pub mixed: Option<Mixed<'a>>,
}

/// A second class of each sample, for images that are a mixture of two (Zhang et al.: "mixup", ICLR 2018).
#[derive(Clone, Copy, Debug)]
pub struct Mixed<'a> {
    /// Class of the other image.
    pub labels: &'a [u32],
    /// Share of the first image.
    pub share: f64,
}

impl<'a> Targets<'a> {
    /// One class each, all of the same weight.
    pub fn of(labels: &'a [u32]) -> Targets<'a> {
        Targets { labels, loss_weights: None, smoothing: 0.0, mixed: None }
    }

    fn target(&self, position: usize, class: usize, classes: usize) -> f64 {
        let is = |labels: &[u32]| f64::from(u8::from(labels[position] as usize == class));
        let own = is(self.labels);
        let sharp = self.mixed.map_or(own, |of| of.share * own + (1.0 - of.share) * is(of.labels));
        (1.0 - self.smoothing) * sharp + self.smoothing / classes as f64
    }

    fn check(&self, classes: usize) -> Result<(), Error> {
        let batch = self.labels.len();
        if let Some(loss_weights) = self.loss_weights {
            length("the loss weights", loss_weights.len(), batch)?;
        }
        let mixed = self.mixed.map_or(self.labels, |mixed| mixed.labels);
        length("the labels of mixed images", mixed.len(), batch)?;
        for labels in [self.labels, mixed] {
            if let Some(position) = labels.iter().position(|&label| label as usize >= classes) {
                return Err(Error::Label { position, label: labels[position], classes });
            }
        }
        Ok(())
    }
}

/// Loss, predictions and gradient with respect to the logits `[batch, class]`.
///
/// # Errors
///
/// [`Error::Length`] or [`Error::Label`] if the targets are not those of the logits.
pub fn cross_entropy<E: Real>(
    logits: &[E],
    targets: &Targets<'_>,
) -> Result<(Outputs, Vec<E>), Error> {
    let batch = targets.labels.len();
    let classes = logits.len() / batch.max(1);
    length("the labels", batch * classes.max(1), logits.len())?;
    targets.check(classes)?;
    let mut gradient = Vec::with_capacity(logits.len());
    let mut samples = Vec::with_capacity(batch);
    let mut losses = Vec::with_capacity(batch);
    for (position, (row, &label)) in logits.chunks(classes).zip(targets.labels).enumerate() {
        let weight = targets.loss_weights.map_or(1.0, |weights| f64::from(weights[position]));
        let log_probabilities = log_softmax(row, 1.0);
        samples.push(describe(&log_probabilities, label as usize));
        let mut loss = 0.0;
        for (class, log_probability) in log_probabilities.iter().enumerate() {
            let target = targets.target(position, class, classes);
            // A class that is no target adds nothing, however unlikely it is.
            loss -= if target > 0.0 { weight * target * log_probability } else { 0.0 };
            gradient
                .push(E::from_f64((math::exp(*log_probability) - target) * weight / batch as f64));
        }
        losses.push(loss);
    }
    Ok((Outputs { loss: mean(&losses), samples }, gradient))
}

/// The mean of a number of each sample of a batch; that of no sample is no number.
pub(crate) fn mean(of_samples: &[f64]) -> f64 {
    match of_samples.len() {
        0 => f64::NAN,
        count => Chunks::of(count).total(|sample| of_samples[sample]) / count as f64,
    }
}

/// The logarithm of the softmax of logits over a temperature.
pub(crate) fn log_softmax<E: Real>(row: &[E], temperature: f64) -> Vec<f64> {
    let logits: Vec<f64> = row.iter().map(|&logit| logit.into() / temperature).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = math::ln(logits.iter().map(|logit| math::exp(logit - largest)).sum());
    logits.iter().map(|logit| logit - largest - log_sum).collect()
}

fn describe(log_probabilities: &[f64], label: usize) -> SampleOutput {
    let mut best = 0;
    for (class, &value) in log_probabilities.iter().enumerate() {
        if value > log_probabilities[best] {
            best = class;
        }
    }
    // A probability that underflows to 0 contributes exactly 0: exp(x) * x tends to 0.
    let entropy = -log_probabilities.iter().map(|value| math::exp(*value) * value).sum::<f64>();
    let squares = log_probabilities
        .iter()
        .enumerate()
        .map(|(class, value)| (math::exp(*value) - f64::from(u8::from(class == label))).powi(2));
    SampleOutput {
        true_probability: math::exp(log_probabilities[label]),
        max_probability: math::exp(log_probabilities[best]),
        correct: best == label,
        entropy: entropy.max(0.0),
        loss: -log_probabilities[label],
        error_norm: squares.sum::<f64>().sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed<'a>(labels: &'a [u32], weights: &'a [f32]) -> Targets<'a> {
        Targets { loss_weights: Some(weights), ..Targets::of(labels) }
    }

    #[test]
    fn equal_logits_have_the_entropy_and_loss_of_the_uniform_distribution() {
        let (outputs, gradient) = cross_entropy(&[1.0_f64; 4], &Targets::of(&[2])).unwrap();
        assert!((outputs.loss - 4.0_f64.ln()).abs() < 1e-12);
        assert!((outputs.samples[0].entropy - 4.0_f64.ln()).abs() < 1e-12);
        // Three times a quarter, and three quarters once.
        assert!((outputs.samples[0].error_norm - 0.75_f64.sqrt()).abs() < 1e-12);
        assert_eq!(gradient, [0.25, 0.25, -0.75, 0.25]);
        assert!(!outputs.samples[0].correct, "a tie goes to the first class");
    }

    #[test]
    fn a_certain_answer_has_finite_tiny_entropy() {
        let (outputs, _) = cross_entropy(&[60.0_f64, 0.0, 0.0], &Targets::of(&[0])).unwrap();
        let entropy = outputs.samples[0].entropy;
        assert!(entropy > 0.0 && entropy < 1e-23, "{entropy}");
        let (outputs, _) = cross_entropy(&[1e5_f64, 0.0], &Targets::of(&[1])).unwrap();
        assert_eq!(outputs.samples[0].entropy, 0.0);
        assert!((outputs.loss - 1e5).abs() < 1e-6);
        assert_eq!(outputs.samples[0].error_norm, 2.0_f64.sqrt(), "certain, and wrong");
    }

    #[test]
    fn the_loss_is_the_weighted_sum_over_the_size_of_the_batch() {
        let logits = [0.3_f64, -0.2, 0.9, 0.1];
        let (plain, _) = cross_entropy(&logits, &Targets::of(&[0, 1])).unwrap();
        let (weighted, _) = cross_entropy(&logits, &weighed(&[0, 1], &[2.0, 1.0])).unwrap();
        let [first, second] = [plain.samples[0].loss, plain.samples[1].loss];
        // Not over the sum of the weights: a sample that stands for two counts twice.
        assert!((weighted.loss - (2.0 * first + second) / 2.0).abs() < 1e-12);
        assert_eq!(weighted.samples, plain.samples, "predictions know no loss weights");
    }

    #[test]
    fn the_gradient_follows_the_loss_weights() {
        let logits = [0.3_f64, -0.2, 0.9, 0.1, 0.0, -1.0];
        let weights = [2.0_f32, 0.5];
        let (outputs, gradient) = cross_entropy(&logits, &weighed(&[0, 2], &weights)).unwrap();
        for index in 0..logits.len() {
            let mut moved = logits;
            moved[index] += 1e-6;
            let (above, _) = cross_entropy(&moved, &weighed(&[0, 2], &weights)).unwrap();
            let slope = (above.loss - outputs.loss) / 1e-6;
            assert!((slope - gradient[index]).abs() < 1e-5);
        }
    }

    #[test]
    fn smoothed_and_mixed_targets_have_the_loss_and_gradient_of_their_distribution() {
        let logits = [0.3_f64, -0.2, 0.9, 0.1, 0.0, -1.0];
        let mixed = Mixed { labels: &[2, 1], share: 0.7 };
        let targets = Targets { smoothing: 0.1, mixed: Some(mixed), ..Targets::of(&[0, 1]) };
        let (outputs, gradient) = cross_entropy(&logits, &targets).unwrap();
        let third = 0.1 / 3.0;
        let distribution =
            [[0.9 * 0.7 + third, third, 0.9 * 0.3 + third], [third, 0.9 + third, third]];
        let rows = logits.chunks(3).zip(distribution);
        let expected: f64 = rows
            .map(|(row, target)| {
                let all = row.iter().map(|logit| logit.exp()).sum::<f64>().ln();
                row.iter().zip(target).map(|(logit, target)| target * (all - logit)).sum::<f64>()
            })
            .sum();
        assert!((outputs.loss - expected / 2.0).abs() < 1e-12);
        for index in 0..logits.len() {
            let mut moved = logits;
            moved[index] += 1e-6;
            let (above, _) = cross_entropy(&moved, &targets).unwrap();
            assert!(((above.loss - outputs.loss) / 1e-6 - gradient[index]).abs() < 1e-5);
        }
    }

    #[test]
    fn targets_that_are_not_those_of_the_logits_are_refused() {
        let logits = [0.0_f64; 6];
        assert!(matches!(
            cross_entropy(&logits, &Targets::of(&[0, 3])),
            Err(Error::Label { position: 1, .. })
        ));
        assert!(cross_entropy(&logits, &Targets::of(&[0; 4])).is_err());
        assert!(cross_entropy(&logits, &weighed(&[0, 1], &[1.0])).is_err());
    }
}
