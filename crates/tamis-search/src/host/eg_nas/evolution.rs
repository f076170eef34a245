//! CMA-ES with a diagonal covariance (Ros and Hansen: "A Simple Modification in CMA-ES Achieving Linear
//! Time and Space Complexity", PPSN 2008): each value has a variance of its own.

use tamis_core::{Stream, math};

/// A population's distribution: mean, step size, variance of each value.
pub(super) struct Evolution {
    pub(super) mean: Vec<f64>,
    sigma: f64,
    variance: Vec<f64>,
    /// Evolution paths of the variance and of the step size.
    paths: [Vec<f64>; 2],
    generation: u32,
    population: usize,
    /// Recombination weights of the better half, falling.
    weights: Vec<f64>,
}

impl Evolution {
    pub(super) fn new(mean: Vec<f64>, sigma: f64, population: usize) -> Evolution {
        let parents = (population / 2).max(1);
        let half = (population as f64 + 1.0) / 2.0;
        let raw: Vec<f64> =
            (1..=parents).map(|rank| math::ln(half).max(1e-9) - math::ln(rank as f64)).collect();
        let raw: Vec<f64> = raw.into_iter().map(|weight| weight.max(1e-9)).collect();
        let sum: f64 = raw.iter().sum();
        let zeros = vec![0.0; mean.len()];
        Evolution {
            sigma,
            variance: vec![1.0; mean.len()],
            paths: [zeros.clone(), zeros],
            generation: 0,
            population: population.max(2),
            weights: raw.into_iter().map(|weight| weight / sum).collect(),
            mean,
        }
    }

    /// Draws a generation.
    pub(super) fn sample(&self, stream: &mut Stream) -> Vec<Vec<f64>> {
        let individual = |stream: &mut Stream| -> Vec<f64> {
            let values = self.mean.iter().zip(&self.variance);
            values.map(|(mean, of)| mean + self.sigma * of.sqrt() * stream.normal()).collect()
        };
        (0..self.population).map(|_| individual(stream)).collect()
    }

    /// Moves towards the better half; `ranked` is the generation, best first.
    pub(super) fn update(&mut self, ranked: &[&[f64]]) {
        let n = self.mean.len() as f64;
        let effective = 1.0 / self.weights.iter().map(|weight| weight * weight).sum::<f64>();
        let c_sigma = (effective + 2.0) / (n + effective + 5.0);
        let excess = ((effective - 1.0) / (n + 1.0)).sqrt() - 1.0;
        let damping = 1.0 + 2.0 * excess.max(0.0) + c_sigma;
        let c_path = (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n);
        let c_one = (2.0 / ((n + 1.3).powi(2) + effective) * (n + 2.0) / 3.0).min(0.5);
        let c_mu = 2.0 * (effective - 2.0 + 1.0 / effective) / ((n + 2.0).powi(2) + effective);
        let c_mu = (c_mu * (n + 2.0) / 3.0).min(1.0 - c_one);
        let expected_norm = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        self.generation += 1;
        let [of_variance, of_sigma] = &mut self.paths;
        let mut norm = 0.0;
        let steps: Vec<f64> = (0..self.mean.len())
            .map(|at| {
                let moved = self.weights.iter().zip(ranked);
                moved.map(|(weight, of)| weight * (of[at] - self.mean[at]) / self.sigma).sum()
            })
            .collect();
        for (at, step) in steps.iter().enumerate() {
            let standard = step / self.variance[at].sqrt();
            of_sigma[at] = (1.0 - c_sigma) * of_sigma[at]
                + (c_sigma * (2.0 - c_sigma) * effective).sqrt() * standard;
            norm += of_sigma[at] * of_sigma[at];
        }
        let norm = norm.sqrt();
        let decay = (1.0 - (1.0 - c_sigma).powi(2 * self.generation as i32)).sqrt();
        let moves = f64::from(u8::from(norm / decay < (1.4 + 2.0 / (n + 1.0)) * expected_norm));
        for (at, step) in steps.iter().enumerate() {
            of_variance[at] = (1.0 - c_path) * of_variance[at]
                + moves * (c_path * (2.0 - c_path) * effective).sqrt() * step;
            let squares = self.weights.iter().zip(ranked);
            let spread: f64 = squares
                .map(|(weight, of)| weight * ((of[at] - self.mean[at]) / self.sigma).powi(2))
                .sum();
            self.variance[at] = (1.0 - c_one - c_mu) * self.variance[at]
                + c_one * of_variance[at] * of_variance[at]
                + c_mu * spread;
        }
        for (mean, step) in self.mean.iter_mut().zip(&steps) {
            *mean += self.sigma * step;
        }
        self.sigma *= math::exp((c_sigma / damping) * (norm / expected_norm - 1.0));
    }
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;

    /// A bowl, five times as steep in each direction as in the one before.
    fn height(at: &[f64]) -> f64 {
        let bowl =
            at.iter().enumerate().map(|(axis, x)| 5.0_f64.powi(axis as i32) * (x - 0.5).powi(2));
        bowl.sum()
    }

    #[test]
    fn it_finds_the_bottom_of_a_lopsided_bowl() {
        let mut evolution = Evolution::new(vec![0.0; 6], 0.3, 20);
        let mut stream = Key::new(0, Purpose::Test).stream();
        for _ in 0..150 {
            let generation = evolution.sample(&mut stream);
            let mut ranked: Vec<&[f64]> = generation.iter().map(Vec::as_slice).collect();
            ranked.sort_by(|a, b| height(a).total_cmp(&height(b)));
            evolution.update(&ranked);
        }
        assert!(height(&evolution.mean) < 1e-4, "{:?}", evolution.mean);
    }
}
