//! Points and queries that are refused, and points that only look as if they should be.

use proptest::prelude::*;
use tamis_select::furthest::{Effort, Points, PointsError, brute_force};

use crate::testkit::{nonzero, points, tree};

#[test]
fn coordinates_that_are_not_finite_are_refused_with_their_place() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values = [0.0, 1.0, 2.0, bad];
        let error = Points::new(&values, 2).unwrap_err();
        assert!(matches!(error, PointsError::NotFinite { point: 1, dimension: 1, .. }), "{error}");
        let error = tree(&[0.0, 1.0], 2).furthest(&[bad, 0.0], Effort::Greedy).unwrap_err();
        assert!(matches!(error, PointsError::QueryNotFinite { dimension: 0, .. }), "{error}");
    }
    assert_eq!(
        Points::new(&[1.0, f32::NAN], 1).unwrap_err().to_string(),
        "reading points: found NaN in dimension 0 of point 1, expected a finite number; hint: the \
         embedding may have diverged"
    );
}

#[test]
fn dimensions_that_do_not_fit_are_refused() {
    assert_eq!(Points::new(&[1.0], 0).unwrap_err(), PointsError::NoDimensions);
    let error = Points::new(&[1.0; 7], 2).unwrap_err();
    assert_eq!(error, PointsError::Coordinates { found: 7, dimensions: 2 });
    let values = [0.0, 1.0];
    let expected = Err(PointsError::QueryDimensions { found: 3, expected: 2 });
    assert_eq!(tree(&values, 2).furthest(&[0.0; 3], Effort::Exact), expected);
    assert_eq!(brute_force(&points(&values, 2), &[0.0; 3], |_| true), expected);
}

#[test]
fn no_points_have_no_furthest_one() {
    let tree = tree(&[], 3);
    assert!(tree.is_empty() && tree.available() == 0);
    for effort in [Effort::Greedy, Effort::BestFirst { leaves: nonzero(8) }, Effort::Exact] {
        assert_eq!(tree.furthest(&[0.0; 3], effort).unwrap(), None);
    }
    assert_eq!(brute_force(&points(&[], 3), &[0.0; 3], |_| true).unwrap(), None);
}

proptest! {
    #[test]
    fn equal_points_are_cut_like_any_others(count in 1_usize..2_000, value in -9.0_f32..9.0) {
        let values = vec![value; count * 3];
        let tree = tree(&values, 3);
        let found = tree.furthest(&[0.0; 3], Effort::Exact).unwrap().unwrap();
        prop_assert_eq!(found.point, 0);
        prop_assert!(found.visits.points <= 16, "equal points are not looked at one by one");
        let greedy = tree.furthest(&[0.0; 3], Effort::Greedy).unwrap().unwrap();
        prop_assert_eq!(greedy.point, 0);
    }
}

#[test]
fn a_million_equal_points_and_a_million_on_a_line_are_no_hindrance() {
    let line: Vec<f32> = (0..1_000_000).map(|at| at as f32).collect();
    for (values, expected) in [(vec![1.5; 1_000_000], 0), (line, 999_999)] {
        let tree = tree(&values, 1);
        assert_eq!((tree.len(), tree.depth()), (1_000_000, 16));
        for effort in [Effort::Greedy, Effort::BestFirst { leaves: nonzero(8) }, Effort::Exact] {
            let found = tree.furthest(&[-1.0], effort).unwrap().unwrap();
            assert_eq!(found.point, expected, "{effort:?}");
        }
    }
}
