//! What comes with a batch besides its images: moments of batch norms, and which paths are dropped.

use tamis_core::Key;

/// Mean and variance of each channel of a batch norm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// `[channel]`.
    pub mean: Vec<f64>,
    /// `[channel]`. Of a batch, the unbiased estimate that running statistics follow.
    pub variance: Vec<f64>,
}

/// With what probability paths are dropped, and whose draws say which.
#[derive(Clone, Copy, Debug)]
pub struct DropPath<'a> {
    /// Probability of zeros, 0 to less than 1. What is left is divided by the rest of it.
    pub rate: f64,
    /// The step's key; its ids are those of samples.
    pub key: Key,
    /// The sample at each position of the batch.
    pub ids: &'a [u64],
}

impl DropPath<'_> {
    /// What each sample of each layer is multiplied with: `[sample, layer]`.
    pub fn factors(&self, layers: usize) -> Vec<Vec<f32>> {
        let kept = (1.0 / (1.0 - self.rate)) as f32;
        let factor = |dropped: bool| if dropped { 0.0 } else { kept };
        let of_sample = |&id: &u64| {
            let mut stream = self.key.id(id).stream();
            (0..layers).map(|_| factor(stream.chance(self.rate))).collect()
        };
        self.ids.iter().map(of_sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tamis_core::Purpose;

    #[test]
    fn what_is_dropped_of_a_sample_does_not_depend_on_the_rest_of_the_batch() {
        let key = Key::new(3, Purpose::DropPath).epoch(2).step(5);
        let factors = |ids: &[u64]| DropPath { rate: 0.25, key, ids }.factors(40);
        let together = factors(&[7, 1, 9]);
        assert_eq!(factors(&[1])[0], together[1]);
        let all: Vec<f32> = factors(&(0..200).collect::<Vec<_>>()).concat();
        assert!(all.iter().all(|&factor| factor == 0.0 || factor == 1.0 / 0.75));
        let kept = all.iter().filter(|&&factor| factor > 0.0).count() as f64 / all.len() as f64;
        assert!((kept - 0.75).abs() < 0.02, "{kept}");
    }
}
