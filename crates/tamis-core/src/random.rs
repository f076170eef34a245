//! Counter-based random streams: every draw is a function of (seed, purpose, epoch, step, id).
//!
//! A stream is ChaCha8 keyed by these five numbers, so it does not matter which thread draws
//! first or how many draws somebody else made. The generator and every derivation from its words
//! are part of Tamis's formats: changing them changes the runs that a seed names.

use crate::math;
use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// What a stream is used for. The numbers are part of the format and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Drawing synthetic images.
    Synthetic = 1,
    /// Splitting the training pool into the two levels.
    Split = 2,
    /// A selection policy's choice of samples.
    Select = 3,
    /// Order of the weight samples within an epoch.
    WeightOrder = 4,
    /// Order of the architecture samples within a pass.
    ArchOrder = 5,
    /// Augmentation of one sample in one epoch.
    Augment = 6,
    /// Initial weights of a network.
    WeightInit = 7,
    /// Initial architecture parameters.
    AlphaInit = 8,
    /// Random draws of a search host (samples of architectures, perturbations).
    Host = 9,
    /// Tests and benchmarks.
    Test = 10,
    /// What hides the samples from the policy inside a control.
    Control = 20,
    /// Seeds of the further networks of an ensemble.
    Ensemble = 21,
    /// Triplets of images that an autoencoder learns similarity from.
    Triplets = 22,
    /// Where a search for principal components begins.
    Components = 23,
    /// Operations of RandAugment on one sample in one epoch.
    RandAugment = 30,
    /// Changes of the colours of one sample in one epoch.
    ColorJitter = 31,
    /// The resized part of one sample in one epoch.
    ResizedCrop = 32,
    /// How the images of one batch are mixed.
    Mixup = 33,
    /// Holding out a validation split.
    Validation = 34,
    /// Paths of a network that are dropped for one sample of one step.
    DropPath = 40,
    /// Candidates of a race, and the seeds of its rungs.
    Race = 50,
}

/// The name of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    seed: u64,
    purpose: Purpose,
    epoch: u32,
    step: u32,
    id: u64,
}

impl Key {
    /// A key for this seed and purpose, with epoch, step and id 0.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Key { seed, purpose, epoch: 0, step: 0, id: 0 }
    }

    /// The same key at another epoch.
    pub fn epoch(self, epoch: u32) -> Self {
        Key { epoch, ..self }
    }

    /// The same key at another step.
    pub fn step(self, step: u32) -> Self {
        Key { step, ..self }
    }

    /// The same key for another sample, parameter or other thing with a number.
    pub fn id(self, id: u64) -> Self {
        Key { id, ..self }
    }

    /// Opens the stream at its beginning.
    pub fn stream(self) -> Stream {
        let mut seed = [0_u8; 32];
        seed[0..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..12].copy_from_slice(&(self.purpose as u32).to_le_bytes());
        seed[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        seed[16..20].copy_from_slice(&self.step.to_le_bytes());
        seed[24..32].copy_from_slice(&self.id.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(seed))
    }
}

/// A stream of random numbers; see [`Key::stream`].
///
/// ```
/// use tamis_core::{Key, Purpose};
///
/// let key = Key::new(7, Purpose::Augment).epoch(3).id(1234);
/// assert_eq!(key.stream().next_u64(), key.stream().next_u64());
/// assert_ne!(key.stream().next_u64(), key.epoch(4).stream().next_u64());
/// ```
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in `(0, 1]`: its logarithm is finite.
    pub fn unit_positive(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..n` without bias (Lemire's multiply-and-reject); 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let reject_below = n.wrapping_neg().checked_rem(n).unwrap_or(0);
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= reject_below {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller's transform, one of its two values).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * math::ln(self.unit_positive())).sqrt();
        radius * math::cos(std::f64::consts::TAU * self.unit())
    }

    /// A uniformly random order of `items`, in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new(0, Purpose::Test)
    }

    #[test]
    fn the_stream_of_a_key_is_part_of_the_format() {
        let mut stream = Key::new(1, Purpose::Test).epoch(2).step(3).id(4).stream();
        let found = [stream.next_u64(), stream.next_u64()];
        assert_eq!(found, PINNED, "found {found:#x?}");
    }

    const PINNED: [u64; 2] = [0xf0ce_2852_3c8c_5fd1, 0x9814_b19b_cf04_65aa];

    #[test]
    fn every_part_of_a_key_changes_the_stream() {
        let keys = [key(), Key::new(1, Purpose::Test), Key::new(0, Purpose::Host)];
        let keys = keys.into_iter().chain([key().epoch(1), key().step(1), key().id(1)]);
        let mut first: Vec<u64> = keys.map(|key| key.stream().next_u64()).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 6);
    }

    #[test]
    fn below_is_even_and_never_reaches_its_bound() {
        let mut stream = key().stream();
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
        assert_eq!(stream.below(1), 0);
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn unit_and_normal_have_the_right_mean_and_deviation() {
        let mut stream = key().id(1).stream();
        let units: Vec<f64> = (0..100_000).map(|_| stream.unit()).collect();
        let normals: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        let (unit_mean, unit_variance) = moments(&units);
        let (normal_mean, normal_variance) = moments(&normals);
        assert!((unit_mean - 0.5).abs() < 0.005 && (unit_variance - 1.0 / 12.0).abs() < 0.002);
        assert!(normal_mean.abs() < 0.015 && (normal_variance - 1.0).abs() < 0.03);
    }

    #[test]
    fn shuffle_keeps_the_items_and_reaches_every_order_evenly() {
        let mut counts = std::collections::BTreeMap::new();
        for id in 0..6_000 {
            let mut items = [0, 1, 2];
            key().id(id).stream().shuffle(&mut items);
            *counts.entry(items).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&count| (850..1_150).contains(&count)), "{counts:?}");
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n)
    }
}
