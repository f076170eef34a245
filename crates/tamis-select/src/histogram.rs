//! The entropy histogram of Proxy Data and the three ways to weigh it.
//!
//! Na, Mok, Choe and Yoon, Accelerating Neural Architecture Search via Proxy Data, IJCAI 2021:
//! samples are counted by e = log10 of their entropy, and rare entropies, the very easy and the
//! very hard samples, are preferred. Drawing by these weights is in `policies::proxy`.
//!
//! Differences from the published sampler: bins are half-open, [a, b), and the last one closed,
//! where a value on an edge was an error; an entropy below 1e-30 counts as 1e-30, where 0 had no
//! logarithm; each edge is computed from the first one, not from its neighbour.

use crate::Error;
use tamis_core::math;

/// The bin width of CIFAR-10, in log10 units.
pub const DEFAULT_BIN_WIDTH: f64 = 0.5;

/// The smallest entropy that is told apart, in nats.
const FLOOR: f64 = 1e-30;

/// Widths that keep the number of bins sane for every finite entropy.
const WIDTHS: std::ops::RangeInclusive<f64> = 0.001..=100.0;

/// Samples counted by the logarithm of their entropy.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

/// How a bin is weighed; P is the share of the draw that falls to one of its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// Bin weight max n - n + 1: rare entropies, the paper's choice.
    P1,
    /// Bin weight 1: all non-empty bins alike.
    P2,
    /// Bin weight 1 / n: the strongest preference for the tails.
    P3,
}

impl Histogram {
    /// Counts entropies (in nats, at least 0) in bins of `width` log10 units. The first edge is the
    /// smallest e rounded to a whole number (half to even) and lowered by whole widths as far as
    /// needed, the last one is found alike from the largest e.
    ///
    /// # Errors
    ///
    /// No entropies, one that is no finite number of at least 0, or a width outside 0.001 to 100.
    pub fn new(entropies: &[f64], width: f64) -> Result<Histogram, Error> {
        if !WIDTHS.contains(&width) {
            return Err(Error::BinWidth { found: width });
        }
        let bad = (0..).zip(entropies).find(|(_, entropy)| !(0.0..=f64::MAX).contains(*entropy));
        if let Some((sample, &found)) = bad {
            return Err(Error::ScoreValue { sample, found });
        }
        let logs = || entropies.iter().copied().map(log_entropy);
        let least = logs().min_by(f64::total_cmp).ok_or(Error::PoolEmpty)?;
        let largest = logs().max_by(f64::total_cmp).ok_or(Error::PoolEmpty)?;
        let edges = edges(least, largest, width);
        let counts = vec![0; edges.len() - 1];
        let mut histogram = Histogram { edges, counts };
        for &entropy in entropies {
            let bin = histogram.bin(entropy);
            histogram.counts[bin] += 1;
        }
        Ok(histogram)
    }

    /// The edges of the bins in log10 units, one more than there are bins.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// How many samples each bin has.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many bins have samples, and over how many decades these reach.
    pub fn filled(&self) -> (usize, f64) {
        let filled = self.counts.iter().filter(|&&count| count > 0).count();
        let first = self.counts.iter().position(|&count| count > 0).unwrap_or(0);
        let last = self.counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        (filled, self.edges[last + 1] - self.edges[first])
    }

    /// The bin of an entropy; the first or last one for entropies outside.
    pub fn bin(&self, entropy: f64) -> usize {
        let log = log_entropy(entropy);
        let inner = &self.edges[1..self.counts.len()];
        inner.partition_point(|&edge| edge <= log)
    }

    /// The share of the draw that falls to each bin; they add up to 1, an empty bin has 0.
    pub fn mass(&self, weighting: Weighting) -> Vec<f64> {
        let fullest = self.counts.iter().copied().max().unwrap_or(0);
        let weights = self.counts.iter().map(|&count| weighting.of_bin(count, fullest));
        let total: f64 = weights.clone().sum();
        weights.map(|weight| weight / total).collect()
    }

    /// P of one sample of each bin: the bin's mass, spread evenly over its samples.
    pub fn probabilities(&self, weighting: Weighting) -> Vec<f64> {
        let mass = self.mass(weighting);
        mass.iter().zip(&self.counts).map(|(mass, &count)| mass / count.max(1) as f64).collect()
    }
}

impl Weighting {
    /// The weight of a bin of so many samples, where the fullest has `fullest`.
    fn of_bin(self, count: u64, fullest: u64) -> f64 {
        match (count, self) {
            (0, _) => 0.0,
            (_, Weighting::P1) => (fullest - count + 1) as f64,
            (_, Weighting::P2) => 1.0,
            (_, Weighting::P3) => 1.0 / count as f64,
        }
    }
}

fn log_entropy(entropy: f64) -> f64 {
    math::log10(entropy.max(FLOOR))
}

fn edges(least: f64, largest: f64, width: f64) -> Vec<f64> {
    let low = reach(least.round_ties_even(), -width, |edge| edge <= least);
    let high = reach(largest.round_ties_even(), width, |edge| edge >= largest);
    // At least one bin; and the last edge is not below the largest value, whatever was rounded.
    let whole = ((high - low) / width).round().max(1.0) as usize;
    let short = low + whole as f64 * width < largest;
    let bins = whole + usize::from(short);
    (0..=bins).map(|bin| low + bin as f64 * width).collect()
}

