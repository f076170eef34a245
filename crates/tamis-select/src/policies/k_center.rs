//! `k-center:0.1`, `k-center-balanced:0.1`: samples that leave no other far from all of them.
//!
//! Greedy k-centre (Gonzalez 1985; Sener and Savarese, Active Learning for Convolutional Neural
//! Networks: A Core-Set Approach, ICLR 2018): the first centre is drawn, each further one is the
//! sample whose distance from its nearest centre is largest, ties by id. The distance is Euclidean, and
//! the largest one left is at most twice the least possible; or it is 1 minus the cosine of the angle,
//! half the square of the straight line between the two directions, of which the same is true. It is
//! measured by that line, because a cosine near 1 does not tell small angles apart.
//! `k-center-balanced` chooses inside each class, as many centres in each, as far as there are.
//!
//! One distance a sample is kept, that from its nearest centre so far: memory grows with the
//! samples, time with samples, centres and dimensions.

use tamis_core::{Key, SampleId};

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::report::Why;
use crate::{CenterDistance, Embeddings, EmbeddingsError, Error, Policy, draw, quota};

pub(super) const ENTRY: Entry =
    entry("k-center", "samples that leave no other far from all of them", false, |request| {
        let count = request.count()?;
        let distance = request.settings().k_center.distance;
        let points = points(request.embeddings()?, request.pool().members(), distance)?;
        Ok(Fixed::boxed(request, &centers(&points, distance, count, request.key())))
    });

pub(super) const BALANCED: Entry =
    entry("k-center-balanced", "k-center inside each class, as many of each", true, |request| {
        let count = request.count()?;
        let (embeddings, distance) = (request.embeddings()?, request.settings().k_center.distance);
        let classes = request.pool().by_class();
        let mut found = Vec::with_capacity(count);
        for (class, quota) in classes.iter().zip(quota::of_classes(&classes, count)) {
            let points = points(embeddings, class, distance)?;
            found.extend(centers(&points, distance, quota, request.key()));
        }
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

/// A sample at its place.
struct Point<'a> {
    id: SampleId,
    row: &'a [f32],
    /// What the row is multiplied with to be as long as 1; 1 where lengths matter.
    scale: f64,
}

/// The samples at their places.
fn points<'a>(
    embeddings: &'a Embeddings,
    ids: &[SampleId],
    distance: CenterDistance,
) -> Result<Vec<Point<'a>>, EmbeddingsError> {
    let rows = ids.iter().filter_map(|&id| Some((id, embeddings.row(id)?)));
    rows.map(|(id, row)| Point::new(id, row, distance)).collect()
}

impl<'a> Point<'a> {
    fn new(
        id: SampleId,
        row: &'a [f32],
        distance: CenterDistance,
    ) -> Result<Self, EmbeddingsError> {
        let length = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        match distance {
            CenterDistance::Euclidean => Ok(Point { id, row, scale: 1.0 }),
            CenterDistance::Cosine if length > 0.0 => Ok(Point { id, row, scale: 1.0 / length }),
            CenterDistance::Cosine => Err(EmbeddingsError::NoDirection { sample: id.0 }),
        }
    }

    /// The square of the straight line to another point, or between the directions of the two.
    fn square(&self, other: &Point<'_>, distance: CenterDistance) -> f64 {
        match distance {
            CenterDistance::Euclidean => {
                sum_of_squares(self.row, other.row, |a, b| f64::from(a) - f64::from(b))
            }
            CenterDistance::Cosine => sum_of_squares(self.row, other.row, |a, b| {
                f64::from(a) * self.scale - f64::from(b) * other.scale
            }),
        }
    }
}

/// The distance whose straight line has this square.
fn told(square: f64, distance: CenterDistance) -> f64 {
    match distance {
        CenterDistance::Euclidean => square.sqrt(),
        CenterDistance::Cosine => square / 2.0,
    }
}

/// The square of what is chosen already: never the largest.
const CHOSEN: f64 = f64::NEG_INFINITY;

