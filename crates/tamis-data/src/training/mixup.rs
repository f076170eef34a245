//! Mixup: every image of a batch becomes a weighted mean of itself and another one, and so do
//! their labels.
//!
//! Zhang, Cisse, Dauphin and Lopez-Paz (mixup: Beyond empirical risk minimization, ICLR 2018),
//! equation 1, as their code has it: one weight lambda from Beta(alpha, alpha) for the batch, and
//! partners by a random permutation of it. Losses are computed elsewhere.

use tamis_core::{Key, Purpose, Stream, math};

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
    let mut draw = || (ln_gamma_variable(alpha + 1.0, stream), math::ln(stream.unit_positive()));
    let ((gamma_x, power_x), (gamma_y, power_y)) = (draw(), draw());
    let ln_ratio = (gamma_x - gamma_y) + (power_x - power_y) / alpha;
    1.0 / (1.0 + math::exp(-ln_ratio))
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
        let ln_v = 3.0 * math::ln(cube);
        if math::ln(stream.unit_positive()) < 0.5 * x * x + d * (1.0 - math::exp(ln_v) + ln_v) {
            return math::ln(d) + ln_v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lambdas(alpha: f64) -> Vec<f64> {
        (0..20_000).map(|step| Mixed::draw(alpha, 2, 1, (0, step)).lambda).collect()
    }

    #[test]
    fn lambda_has_the_mean_and_variance_of_its_beta_distribution() {
        for alpha in [0.05, 0.2, 0.5, 1.0, 8.0] {
            let lambdas = lambdas(alpha);
            assert!(lambdas.iter().all(|lambda| (0.0..=1.0).contains(lambda)));
            let mean = lambdas.iter().sum::<f64>() / 20_000.0;
            let variance = lambdas.iter().map(|l| (l - 0.5).powi(2)).sum::<f64>() / 20_000.0;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.012, "alpha {alpha}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.04, "alpha {alpha}: {variance}");
        }
    }

    #[test]
    fn lambda_has_the_quantiles_of_the_arcsine_and_the_uniform_distribution() {
        // P(lambda < 1/4) is 2/pi asin(1/2) for alpha 1/2, and 1/4 for alpha 1.
        for (alpha, expected) in [(0.5, 1.0 / 3.0), (1.0, 0.25)] {
            let below = lambdas(alpha).iter().filter(|&&lambda| lambda < 0.25).count();
            assert!((below as f64 / 20_000.0 - expected).abs() < 0.012, "alpha {alpha}: {below}");
        }
    }

    #[test]
    fn no_alpha_leads_to_a_lambda_that_is_no_number() {
        for alpha in [f64::MIN_POSITIVE, 1e-300, 1e-3, 1e3, 1e300, f64::MAX] {
            for step in 0..50 {
                let lambda = Mixed::draw(alpha, 2, 1, (0, step)).lambda;
                assert!((0.0..=1.0).contains(&lambda), "alpha {alpha}: {lambda}");
            }
        }
    }

    #[test]
    fn targets_share_the_weight_between_two_labels_and_give_a_twin_all_of_it() {
        let mixed = Mixed { lambda: 0.75, partners: vec![1, 0, 2] };
        let expected = [0.75, 0.0, 0.25, 0.25, 0.0, 0.75, 0.0, 1.0, 0.0];
        assert_eq!(mixed.targets(&[0, 2, 1], 3), expected);
    }

    #[test]
    fn images_are_mixed_with_what_the_partners_were_before() {
        let mixed = Mixed { lambda: 0.75, partners: vec![1, 2, 0] };
        let mut images = [0.0, 8.0, 4.0, -4.0, 16.0, 0.0];
        mixed.mix(&mut images, 2);
        assert_eq!(images, [1.0, 5.0, 7.0, -3.0, 12.0, 2.0]);
    }

    #[test]
    fn the_draws_of_a_seed_are_part_of_the_format() {
        let Mixed { lambda, partners } = Mixed::draw(0.2, 6, 3, (1, 2));
        assert!((lambda - PINNED.0).abs() < 1e-9, "{lambda}");
        assert_eq!(partners, PINNED.1);
    }

    const PINNED: (f64, [usize; 6]) = (0.033810083799288904, [1, 3, 2, 4, 0, 5]);
}
