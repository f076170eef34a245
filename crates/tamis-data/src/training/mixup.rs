//! Mixup: every image of a batch becomes a weighted mean of itself and another one, and so do
//! their labels.
//!
//! Zhang, Cisse, Dauphin and Lopez-Paz (mixup: Beyond empirical risk minimization, ICLR 2018),
//! equation 1, as their code has it: one weight lambda from Beta(alpha, alpha) for the batch, and
//! partners by a random permutation of it. Losses are computed elsewhere.

use tamis_core::{Key, Purpose, Stream};

use crate::Error;
use crate::config::setting;

/// How the images of a batch were mixed, and so how their labels must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// Weight of each image and its own label, 0 to 1; its partner has the rest.
    pub lambda: f64,
    /// Position in the batch of each image's partner, a permutation of all positions.
    pub partners: Vec<usize>,
}

/// Refuses an alpha that names no distribution.
pub(super) fn check(alpha: f64) -> Result<(), Error> {
    if alpha.is_finite() && alpha > 0.0 {
        return Ok(());
    }
    Err(setting(
        "augmentation.mixup",
        alpha,
        "a finite number above 0; hint: leave it out for none",
    ))
}

impl Mixed {
    /// How the batch of one step of an epoch is mixed.
    pub(crate) fn draw(alpha: f64, count: usize, seed: u64, (epoch, step): (u32, u32)) -> Mixed {
        let mut stream = Key::new(seed, Purpose::Mixup).epoch(epoch).step(step).stream();
        let lambda = symmetric_beta(alpha, &mut stream);
        let mut partners: Vec<usize> = (0..count).collect();
        stream.shuffle(&mut partners);
        Mixed { lambda, partners }
    }

    /// Mixes normalised images, `[sample, ...]` with `len` values each.
    pub(crate) fn mix(&self, images: &mut [f32], len: usize) {
        let (own, rest) = self.weights();
        let originals = images.to_vec();
        for (image, &partner) in images.chunks_exact_mut(len).zip(&self.partners) {
            let partner = &originals[partner * len..][..len];
            for (value, &other) in image.iter_mut().zip(partner) {
                *value = own * *value + rest * other;
            }
        }
    }

    /// What the network should say of each image, `[sample, class]`, rows add up to 1:
    /// `lambda onehot(a) + (1 - lambda) onehot(b)` with the label of the image and its partner's.
    ///
    /// # Panics
    ///
    /// If `labels` are not those of the batch, or one is not below `classes`.
    pub fn targets(&self, labels: &[u32], classes: usize) -> Vec<f32> {
        let (own, rest) = self.weights();
        let mut targets = vec![0.0; labels.len() * classes];
        for ((row, &label), &partner) in
            targets.chunks_exact_mut(classes).zip(labels).zip(&self.partners)
        {
            row[label as usize] += own;
            row[labels[partner] as usize] += rest;
        }
        targets
    }

    /// Weight of an image and of its partner.
    fn weights(&self) -> (f32, f32) {
        let own = self.lambda as f32;
        (own, 1.0 - own)
    }
}

/// Beta(alpha, alpha), as X / (X + Y) of two Gamma(alpha) variables.
///
/// X is Gamma(alpha + 1) times U^(1 / alpha), and only the logarithm of X / Y is computed: both
/// would underflow to 0 for a small alpha.
fn symmetric_beta(alpha: f64, stream: &mut Stream) -> f64 {
    let mut draw = || (ln_gamma_variable(alpha + 1.0, stream), stream.unit_positive().ln());
    let ((gamma_x, power_x), (gamma_y, power_y)) = (draw(), draw());
    let ln_ratio = (gamma_x - gamma_y) + (power_x - power_y) / alpha;
    1.0 / (1.0 + (-ln_ratio).exp())
}

/// Logarithm of a Gamma variable of shape 1 or more: Marsaglia and Tsang (A simple method for
/// generating gamma variables, 2000).
fn ln_gamma_variable(shape: f64, stream: &mut Stream) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = stream.normal();
        let cube = 1.0 + c * x;
        if cube <= 0.0 {
            continue;
        }
        let ln_v = 3.0 * cube.ln();
        if stream.unit_positive().ln() < 0.5 * x * x + d * (1.0 - ln_v.exp() + ln_v) {
            return d.ln() + ln_v;
        }
    }
}
