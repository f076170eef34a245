//! Batch normalisation: statistics from per-image moments, and what it passes back.
//!
//! Moments of one plane are taken about a pilot value (its first pixel), and planes are combined
//! by the parallel formula of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm
//! for computing sample variances" (1979), equation 2.1, in `f64`: no cancellation when the
//! mean is large against the deviation.

use crate::chunks::Chunks;
use crate::elementwise::combine;
use crate::plane::Geometry;
use crate::reduce::shifted_moments;
use crate::simd::Level;

/// Added to the variance.
pub(crate) const EPSILON: f64 = 1e-5;

/// Mean of one channel of one image, and the sum of squared differences from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of the pixels of a flat plane.
    pub(crate) fn of(level: Level, plane: &[f32], geometry: &Geometry) -> Moments {
        let pilot = plane[0];
        let [sum, squares] = shifted_moments(level, plane, pilot, &geometry.mask).map(f64::from);
        let offset = sum / geometry.pixels() as f64;
        let squares = (squares - sum * offset).max(0.0);
        Moments { mean: f64::from(pilot) + offset, squares }
    }
}

/// Mean and biased variance of one channel over batch, height and width.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Statistics {
    /// One over the standard deviation, `1 / sqrt(variance + epsilon)`.
    pub(crate) fn inverse_deviation(&self) -> f64 {
        1.0 / (self.variance + EPSILON).sqrt()
    }

    /// What `scale * (y - mean) / deviation` passes back, given `sum(g)` and `sum(g (y - mean))`
    /// over the `values` of the channel, `g` being the gradient of the result:
    ///
    /// `scale / deviation * (g - sum(g) / n - (y - mean) / deviation^2 * sum(g (y - mean)) / n)`
    /// (Ioffe and Szegedy, "Batch normalization", ICML 2015).
    pub(crate) fn backward(&self, scale: f32, sums: [f64; 2], values: usize) -> Normalisation {
        let inverse = self.inverse_deviation();
        let factor = f64::from(scale) * inverse;
        let [mean, product] = sums.map(|sum| sum / values as f64);
        let slope = -factor * inverse * inverse * product;
        let constant = -factor * mean - slope * self.mean;
        Normalisation { factor: factor as f32, slope: slope as f32, constant: constant as f32 }
    }

    /// Of every channel of a batch, from `moments`, `[image, channel]`, of `pixels` values each.
    pub(crate) fn of_channels(
        chunks: Chunks,
        moments: &[Moments],
        pixels: usize,
    ) -> Vec<Statistics> {
        let channels = moments.len() / chunks.batch();
        let of_channel =
            |channel| combine_images(chunks, pixels, |image| moments[image * channels + channel]);
        (0..channels).map(of_channel).collect()
    }
}

/// Gradient of a plane before normalisation: `factor * g + slope * y + constant`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalisation {
    pub(crate) factor: f32,
    pub(crate) slope: f32,
    pub(crate) constant: f32,
}

impl Normalisation {
    /// Writes it for the flat planes `[g, y]` into a bordered plane.
    pub(crate) fn apply(
        &self,
        level: Level,
        geometry: &Geometry,
        [gradient, value]: [&[f32]; 2],
        bordered: &mut [f32],
    ) {
        let terms = [(self.factor, gradient), (self.slope, value)];
        combine(level, geometry.inner(bordered), self.constant, &terms, &geometry.mask);
    }
}

/// Combines the moments of all images, each of `pixels` values.
fn combine_images(chunks: Chunks, pixels: usize, moments: impl Fn(usize) -> Moments) -> Statistics {
    let images = chunks.batch() as f64;
    let mean = chunks.total(|image| moments(image).mean) / images;
    let squares = chunks.total(|image| {
        let of = moments(image);
        of.squares + pixels as f64 * (of.mean - mean).powi(2)
    });
    Statistics { mean, variance: squares / (images * pixels as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_combine_to_the_statistics_of_all_their_values() {
        let geometry = Geometry::new(2, 3);
        let images = [[1.0, 2.0, 3.0, 4.0, 5.0, 7.0], [1e4, 1e4, 1e4, 1e4, 1e4, 1e4 + 6.0]];
        let moments = images.map(|values| {
            let mut flat = vec![0.0; geometry.flat];
            geometry.flatten(&values, &mut flat);
            // What lies between and after the rows does not count.
            flat[3] = 1e9;
            flat[geometry.flat - 1] = -1e9;
            Moments::of(Level::best(), &flat, &geometry)
        });
        let [of_first, of_second] = [0, 1]
            .map(|image| Statistics::of_channels(Chunks::of(1), &moments[image..=image], 6)[0]);
        assert!((of_first.mean - 22.0 / 6.0).abs() < 1e-6);
        assert!((of_second.variance - 5.0).abs() < 1e-6, "{}", of_second.variance);
        let of_both = Statistics::of_channels(Chunks::of(2), &moments, 6)[0];
        let between = (of_second.mean - of_first.mean) / 2.0;
        let expected = (of_first.variance + of_second.variance) / 2.0 + between * between;
        assert!((of_both.variance / expected - 1.0).abs() < 1e-12);
    }
}
