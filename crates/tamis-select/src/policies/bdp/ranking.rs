//! The order in which a level would keep its samples, the best first.
//!
//! `high` and `low` go by the metric, ties by id. `middle` drops, in turn, the most stable and
//! confident sample (largest mean probability minus its variation) and the least confident one:
//! noise at one end, triviality at the other. A sample that has too few records for a judgement
//! comes before all others: nothing speaks against it yet.

use tamis_core::{Key, SampleId};

use super::records::{Measure, Records};
use crate::Keep;

/// A sample at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranked {
    pub(super) id: SampleId,
    /// What it was judged by; absent if it was not.
    pub(super) metric: Option<f64>,
}

/// Ranks samples, given ascending by id. Returns them with the number of those that were judged,
/// which are the last ones.
pub(super) fn rank(
    samples: &[(SampleId, &Records)],
    keeps: Keep,
    measure: Measure,
    key: Key,
) -> (Vec<Ranked>, usize) {
    let (judged, waiting) = match keeps {
        Keep::High => by_value(samples, |records| Some(-records.metric(measure)?)),
        Keep::Low => by_value(samples, |records| records.metric(measure)),
        Keep::Middle => middle(samples, measure.least),
        Keep::Random => (shuffled(samples, key), Vec::new()),
    };
    let known = judged.len();
    let unknown = waiting.into_iter().map(|id| Ranked { id, metric: None });
    let ranked = judged.into_iter().map(|id| {
        let place = samples.binary_search_by_key(&id, |sample| sample.0);
        Ranked { id, metric: place.ok().and_then(|place| samples[place].1.metric(measure)) }
    });
    (unknown.chain(ranked).collect(), known)
}

/// The judged, least value first, and those that have none.
fn by_value(
    samples: &[(SampleId, &Records)],
    value: impl Fn(&Records) -> Option<f64>,
) -> (Vec<SampleId>, Vec<SampleId>) {
    let mut judged: Vec<(f64, SampleId)> = Vec::with_capacity(samples.len());
    let mut waiting = Vec::new();
    for &(id, records) in samples {
        match value(records) {
            // Adding zero makes the zero below zero the other one: they tie.
            Some(value) => judged.push((value + 0.0, id)),
            None => waiting.push(id),
        }
    }
    judged.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    (judged.into_iter().map(|(_, id)| id).collect(), waiting)
}

fn middle(samples: &[(SampleId, &Records)], least: usize) -> (Vec<SampleId>, Vec<SampleId>) {
    let (trivial, waiting) = by_value(samples, |records| {
        let found = records.variation_and_confidence(least);
        found.map(|(variation, confidence)| variation - confidence)
    });
    let (noisy, _) = by_value(samples, |records| {
        records.variation_and_confidence(least).map(|(_, confidence)| confidence)
    });
    let mut is_dropped = std::collections::BTreeSet::new();
    let mut ends = [trivial.iter(), noisy.iter()];
    let mut dropped = Vec::with_capacity(trivial.len());
    while dropped.len() < trivial.len() {
        let end = &mut ends[dropped.len() % 2];
        let next = end.find(|&&id| is_dropped.insert(id));
        dropped.extend(next);
    }
    dropped.reverse();
    (dropped, waiting)
}

fn shuffled(samples: &[(SampleId, &Records)], key: Key) -> Vec<SampleId> {
    let ids = samples.iter().map(|&(id, _)| id);
    let mut numbers: Vec<_> =
        ids.map(|id| (key.id(u64::from(id.0)).stream().next_u64(), id)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use tamis_core::Purpose;

    use super::*;
    use crate::BdpMetric;

    fn ranked(made: &[&[f32]], keeps: Keep) -> (Vec<u32>, usize) {
        let records: Vec<Records> = made
            .iter()
            .map(|made| {
                let mut records = Records::default();
                made.iter().for_each(|&q| records.add(q, true));
                records
            })
            .collect();
        let samples: Vec<_> = (0..).map(SampleId).zip(&records).collect();
        let key = Key::new(1, Purpose::Test);
        let (ranked, judged) =
            rank(&samples, keeps, Measure { metric: BdpMetric::Variation, least: 4 }, key);
        (ranked.iter().map(|ranked| ranked.id.0).collect(), judged)
    }

    #[test]
    fn high_and_low_are_opposite_but_for_ties_and_for_samples_without_judgement() {
        let made: [&[f32]; 5] = [&[0.1, 0.2], &[0.1, 0.9], &[0.5], &[0.4, 0.6], &[0.9, 0.1]];
        assert_eq!(ranked(&made, Keep::High), (vec![2, 1, 4, 3, 0], 4));
        assert_eq!(ranked(&made, Keep::Low), (vec![2, 0, 3, 1, 4], 4));
    }

    #[test]
    fn the_middle_drops_in_turn_the_trivial_and_the_hopeless() {
        // Sure, sure but moving, middling, nearly hopeless, hopeless.
        let made: [&[f32]; 5] =
            [&[0.98, 0.99], &[0.8, 1.0], &[0.4, 0.6], &[0.1, 0.2], &[0.0, 0.01]];
        assert_eq!(ranked(&made, Keep::Middle), (vec![2, 3, 1, 4, 0], 5));
    }

    #[test]
    fn a_random_order_judges_all_and_holds_each_once() {
        let made = [&[][..]; 30];
        let (mut found, judged) = ranked(&made, Keep::Random);
        assert_eq!(judged, 30);
        assert!(!found.is_sorted());
        found.sort_unstable();
        assert_eq!(found, (0..30).collect::<Vec<_>>());
    }
}
