//! `k-center:0.1`, `k-center-balanced:0.1`: samples that leave no other far from all of them.
//!
//! Greedy k-centre (Gonzalez 1985; Sener and Savarese, Active Learning for Convolutional Neural
//! Networks: A Core-Set Approach, ICLR 2018): the first centre is drawn, each further one is the
//! sample whose Euclidean distance from its nearest centre is largest, ties by id. The largest
//! distance left is at most twice the least possible. `k-center-balanced` does so inside each
//! class, as many centres in each, as far as there are.
//!
//! One distance a sample is kept, that from its nearest centre so far: memory grows with the
//! samples, time with samples, centres and dimensions.

use tamis_core::{Key, SampleId};

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::report::Why;
use crate::{Embeddings, Error, Policy, draw, quota};

pub(super) const ENTRY: Entry =
    entry("k-center", "samples that leave no other far from all of them", false, |request| {
        let count = request.count()?;
        let found = centers(request.embeddings()?, request.pool().members(), count, request.key());
        Ok(Fixed::boxed(request, &found))
    });

pub(super) const BALANCED: Entry =
    entry("k-center-balanced", "k-center inside each class, as many of each", true, |request| {
        let count = request.count()?;
        let embeddings = request.embeddings()?;
        let classes = request.pool().by_class();
        let inside = classes.iter().zip(quota::of_classes(&classes, count));
        let found: Vec<_> = inside
            .flat_map(|(class, quota)| centers(embeddings, class, quota, request.key()))
            .collect();
        Ok(Fixed::boxed(request, &found))
    });

const fn entry(
    name: &'static str,
    summary: &'static str,
    is_balanced: bool,
    build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
) -> Entry {
    Entry {
        name,
        summary,
        argument: Argument::Amount,
        scores: None,
        needs_embeddings: true,
        needs_search: false,
        is_balanced,
        build,
    }
}

/// The distance of what is chosen already: never the largest.
const CHOSEN: f64 = f64::NEG_INFINITY;

/// `count` centres of the samples, in the order in which they are found.
fn centers(
    embeddings: &Embeddings,
    ids: &[SampleId],
    count: usize,
    key: Key,
) -> Vec<(SampleId, Why)> {
    let rows: Vec<(SampleId, &[f32])> =
        ids.iter().filter_map(|&id| Some((id, embeddings.row(id)?))).collect();
    let mut nearest = vec![f64::INFINITY; rows.len()];
    let mut chosen: Vec<(SampleId, Why)> = Vec::with_capacity(count);
    let first = draw::uniform(ids, 1, key).first().copied();
    let mut next = rows.iter().position(|(id, _)| Some(*id) == first);
    while let (Some(place), true) = (next, chosen.len() < count) {
        let (id, center) = rows[place];
        let distance = nearest[place].sqrt();
        let why = if chosen.is_empty() { Why::Drawn } else { Why::Distance(distance) };
        chosen.push((id, why));
        nearest[place] = CHOSEN;
        for (nearest, (_, row)) in nearest.iter_mut().zip(&rows) {
            *nearest = nearest.min(squared_distance(row, center));
        }
        next = furthest(&nearest);
    }
    chosen
}

/// The first place of the largest distance, unless all are chosen.
fn furthest(nearest: &[f64]) -> Option<usize> {
    let mut best = None;
    let mut largest = CHOSEN;
    for (place, &distance) in nearest.iter().enumerate() {
        if distance > largest {
            (best, largest) = (Some(place), distance);
        }
    }
    best
}

/// Summed in eight lanes, so that the compiler may use wide registers.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |(a, b): (&f32, &f32)| {
        let difference = f64::from(*a) - f64::from(*b);
        difference * difference
    };
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (lane, pair) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += square(pair);
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(square).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Purpose;

    use super::*;

    fn line(points: &[f32]) -> Embeddings {
        let samples: Vec<_> = (0..points.len() as u32).map(|id| (SampleId(id), 0)).collect();
        Embeddings::new(&samples, points, 1).unwrap()
    }

    fn found(points: &[f32], count: usize, seed: u64) -> Vec<u32> {
        let ids: Vec<_> = (0..points.len() as u32).map(SampleId).collect();
        let key = Key::new(seed, Purpose::Test);
        centers(&line(points), &ids, count, key).iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn each_centre_is_the_furthest_from_those_before_and_ties_go_to_the_smaller_id() {
        // Points 0, 1, 2, 10, 12, and 12 once more.
        let points = [0.0, 1.0, 2.0, 10.0, 12.0, 12.0];
        for seed in 0..20 {
            let found = found(&points, 3, seed);
            let expected = match found[0] {
                0 => [0, 4, 2],
                1 => [1, 4, 3],
                2 => [2, 4, 0],
                first => [first, 0, 2],
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn samples_at_one_point_are_all_chosen_once_in_the_end() {
        let mut found = found(&[3.0; 7], 7, 1);
        assert!(found[1..].is_sorted(), "ties by id: {found:?}");
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn long_rows_are_measured_whole() {
        let a: Vec<f32> = (0..19).map(|place| place as f32).collect();
        let b: Vec<f32> = (0..19).map(|place| 2.0 * place as f32).collect();
        let expected: f64 = (0..19).map(|place| f64::from(place * place)).sum();
        assert_eq!(squared_distance(&a, &b), expected);
    }

    proptest! {
        #[test]
        fn the_distance_left_is_at_most_twice_that_of_any_other_choice(
            points in prop::collection::vec(-100.0_f32..100.0, 3..12),
            seed: u64,
        ) {
            let radius = |centers: &[u32]| {
                let from = |point: f32| {
                    let distance = |&id: &u32| (point - points[id as usize]).abs();
                    centers.iter().map(distance).fold(f32::MAX, f32::min)
                };
                points.iter().copied().map(from).fold(0.0, f32::max)
            };
            let greedy = radius(&found(&points, 2, seed));
            let ids = 0..points.len() as u32;
            for (a, b) in ids.clone().flat_map(|a| ids.clone().map(move |b| (a, b))) {
                prop_assert!(greedy <= 2.0 * radius(&[a, b]) + 1e-3);
            }
        }
    }
}
