//! Mean, deviation and median of what a handful of seeds gave, and differences seed by seed.

use std::collections::BTreeMap;

/// What is said of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation with n - 1; `None` of a single value.
    pub deviation: Option<f64>,
    /// The middle value, or the mean of the two in the middle.
    pub median: f64,
}

impl Summary {
    /// The 95 % interval of the mean, by Student's t; `None` of a single value.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let half = quantile(self.n.checked_sub(1)?)? * self.deviation? / (self.n as f64).sqrt();
        Some((self.mean - half, self.mean + half))
    }
}

/// The 97.5 % quantile of Student's t, to three digits.
fn quantile(degrees: usize) -> Option<f64> {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    match degrees {
        0 => None,
        1..=30 => Some(TABLE[degrees - 1]),
        // Cornish and Fisher's first term.
        _ => Some(1.960 + 2.372 / degrees as f64),
    }
}

/// Sums the values up; `None` if there are none.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
    Some(Summary { n, mean, deviation, median })
}

/// What is said of differences seed by seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The differences summed up.
    pub summary: Summary,
    /// In how many seeds ours is larger; what is equal is not.
    pub better: usize,
}

/// Differences `ours - theirs` over the seeds that both have; `None` if there are none.
pub fn paired(ours: &BTreeMap<u64, f64>, theirs: &BTreeMap<u64, f64>) -> Option<Difference> {
    let common = ours.iter().filter_map(|(seed, our)| Some(our - theirs.get(seed)?));
    let differences: Vec<f64> = common.collect();
    let better = differences.iter().filter(|&&difference| difference > 0.0).count();
    Some(Difference { summary: summary(&differences)?, better })
}

/// How often the mean of `ours` goes into that of `reference`, over the seeds that both have.
pub fn ratio(reference: &BTreeMap<u64, f64>, ours: &BTreeMap<u64, f64>) -> Option<f64> {
    let common: Vec<(f64, f64)> =
        ours.iter().filter_map(|(seed, our)| Some((*reference.get(seed)?, *our))).collect();
    let sum = |pick: fn(&(f64, f64)) -> f64| common.iter().map(pick).sum::<f64>();
    let (reference, ours) = (sum(|pair| pair.0), sum(|pair| pair.1));
    (ours > 0.0).then(|| reference / ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_worked_out_by_hand() {
        let found = summary(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((found.n, found.mean, found.median), (8, 5.0, 4.5));
        // 32 / 7, not 32 / 8.
        assert!((found.deviation.unwrap() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(summary(&[9.0, 1.0, 2.0]).unwrap().median, 2.0);
    }

    #[test]
    fn the_interval_is_students() {
        // Five values: t = 2.776 at four degrees of freedom.
        let found = Summary { n: 5, mean: 10.0, deviation: Some(2.0), median: 10.0 };
        let (lower, upper) = found.interval().unwrap();
        assert!((upper - 10.0 - 2.776 * 2.0 / 5.0_f64.sqrt()).abs() < 1e-12);
        assert!((upper + lower - 20.0).abs() < 1e-12);
        assert_eq!(Summary { n: 1, deviation: None, ..found }.interval(), None);
        // 2.0395 at 31, 1.9840 at 100.
        assert!((quantile(31).unwrap() - 2.0395).abs() < 5e-3);
        assert!((quantile(100).unwrap() - 1.9840).abs() < 5e-4);
    }

    #[test]
    fn one_value_has_no_deviation_and_none_no_summary() {
        let one = summary(&[3.0]).unwrap();
        assert_eq!((one.mean, one.deviation, one.median), (3.0, None, 3.0));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn differences_are_taken_over_common_seeds_only() {
        let ours = BTreeMap::from([(0, 93.0), (1, 90.0), (2, 10.0)]);
        let theirs = BTreeMap::from([(0, 92.0), (1, 87.0), (7, 99.0)]);
        let Difference { summary: found, better } = paired(&ours, &theirs).unwrap();
        assert_eq!((found.n, found.mean, found.median, better), (2, 2.0, 2.0, 2));
        assert!((found.deviation.unwrap() - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(paired(&ours, &BTreeMap::from([(9, 1.0)])), None);
    }

    #[test]
    fn what_is_equal_or_less_is_not_better() {
        let ours = BTreeMap::from([(0, 3.0), (1, 5.0), (2, 7.0)]);
        let theirs = BTreeMap::from([(0, 3.0), (1, 6.0), (2, 1.0)]);
        assert_eq!(paired(&ours, &theirs).unwrap().better, 1);
    }

    #[test]
    fn a_ratio_is_of_means_over_common_seeds() {
        let full = BTreeMap::from([(0, 100.0), (1, 300.0), (5, 9000.0)]);
        let ours = BTreeMap::from([(0, 10.0), (1, 30.0), (2, 1.0)]);
        assert_eq!(ratio(&full, &ours), Some(10.0));
        assert_eq!(ratio(&full, &BTreeMap::new()), None);
    }
}