/// `count` centres of the points, in the order in which they are found.
fn centers(
    points: &[Point<'_>],
    distance: CenterDistance,
    count: usize,
    key: Key,
) -> Vec<(SampleId, Why)> {
    let mut nearest = vec![f64::INFINITY; points.len()];
    let mut chosen: Vec<(SampleId, Why)> = Vec::with_capacity(count);
    let ids: Vec<SampleId> = points.iter().map(|point| point.id).collect();
    let first = draw::uniform(&ids, 1, key).first().copied();
    let mut next = ids.iter().position(|id| Some(*id) == first);
    while let (Some(place), true) = (next, chosen.len() < count) {
        let center = &points[place];
        let away = Why::Distance(told(nearest[place], distance));
        chosen.push((center.id, if chosen.is_empty() { Why::Drawn } else { away }));
        nearest[place] = CHOSEN;
        for (nearest, point) in nearest.iter_mut().zip(points) {
            *nearest = nearest.min(point.square(center, distance));
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
fn sum_of_squares(a: &[f32], b: &[f32], difference: impl Fn(f32, f32) -> f64) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += square(difference(*a, *b));
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| square(difference(*a, *b)));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

fn square(value: f64) -> f64 {
    value * value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Purpose;

    use super::*;

    /// The centres of rows of this many dimensions, ids counting up.
    fn centers_of(
        values: &[f32],
        dimensions: usize,
        distance: CenterDistance,
        (count, seed): (usize, u64),
    ) -> Result<Vec<(SampleId, Why)>, EmbeddingsError> {
        let rows = (0..).map(SampleId).zip(values.chunks(dimensions));
        let points: Vec<Point<'_>> =
            rows.map(|(id, row)| Point::new(id, row, distance)).collect::<Result<_, _>>()?;
        Ok(centers(&points, distance, count, Key::new(seed, Purpose::Test)))
    }

    fn ids(found: &[(SampleId, Why)]) -> Vec<u32> {
        found.iter().map(|(id, _)| id.0).collect()
    }

    fn found(points: &[f32], count: usize, seed: u64) -> Vec<u32> {
        ids(&centers_of(points, 1, CenterDistance::Euclidean, (count, seed)).unwrap())
    }

    fn by_angle(values: &[f32], count: usize, seed: u64) -> Vec<(SampleId, Why)> {
        centers_of(values, 2, CenterDistance::Cosine, (count, seed)).unwrap()
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
        assert_eq!(sum_of_squares(&a, &b, |a, b| f64::from(a) - f64::from(b)), expected);
    }

    #[test]
    fn by_the_cosine_directions_count_and_lengths_do_not() {
        // East, north-east, north, west; the longest is furthest in a straight line from all others.
        let values = [1.0, 0.0, 100.0, 100.0, 0.0, 0.01, -1.0, 0.0];
        for seed in 0..20 {
            let found = by_angle(&values, 2, seed);
            let (second, expected) = match found[0].0.0 {
                0 => (3, 2.0),
                1 => (3, 1.0 + 0.5_f64.sqrt()),
                2 => (0, 1.0),
                _ => (0, 2.0),
            };
            assert_eq!(found[1].0.0, second);
            assert!(matches!(found[1].1, Why::Distance(d) if (d - expected).abs() < 1e-12));
        }
    }

    #[test]
    fn small_angles_are_told_apart_by_the_cosine() {
        // Of angles of 0, 1e-9 and 3e-9 all cosines are 1 in double precision.
        let values = [1.0, 0.0, 1.0, 1e-9, 1.0, 3e-9];
        for seed in 0..20 {
            let found = ids(&by_angle(&values, 2, seed));
            assert_eq!(found[1], if found[0] == 2 { 0 } else { 2 }, "{found:?}");
        }
    }

    #[test]
    fn rows_of_zeros_have_no_direction_and_are_named() {
        let values = [1.0, 0.0, 0.0, 0.0, 0.0, -0.0];
        let error = centers_of(&values, 2, CenterDistance::Cosine, (2, 1)).unwrap_err();
        assert!(matches!(error, EmbeddingsError::NoDirection { sample: 1 }), "{error}");
        assert!(centers_of(&values, 2, CenterDistance::Euclidean, (2, 1)).is_ok());
        // The smallest there is has one.
        assert!(centers_of(&[1e-45, 0.0], 2, CenterDistance::Cosine, (1, 1)).is_ok());
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

        #[test]
        fn by_the_cosine_each_centre_has_the_smallest_largest_cosine_whatever_the_lengths(
            rows in prop::collection::vec((0.0_f64..6.25, 0.01_f64..100.0), 2..12),
            seed: u64,
        ) {
            let values: Vec<f32> = rows
                .iter()
                .flat_map(|(angle, length)| [length * angle.cos(), length * angle.sin()])
                .map(|value| value as f32)
                .collect();
            let cosine = |a: u32, b: u32| {
                let at = |id: u32| &values[2 * id as usize..][..2];
                let product = |a: &[f32], b: &[f32]| -> f64 {
                    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let lengths = product(at(a), at(a)).sqrt() * product(at(b), at(b)).sqrt();
                product(at(a), at(b)) / lengths
            };
            let found = ids(&by_angle(&values, rows.len(), seed));
            let nearest = |id: u32, centers: &[u32]| {
                centers.iter().map(|&center| cosine(id, center)).fold(f64::MIN, f64::max)
            };
            for chosen in 1..found.len() {
                let (centers, rest) = found.split_at(chosen);
                let best = rest.iter().map(|&id| nearest(id, centers)).fold(f64::MAX, f64::min);
                prop_assert!(nearest(rest[0], centers) <= best + 1e-9);
            }
        }
    }
}
