//! Taking and releasing points, alone and by class.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tamis_core::SampleId;
use tamis_select::furthest::{ClassTrees, Effort, LEAF_SIZE, PointsError, brute_force};

use crate::testkit::{gaussian, points, tree};

proptest! {
    #[test]
    fn counts_follow_every_taking_and_releasing(
        count in 1_usize..200,
        moves in prop::collection::vec((0_usize..220, any::<bool>()), 0..100),
    ) {
        let values = gaussian(count, 3, 4);
        let mut tree = tree(&values, 3);
        let mut taken = BTreeSet::new();
        for (index, take) in moves {
            let changed = if take { tree.take(index) } else { tree.release(index) };
            let expected = if take {
                index < count && taken.insert(index)
            } else {
                taken.remove(&index)
            };
            prop_assert_eq!(changed, expected);
            prop_assert_eq!(tree.available(), count - taken.len());
        }
        for effort in [Effort::Greedy, Effort::Exact] {
            let found = tree.furthest(&[0.0; 3], effort).unwrap();
            prop_assert_eq!(found.is_some(), taken.len() < count);
            prop_assert!(found.is_none_or(|found| !taken.contains(&found.point)));
        }
    }
}

#[test]
fn greedy_finds_the_last_available_point_wherever_it_lies() {
    let values = gaussian(1_000, 4, 5);
    let mut tree = tree(&values, 4);
    (0..1_000).for_each(|index| assert!(tree.take(index)));
    for last in 0..1_000 {
        tree.release(last);
        let found = tree.furthest(&[9.0; 4], Effort::Greedy).unwrap().unwrap();
        assert_eq!(found.point, last);
        tree.take(last);
    }
    assert_eq!(tree.furthest(&[9.0; 4], Effort::Greedy).unwrap(), None);
}

#[test]
fn a_point_is_given_back_as_it_was() {
    let values = gaussian(333, 5, 6);
    let tree = tree(&values, 5);
    for (index, row) in values.chunks(5).enumerate() {
        assert_eq!(tree.point(index).unwrap(), row);
    }
    assert_eq!(tree.point(333), None);
}

/// Every third sample of 600 from the given one on is a candidate, of class `id % 7`.
fn candidates() -> Vec<(SampleId, u32)> {
    (0..600).step_by(3).map(|id| (SampleId(id), id % 7)).collect()
}

#[test]
fn a_sample_is_answered_by_the_furthest_available_one_of_its_class() {
    let samples = candidates();
    let values = gaussian(samples.len(), 8, 7);
    let points = points(&values, 8);
    let mut trees = ClassTrees::build(&samples, &points, LEAF_SIZE).unwrap();
    let mut taken = BTreeSet::new();
    for (at, &(id, class)) in samples.iter().enumerate() {
        taken.insert(id);
        assert!(trees.take(id).unwrap());
        let fits = |index: usize| samples[index].1 == class && !taken.contains(&samples[index].0);
        let query = &values[at * 8..][..8];
        let expected = brute_force(&points, query, fits).unwrap();
        let found = trees.furthest(id, Effort::Exact).unwrap();
        let expected = expected.map(|found| (samples[found.point].0, found.distance));
        assert_eq!(found.map(|found| (found.id, found.distance)), expected);
        let left = samples.iter().filter(|(id, of)| *of == class && !taken.contains(id)).count();
        assert_eq!(trees.available(id).unwrap(), left);
        if at % 3 == 0 {
            taken.remove(&id);
            assert!(trees.release(id).unwrap());
        }
    }
}

#[test]
fn samples_that_are_no_candidates_or_do_not_ascend_are_refused() {
    let samples = candidates();
    let values = gaussian(samples.len(), 2, 8);
    let mut trees = ClassTrees::build(&samples, &points(&values, 2), LEAF_SIZE).unwrap();
    let unknown = Err(PointsError::Unknown { sample: 1 });
    assert_eq!(trees.take(SampleId(1)), unknown);
    assert_eq!(
        trees.furthest(SampleId(1), Effort::Greedy).unwrap_err().to_string(),
        "looking for sample 1: found no point of it, expected one of the candidates"
    );
    let fewer = points(&values[2..], 2);
    let error = ClassTrees::build(&samples, &fewer, LEAF_SIZE).unwrap_err();
    assert_eq!(error, PointsError::Samples { found: 199, samples: 200 });
    let twice = [(SampleId(4), 0), (SampleId(4), 1)];
    let error = ClassTrees::build(&twice, &points(&[0.0, 1.0], 1), LEAF_SIZE).unwrap_err();
    assert_eq!(error, PointsError::Order { before: 4, found: 4 });
}