/// The first of `start`, `start + step`, `start + 2 step`, ... that is far enough.
fn reach(start: f64, step: f64, enough: impl Fn(f64) -> bool) -> f64 {
    let mut steps = 0.0;
    while !enough(start + steps * step) {
        steps += 1.0;
    }
    start + steps * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn histogram(logs: &[f64], width: f64) -> Histogram {
        let entropies: Vec<f64> = logs.iter().map(|&log| 10_f64.powf(log)).collect();
        Histogram::new(&entropies, width).unwrap()
    }

    #[test]
    fn edges_are_rounded_half_to_even_and_moved_until_they_hold_all() {
        // Rounded: -3 and 0; the least value stays inside, the largest needs one width more.
        let found = histogram(&[-2.6, -1.0, 0.3], 0.5);
        assert_eq!(found.edges(), [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5]);
        // -2.4 is rounded to -2, which is lowered by one width; 0.7 is rounded up to 1.
        let found = histogram(&[-2.4, 0.7], 0.5);
        assert_eq!((found.edges()[0], found.edges().last()), (-2.5, Some(&1.0)));
        assert_eq!(edges(-2.5, 1.5, 0.5), [-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]);
    }

    #[test]
    fn the_edges_of_svhn_and_cifar_100_are_the_published_ones() {
        let svhn = histogram(&[-5.80, 0.34], 0.2);
        let edges = svhn.edges();
        assert_eq!((edges.len(), edges[0]), (33, -6.0));
        assert!((edges[32] - 0.4).abs() < 1e-9, "{}", edges[32]);
        // Its largest is a little above 0.5, which would be rounded to 0.
        let cifar_100 = histogram(&[-16.60, 0.501], 0.25);
        let edges = cifar_100.edges();
        assert_eq!((edges.len(), edges[0], edges[72]), (73, -17.0, 1.0));
    }

    #[test]
    fn a_value_on_an_edge_is_in_the_upper_bin_and_the_largest_in_the_last() {
        let found = Histogram::new(&[0.01, 0.1, 1.0], 1.0).unwrap();
        assert_eq!(found.edges(), [-2.0, -1.0, 0.0]);
        assert_eq!(found.counts(), [1, 2]);
        assert_eq!((found.bin(1e-9), found.bin(5.0)), (0, 1));
    }

    #[test]
    fn equal_entropies_make_one_bin_and_zero_has_a_place() {
        assert_eq!(Histogram::new(&[0.1; 4], 0.5).unwrap().counts(), [4]);
        let found = Histogram::new(&[0.0, 1e-40, 1.0], 1.0).unwrap();
        assert_eq!((found.edges()[0], found.counts()[0], found.counts()[29]), (-30.0, 2, 1));
    }

    #[test]
    fn edges_of_an_uneven_width_still_hold_the_largest_value() {
        for width in [0.3, 0.7, 0.013] {
            let found = edges(-5.8, 0.34, width);
            assert!(found[0] <= -5.8 && found[found.len() - 1] >= 0.34, "{width}: {found:?}");
        }
    }

    #[test]
    fn a_useless_width_is_refused() {
        for width in [0.0, -0.5, f64::NAN, f64::INFINITY, 1e-9] {
            assert!(matches!(Histogram::new(&[1.0], width), Err(Error::BinWidth { .. })));
        }
    }

    #[test]
    fn entropies_that_are_none_are_refused_with_their_sample() {
        for bad in [f64::NAN, f64::INFINITY, -0.1] {
            let found = Histogram::new(&[0.5, bad], 0.5);
            assert!(matches!(found, Err(Error::ScoreValue { sample: 1, .. })), "{bad}");
        }
        assert!(Histogram::new(&[], 0.5).is_err());
    }

    #[test]
    fn the_three_weightings_follow_their_formulas() {
        // Counts 4, 0, 1, 2.
        let found = histogram(&[-3.5, -3.5, -3.5, -3.5, -1.5, -0.5, -0.5], 1.0);
        assert_eq!(found.counts(), [4, 0, 1, 2]);
        let near = |found: Vec<f64>, expected: [f64; 4]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        near(found.mass(Weighting::P1), [1.0 / 8.0, 0.0, 4.0 / 8.0, 3.0 / 8.0]);
        near(found.mass(Weighting::P2), [1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]);
        near(found.mass(Weighting::P3), [1.0 / 7.0, 0.0, 4.0 / 7.0, 2.0 / 7.0]);
        near(found.probabilities(Weighting::P1), [1.0 / 32.0, 0.0, 4.0 / 8.0, 3.0 / 16.0]);
    }

    proptest! {
        #[test]
        fn every_entropy_is_counted_once_between_the_edges_of_its_bin(
            entropies in prop::collection::vec(
                prop_oneof![Just(0.0), 0.0_f64..2.4, (-40.0_f64..300.0).prop_map(|log| 10_f64.powf(log))],
                1..50,
            ),
            width in prop_oneof![Just(0.2), Just(0.25), Just(0.5), 0.01_f64..3.0],
        ) {
            let found = Histogram::new(&entropies, width).unwrap();
            prop_assert_eq!(found.counts().iter().sum::<u64>(), entropies.len() as u64);
            for &entropy in &entropies {
                let bin = found.bin(entropy);
                let log = log_entropy(entropy);
                let last = bin + 1 == found.counts().len();
                prop_assert!(found.edges()[bin] <= log);
                prop_assert!(log < found.edges()[bin + 1] || last && log <= found.edges()[bin + 1]);
            }
            for weighting in [Weighting::P1, Weighting::P2, Weighting::P3] {
                prop_assert!((found.mass(weighting).iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }
}
