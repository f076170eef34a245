//! Knowledge distillation: how far a network's softened answers are from a teacher's.

use crate::checks::length;
use crate::error::Error;
use crate::outputs::{log_softmax, mean};
use crate::real::Real;
use tamis_core::math;

/// `T^2 KL(softmax(teacher / T) || softmax(logits / T))`, the mean over a batch of logits `[batch, class]`,
/// and its gradient with respect to the logits (Hinton, Vinyals and Dean: "Distilling the Knowledge in a
/// Neural Network", 2015, section 2): `T (softmax(logits / T) - softmax(teacher / T)) / batch`.
///
/// # Errors
///
/// [`Error::Length`] if the teacher's logits are not as many.
pub fn distillation<E: Real>(
    logits: &[E],
    teacher: &[E],
    classes: usize,
    temperature: f64,
) -> Result<(f64, Vec<E>), Error> {
    length("the teacher's logits", teacher.len(), logits.len())?;
    let classes = classes.max(1);
    let batch = (logits.len() / classes).max(1) as f64;
    let mut losses = Vec::new();
    let mut gradient = Vec::with_capacity(logits.len());
    for (own, taught) in logits.chunks(classes).zip(teacher.chunks(classes)) {
        let [own, taught] = [own, taught].map(|row| log_softmax(row, temperature));
        let mut loss = 0.0;
        for (own, taught) in own.into_iter().zip(taught) {
            // A probability that underflows to 0 contributes exactly 0.
            let wanted = math::exp(taught);
            loss += if wanted > 0.0 { wanted * (taught - own) } else { 0.0 };
            gradient.push(E::from_f64(temperature * (math::exp(own) - wanted) / batch));
        }
        losses.push(loss);
    }
    Ok((temperature * temperature * mean(&losses), gradient))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 6] = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4];
    const TEACHER: [f64; 6] = [1.5, 0.2, -0.3, -2.0, 3.0, 0.5];

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        for temperature in [1.0, 4.0] {
            let (_, gradient) = distillation(&LOGITS, &TEACHER, 3, temperature).unwrap();
            for (at, slope) in gradient.iter().enumerate() {
                let moved = |by: f64| {
                    let mut moved = LOGITS;
                    moved[at] += by;
                    distillation(&moved, &TEACHER, 3, temperature).unwrap().0
                };
                let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((difference - slope).abs() < 1e-8, "{at}: {difference} {slope}");
            }
        }
    }

    #[test]
    fn it_is_the_divergence_of_the_softened_answers_times_the_temperature_squared() {
        // By hand, of two classes: at temperature 2 logits of 2 ln 3 and 0 are three quarters and one.
        let logits = [2.0 * 3.0_f64.ln(), 0.0];
        let (loss, gradient) = distillation(&[0.0, 0.0], &logits, 2, 2.0).unwrap();
        let divergence = 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln();
        assert!((loss - 4.0 * divergence).abs() < 1e-12, "{loss}");
        assert!((gradient[0] + 0.5).abs() < 1e-12 && (gradient[1] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn who_answers_as_the_teacher_has_nothing_to_learn() {
        let shifted = TEACHER.map(|logit| logit + 7.0);
        let (loss, gradient) = distillation(&shifted, &TEACHER, 3, 4.0).unwrap();
        assert!(loss.abs() < 1e-12 && gradient.iter().all(|slope| slope.abs() < 1e-12));
        let certain = [0.0_f32, 1e5];
        let (loss, gradient) = distillation(&certain, &certain, 2, 1.0).unwrap();
        assert_eq!((loss, gradient), (0.0, vec![0.0; 2]));
        assert!(distillation(&LOGITS, &TEACHER[..3], 3, 4.0).is_err());
    }
}
