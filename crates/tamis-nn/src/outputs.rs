//! From logits to loss, predictions and the loss's gradient, on the host in `f64`.
//!
//! The cross-entropy's gradient with respect to the logits is `(softmax - onehot) * w / batch`,
//! so the backward pass is seeded with it and the loss itself never enters the autodiff graph.
//! Everything is taken from the log-softmax: probabilities of 1e-21 keep their logarithm.

use crate::real::Real;

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
    /// Cross-entropy in nats, before any loss weight.
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

/// Loss, predictions and gradient with respect to the logits `[batch, class]`.
pub(crate) fn cross_entropy<E: Real>(
    logits: &[E],
    labels: &[u32],
    loss_weights: Option<&[f32]>,
) -> (Outputs, Vec<E>) {
    let batch = labels.len();
    let classes = logits.len() / batch.max(1);
    let mut gradient = Vec::with_capacity(logits.len());
    let mut samples = Vec::with_capacity(batch);
    let mut loss = 0.0;
    for (position, (row, &label)) in logits.chunks(classes).zip(labels).enumerate() {
        let weight = loss_weights.map_or(1.0, |weights| f64::from(weights[position]));
        let log_probabilities = log_softmax(row);
        let sample = describe(&log_probabilities, label as usize);
        loss += weight * sample.loss;
        samples.push(sample);
        gradient.extend(log_probabilities.iter().enumerate().map(|(class, log_probability)| {
            let target = f64::from(u8::from(class == label as usize));
            E::from_f64((log_probability.exp() - target) * weight / batch as f64)
        }));
    }
    (Outputs { loss: loss / batch as f64, samples }, gradient)
}

fn log_softmax<E: Real>(row: &[E]) -> Vec<f64> {
    let logits: Vec<f64> = row.iter().map(|&logit| logit.into()).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln();
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
    let entropy = -log_probabilities.iter().map(|value| value.exp() * value).sum::<f64>();
    let squares = log_probabilities
        .iter()
        .enumerate()
        .map(|(class, value)| (value.exp() - f64::from(u8::from(class == label))).powi(2));
    SampleOutput {
        true_probability: log_probabilities[label].exp(),
        max_probability: log_probabilities[best].exp(),
        correct: best == label,
        entropy: entropy.max(0.0),
        loss: -log_probabilities[label],
        error_norm: squares.sum::<f64>().sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_have_the_entropy_and_loss_of_the_uniform_distribution() {
        let (outputs, gradient) = cross_entropy(&[1.0_f64; 4], &[2], None);
        assert!((outputs.loss - 4.0_f64.ln()).abs() < 1e-12);
        assert!((outputs.samples[0].entropy - 4.0_f64.ln()).abs() < 1e-12);
        // Three times a quarter, and three quarters once.
        assert!((outputs.samples[0].error_norm - 0.75_f64.sqrt()).abs() < 1e-12);
        assert_eq!(gradient, [0.25, 0.25, -0.75, 0.25]);
        assert!(!outputs.samples[0].correct, "a tie goes to the first class");
    }

    #[test]
    fn a_certain_answer_has_finite_tiny_entropy() {
        let (outputs, _) = cross_entropy(&[60.0_f64, 0.0, 0.0], &[0], None);
        let entropy = outputs.samples[0].entropy;
        assert!(entropy > 0.0 && entropy < 1e-23, "{entropy}");
        let (outputs, _) = cross_entropy(&[1e5_f64, 0.0], &[1], None);
        assert_eq!(outputs.samples[0].entropy, 0.0);
        assert!((outputs.loss - 1e5).abs() < 1e-6);
        assert_eq!(outputs.samples[0].error_norm, 2.0_f64.sqrt(), "certain, and wrong");
    }

    #[test]
    fn the_loss_is_the_weighted_sum_over_the_size_of_the_batch() {
        let logits = [0.3_f64, -0.2, 0.9, 0.1];
        let (plain, _) = cross_entropy(&logits, &[0, 1], None);
        let (weighted, _) = cross_entropy(&logits, &[0, 1], Some(&[2.0, 1.0]));
        let [first, second] = [plain.samples[0].loss, plain.samples[1].loss];
        // Not over the sum of the weights: a sample that stands for two counts twice.
        assert!((weighted.loss - (2.0 * first + second) / 2.0).abs() < 1e-12);
        assert_eq!(weighted.samples, plain.samples, "predictions know no loss weights");
    }

    #[test]
    fn the_gradient_follows_the_loss_weights() {
        let logits = [0.3_f64, -0.2, 0.9, 0.1, 0.0, -1.0];
        let weights = [2.0_f32, 0.5];
        let (outputs, gradient) = cross_entropy(&logits, &[0, 2], Some(&weights));
        for index in 0..logits.len() {
            let mut moved = logits;
            moved[index] += 1e-6;
            let (above, _) = cross_entropy(&moved, &[0, 2], Some(&weights));
            let slope = (above.loss - outputs.loss) / 1e-6;
            assert!((slope - gradient[index]).abs() < 1e-5);
        }
    }
}
