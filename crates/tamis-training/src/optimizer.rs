//! SGD with momentum for the weights, Adam for the architecture parameters, and clipping by the
//! global norm: the three as PyTorch defines them, since the recipes were tuned on those.

use serde::{Deserialize, Serialize};

/// Stochastic gradient descent with momentum and weight decay:
/// `g += decay * w; m = momentum * m + g; w -= rate * m` (Nesterov: `w -= rate * (g + momentum * m)`).
///
/// No dampening.
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// Share of the last step's direction that is kept.
    pub momentum: f32,
    /// Weight decay, added to the gradient.
    pub weight_decay: f32,
    /// Whether to look ahead by one momentum step.
    pub nesterov: bool,
    /// The momentum of every weight.
    pub velocity: Vec<f32>,
}

impl Sgd {
    /// One step down `gradient`.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32], rate: f32) {
        let Sgd { momentum, weight_decay, nesterov, .. } = *self;
        let weights = weights.iter_mut().zip(gradient);
        for (velocity, (weight, &slope)) in self.velocity.iter_mut().zip(weights) {
            let slope = slope + weight_decay * *weight;
            *velocity = momentum * *velocity + slope;
            *weight -= rate * if nesterov { slope + momentum * *velocity } else { *velocity };
        }
    }
}

/// Scales `gradient` so that its Euclidean norm is at most `limit`; returns the norm before.
///
/// PyTorch's rule: the factor is `limit / (norm + 1e-6)`, applied when below 1.
pub fn clip_global_norm(gradient: &mut [f32], limit: f64) -> f64 {
    let norm = gradient.iter().map(|&slope| f64::from(slope).powi(2)).sum::<f64>().sqrt();
    let factor = limit / (norm + 1e-6);
    if factor < 1.0 {
        gradient.iter_mut().for_each(|slope| *slope = (f64::from(*slope) * factor) as f32);
    }
    norm
}

/// Adam with L2 weight decay added to the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Decay rates of the first and second moment.
    pub betas: [f64; 2],
    /// Weight decay, added to the gradient.
    pub weight_decay: f64,
    /// Steps taken.
    pub steps: u32,
    /// Mean of the gradients.
    pub first: Vec<f64>,
    /// Mean of their squares.
    pub second: Vec<f64>,
}

const ADAM_EPSILON: f64 = 1e-8;

impl Adam {
    /// An optimizer of `length` values that has taken no step.
    pub fn new(length: usize, betas: [f64; 2], weight_decay: f64) -> Self {
        let zeros = vec![0.0; length];
        Adam { betas, weight_decay, steps: 0, first: zeros.clone(), second: zeros }
    }

    /// One step down `gradient`.
    pub fn step(&mut self, values: &mut [f64], gradient: &[f64], rate: f64) {
        self.step_where(values, gradient, rate, &vec![true; values.len()]);
    }

    /// One step down `gradient` for the values that move; the others and their moments stay as they are.
    pub fn step_where(&mut self, values: &mut [f64], gradient: &[f64], rate: f64, moves: &[bool]) {
        self.steps += 1;
        let [beta1, beta2] = self.betas;
        let correction1 = 1.0 - beta1.powi(self.steps as i32);
        let correction2 = 1.0 - beta2.powi(self.steps as i32);
        let moving = values.iter_mut().zip(gradient).enumerate().filter(|(index, _)| moves[*index]);
        for (index, (value, slope)) in moving {
            let slope = slope + self.weight_decay * *value;
            let first = beta1 * self.first[index] + (1.0 - beta1) * slope;
            let second = beta2 * self.second[index] + (1.0 - beta2) * slope * slope;
            let scale = (second / correction2).sqrt() + ADAM_EPSILON;
            *value -= rate * first / correction1 / scale;
            (self.first[index], self.second[index]) = (first, second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sgd_keeps_momentum_without_dampening() {
        let mut sgd =
            Sgd { momentum: 0.5, weight_decay: 0.1, nesterov: false, velocity: vec![0.0] };
        let mut weights = [1.0];
        sgd.step(&mut weights, &[0.9], 0.1);
        assert!((weights[0] - 0.9).abs() < 1e-6, "0.1 * (0.9 + 0.1)");
        sgd.step(&mut weights, &[0.0], 0.1);
        assert!((weights[0] - (0.9 - 0.1 * (0.5 + 0.09))).abs() < 1e-6);
    }

    #[test]
    fn clipping_is_by_the_norm_of_everything_and_reports_it() {
        let mut gradient = [3.0, 4.0];
        assert_eq!(clip_global_norm(&mut gradient, 10.0), 5.0);
        assert_eq!(gradient, [3.0, 4.0]);
        assert_eq!(clip_global_norm(&mut gradient, 1.0), 5.0);
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn the_first_adam_step_moves_by_the_rate_against_the_sign() {
        let mut adam = Adam::new(2, [0.5, 0.999], 0.0);
        let mut values = [0.0, 0.0];
        adam.step(&mut values, &[1e-3, -20.0], 3e-4);
        assert!((values[0] + 3e-4).abs() < 1e-8 && (values[1] - 3e-4).abs() < 1e-8);
    }
}
