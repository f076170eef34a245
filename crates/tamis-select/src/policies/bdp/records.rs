//! What the supernet said of a sample, one record a prediction, and the metrics over it.

use serde::{Deserialize, Serialize};

use crate::BdpMetric;

/// The predictions of a sample: probability of its true class, and whether it was right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    made: Vec<(f32, bool)>,
    /// How many of them, the last ones, were made since the last prune.
    fresh: usize,
}

/// What a sample is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub(super) metric: BdpMetric,
    /// Records that are looked at, and kept over a prune, at least, if there are so many: fewer than
    /// four tell the noise of augmentation rather than dynamics, and a short search makes but two from
    /// prune to prune.
    pub(super) least: usize,
}

/// Records without which nothing moves.
const LEAST_MOVING: usize = 2;

impl Records {
    pub(super) fn add(&mut self, true_probability: f32, correct: bool) {
        self.made.push((true_probability, correct));
        self.fresh += 1;
    }

    /// Begins a new window.
    pub(super) fn close(&mut self, least: usize) {
        self.made.drain(..self.made.len().saturating_sub(least));
        self.fresh = 0;
    }

    /// The records since the last prune, the last `least` at least.
    fn window(&self, least: usize) -> &[(f32, bool)] {
        let length = self.fresh.max(least).min(self.made.len());
        &self.made[self.made.len() - length..]
    }

    /// The metric over the window; `None` with fewer than two records, or without any for the
    /// confidence.
    pub(super) fn metric(&self, measure: Measure) -> Option<f64> {
        let window = self.window(measure.least);
        match measure.metric {
            BdpMetric::Confidence => confidence(window),
            _ if window.len() < LEAST_MOVING => None,
            BdpMetric::Variation => variation(window),
            BdpMetric::Change => Some(change(window)),
            BdpMetric::Forgetting => Some(forgetting(window)),
            BdpMetric::VariationConfidence => {
                Some(variation(window)? * (1.0 - confidence(window)?))
            }
        }
    }

    /// Variation and confidence together, over a window of this length at least.
    pub(super) fn variation_and_confidence(&self, least: usize) -> Option<(f64, f64)> {
        let window = self.window(least);
        let moves = window.len() >= LEAST_MOVING;
        Some((variation(window).filter(|_| moves)?, confidence(window)?))
    }
}

/// Mean of q.
fn confidence(window: &[(f32, bool)]) -> Option<f64> {
    let sum = window.iter().map(|(q, _)| f64::from(*q)).sum::<f64>();
    (!window.is_empty()).then(|| sum / window.len() as f64)
}

/// sqrt(sum of (q - mean)^2 / (J - 1)).
fn variation(window: &[(f32, bool)]) -> Option<f64> {
    let mean = confidence(window)?;
    let squares = window.iter().map(|(q, _)| (f64::from(*q) - mean).powi(2)).sum::<f64>();
    Some((squares / (window.len() as f64 - 1.0)).sqrt())
}

/// Mean of |q_t - q_(t-1)|.
fn change(window: &[(f32, bool)]) -> f64 {
    let steps = window.windows(2).map(|pair| (f64::from(pair[1].0) - f64::from(pair[0].0)).abs());
    steps.sum::<f64>() / (window.len() as f64 - 1.0)
}

/// Right answers followed by a wrong one.
fn forgetting(window: &[(f32, bool)]) -> f64 {
    window.windows(2).filter(|pair| pair[0].1 && !pair[1].1).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(made: &[f32]) -> Records {
        let mut records = Records::default();
        made.iter().for_each(|&q| records.add(q, q > 0.5));
        records
    }

    fn metric(made: &[f32], metric: BdpMetric) -> Option<f64> {
        records(made).metric(Measure { metric, least: 4 })
    }

    fn near(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, expected {expected}");
    }

    #[test]
    fn metrics_of_a_sequence_made_by_hand() {
        let made = [0.25, 0.75, 0.5, 1.0];
        // Mean 0.625; deviations -0.375, 0.125, -0.125, 0.375; squares add up to 0.3125.
        near(metric(&made, BdpMetric::Confidence), 0.625);
        near(metric(&made, BdpMetric::Variation), (0.3125_f64 / 3.0).sqrt());
        near(metric(&made, BdpMetric::Change), 1.25 / 3.0);
        near(metric(&made, BdpMetric::Forgetting), 1.0);
        near(metric(&made, BdpMetric::VariationConfidence), (0.3125_f64 / 3.0).sqrt() * 0.375);
    }

    #[test]
    fn one_record_has_a_confidence_and_nothing_else() {
        near(metric(&[0.25], BdpMetric::Confidence), 0.25);
        assert_eq!(metric(&[], BdpMetric::Confidence), None);
        for other in [BdpMetric::Variation, BdpMetric::Change, BdpMetric::Forgetting] {
            assert_eq!(metric(&[0.25], other), None);
        }
    }

    #[test]
    fn the_window_begins_at_the_last_prune_but_holds_at_least_so_many() {
        let mean = |records: &Records, least| {
            records.metric(Measure { metric: BdpMetric::Confidence, least })
        };
        let mut records = records(&[1.0, 1.0, 0.0, 0.25, 0.5, 0.25]);
        records.close(4);
        near(mean(&records, 4), 0.25);
        records.add(0.5, false);
        records.add(0.75, true);
        near(mean(&records, 4), 0.5);
        near(mean(&records, 2), 0.625);
        near(mean(&records, 9), 2.25 / 6.0);
        for q in [0.0, 0.0, 0.0, 0.5] {
            records.add(q, false);
        }
        // Six since the prune: more than four are all looked at.
        near(mean(&records, 4), 1.75 / 6.0);
        records.close(2);
        near(mean(&records, 4), 0.25);
    }
}
