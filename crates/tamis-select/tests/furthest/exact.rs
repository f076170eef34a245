//! The exact searches find what brute force finds: the same point, at the same distance.

use proptest::prelude::*;
use tamis_core::{Key, Purpose};
use tamis_select::furthest::{Effort, FurthestTree, brute_force};

use crate::testkit::{gaussian, nonzero, points, tree};

/// Coordinates that often coincide, so that ties are the rule.
fn coarse() -> impl Strategy<Value = f32> {
    (-2_i8..3).prop_map(f32::from)
}

/// Coordinates of very different magnitudes, where rounding bites.
fn wild() -> impl Strategy<Value = f32> {
    (-1.0_f32..1.0, -60_i32..60).prop_map(|(value, exponent)| value * 2_f32.powi(exponent))
}

/// Points of 2, 8 or 32 dimensions.
fn cloud() -> impl Strategy<Value = (usize, Vec<f32>)> {
    let values = |count| {
        prop_oneof![
            prop::collection::vec(coarse(), count),
            prop::collection::vec(wild(), count),
            prop::collection::vec(-1.0_f32..1.0, count),
        ]
    };
    (prop_oneof![Just(2_usize), Just(8), Just(32)], 1_usize..150).prop_flat_map(
        move |(dimensions, count)| (Just(dimensions), values((count + 1) * dimensions)),
    )
}

proptest! {
    #[test]
    fn exact_searches_find_what_brute_force_finds_whatever_is_taken(
        (dimensions, values) in cloud(),
        leaf_size in 1_usize..20,
        taken_share in 0.0_f64..1.0,
    ) {
        let (query, values) = values.split_at(dimensions);
        let points = points(values, dimensions);
        let mut tree = FurthestTree::build(&points, nonzero(leaf_size));
        let is_taken =
            |index: usize| Key::new(3, Purpose::Test).id(index as u64).stream().chance(taken_share);
        for index in (0..points.len()).filter(|&index| is_taken(index)) {
            tree.take(index);
        }
        let expected = brute_force(&points, query, |index| !is_taken(index)).unwrap();
        let answer = |effort| {
            tree.furthest(query, effort).unwrap().map(|found| (found.point, found.distance))
        };
        let expected = expected.map(|found| (found.point, found.distance));
        prop_assert_eq!(answer(Effort::Exact), expected);
        prop_assert_eq!(answer(Effort::BestFirst { leaves: nonzero(usize::MAX) }), expected);
        prop_assert_eq!(answer(Effort::Greedy).is_some(), expected.is_some());
    }

    #[test]
    fn no_search_finds_a_point_further_than_the_furthest(seed: u64, leaves in 1_usize..20) {
        let values = gaussian(300, 8, seed);
        let tree = tree(&values, 8);
        let query = &values[..8];
        let distance = |effort| tree.furthest(query, effort).unwrap().unwrap().distance;
        let exact = distance(Effort::Exact);
        let some = distance(Effort::BestFirst { leaves: nonzero(leaves) });
        let more = distance(Effort::BestFirst { leaves: nonzero(leaves + 1) });
        prop_assert!(some <= more && more <= exact);
        prop_assert!(distance(Effort::Greedy) <= exact);
    }
}

#[test]
fn larger_clouds_agree_in_2_8_and_32_dimensions() {
    for dimensions in [2, 8, 32] {
        let values = gaussian(5_000, dimensions, 1);
        let (points, tree) = (points(&values, dimensions), tree(&values, dimensions));
        for query in gaussian(50, dimensions, 2).chunks(dimensions) {
            let expected = brute_force(&points, query, |_| true).unwrap().unwrap();
            let found = tree.furthest(query, Effort::Exact).unwrap().unwrap();
            assert_eq!((found.point, found.distance), (expected.point, expected.distance));
        }
    }
}

#[test]
fn equally_far_points_go_to_the_lowest_index_whatever_the_leaf_size() {
    // The corners of a square, each many times: all as far from its middle.
    let corners = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
    let values: Vec<f32> = corners.iter().copied().cycle().take(8 * 100).collect();
    for leaf_size in 1..40 {
        let mut tree = FurthestTree::build(&points(&values, 2), nonzero(leaf_size));
        for lowest in 0..20 {
            let found = tree.furthest(&[0.0, 0.0], Effort::Exact).unwrap().unwrap();
            assert_eq!((found.point, found.distance), (lowest, 2_f64.sqrt()), "{leaf_size}");
            tree.take(lowest);
        }
    }
}

#[test]
fn distances_are_right_where_single_precision_would_cancel() {
    let far = 16_777_216.0_f32;
    let values = [far, far, far + 2.0, far, far, far + 4.0];
    let found = tree(&values, 2).furthest(&[far, far], Effort::Exact).unwrap().unwrap();
    assert_eq!((found.point, found.distance), (2, 4.0));
    let huge = [f32::MAX, 0.0, -f32::MAX, f32::MAX];
    let found = tree(&huge, 2).furthest(&[f32::MAX, -f32::MAX], Effort::Exact).unwrap().unwrap();
    assert_eq!(found.point, 1);
    assert!(found.distance.is_finite());
}
