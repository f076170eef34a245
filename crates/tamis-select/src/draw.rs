//! Drawing samples without replacement, by a key of each sample's own.
//!
//! Every sample gets a number that depends on the seed and its id alone, and the smallest numbers
//! are drawn. So the draw does not depend on the order in which samples are given, and a larger
//! draw holds every smaller one of the same key.

use tamis_core::{Key, SampleId, math};

use crate::quota;

/// Draws `count` of the samples, all equally likely. Returns them ascending; all of them if there
/// are no more than `count`.
pub fn uniform(ids: &[SampleId], count: usize, key: Key) -> Vec<SampleId> {
    let numbers = ids.iter().map(|&id| (key.id(u64::from(id.0)).stream().next_u64(), id)).collect();
    smallest(numbers, count)
}

/// Draws `count` of the samples, as many of each class as there are, all of a class equally likely.
/// Returns them ascending; all of them if there are no more than `count`.
pub fn balanced(classes: &[Vec<SampleId>], count: usize, key: Key) -> Vec<SampleId> {
    let parts = classes.iter().zip(quota::of_classes(classes, count));
    let mut drawn: Vec<SampleId> =
        parts.flat_map(|(ids, quota)| uniform(ids, quota, key)).collect();
    drawn.sort_unstable();
    drawn
}

/// Draws `count` of the samples one after the other, each time in proportion to the weights of
/// those that are left. Returns them ascending; all of them if there are no more than `count`.
///
/// Drawn at once, by the keys of Efraimidis and Spirakis (Weighted random sampling with a
/// reservoir, 2006): the largest values of ln(u) / weight, here the smallest of their magnitudes.
/// Samples whose weight is not positive are only drawn when all others are, then equally likely.
pub fn successive(weights: &[(SampleId, f64)], count: usize, key: Key) -> Vec<SampleId> {
    let numbers = weights
        .iter()
        .map(|&(id, weight)| {
            let magnitude = math::ln(key.id(u64::from(id.0)).stream().unit_positive()).abs();
            let last = weight.is_nan() || weight <= 0.0;
            let wait = if last { magnitude } else { magnitude / weight };
            // Floats that are not negative are ordered as their bits are.
            ((last, wait.to_bits()), id)
        })
        .collect();
    smallest(numbers, count)
}

/// The samples of the `count` smallest numbers, ties by id, ascending by id.
fn smallest<N: Ord>(mut numbers: Vec<(N, SampleId)>, count: usize) -> Vec<SampleId> {
    if count < numbers.len() {
        numbers.select_nth_unstable(count);
        numbers.truncate(count);
    }
    let mut chosen: Vec<SampleId> = numbers.into_iter().map(|(_, id)| id).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Purpose;

    use super::*;

    fn key(seed: u64) -> Key {
        Key::new(seed, Purpose::Test)
    }

    fn ids(count: u32) -> Vec<SampleId> {
        (0..count).map(SampleId).collect()
    }

    /// How often each sample is in a draw, as a share of `draws`.
    fn inclusion(weights: &[f64], count: usize, draws: u64) -> Vec<f64> {
        let weights: Vec<_> = (0..).map(SampleId).zip(weights.iter().copied()).collect();
        let mut included = vec![0.0; weights.len()];
        for seed in 0..draws {
            for id in successive(&weights, count, key(seed)) {
                included[id.index()] += 1.0 / draws as f64;
            }
        }
        included
    }

    #[test]
    fn ties_go_to_the_smaller_id() {
        let numbers = vec![(1, SampleId(9)), (0, SampleId(4)), (1, SampleId(3)), (1, SampleId(5))];
        assert_eq!(smallest(numbers, 2), [SampleId(3), SampleId(4)]);
    }

    #[test]
    fn a_uniform_draw_takes_every_sample_equally_often() {
        let mut counts = [0_u32; 10];
        for seed in 0..5_000 {
            uniform(&ids(10), 3, key(seed)).iter().for_each(|id| counts[id.index()] += 1);
        }
        assert!(counts.iter().all(|count| (1_400..1_600).contains(count)), "{counts:?}");
    }

    #[test]
    fn weights_1_2_and_3_are_included_as_successive_drawing_says() {
        // P(1) = 1/6 + 2/6 * 1/4 + 3/6 * 1/3, P(2) = 2/6 + 1/6 * 2/5 + 3/6 * 2/3, and all add up
        // to 2. Drawing in proportion to size would give 1/3, 2/3 and 1.
        let expected = [5.0 / 12.0, 11.0 / 15.0, 17.0 / 20.0];
        let found = inclusion(&[1.0, 2.0, 3.0], 2, 20_000);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.01, "found {found}, expected {expected}");
        }
    }

    #[test]
    fn samples_without_weight_are_drawn_last_and_evenly() {
        let found = inclusion(&[0.0, 1e-300, 0.0, 5.0, f64::NAN], 3, 4_000);
        assert!((found[1] - 1.0).abs() < 1e-9 && (found[3] - 1.0).abs() < 1e-9, "{found:?}");
        for rest in [found[0], found[2], found[4]] {
            assert!((rest - 1.0 / 3.0).abs() < 0.03, "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn a_draw_has_its_size_no_duplicates_and_forgets_the_order_given(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0_f64..10.0], 1..60),
            count in 0_usize..70,
            seed: u64,
        ) {
            let given: Vec<_> = (0..).map(SampleId).zip(weights).collect();
            let mut shuffled = given.clone();
            key(seed).id(9).stream().shuffle(&mut shuffled);
            let drawn = successive(&given, count, key(seed));
            prop_assert_eq!(drawn.len(), count.min(given.len()));
            prop_assert!(drawn.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(&drawn, &successive(&shuffled, count, key(seed)));
            let alone = |pairs: &[(SampleId, f64)]| -> Vec<SampleId> {
                pairs.iter().map(|pair| pair.0).collect()
            };
            let evenly = uniform(&alone(&given), count, key(seed));
            prop_assert_eq!(evenly.len(), count.min(given.len()));
            prop_assert!(evenly.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(evenly, uniform(&alone(&shuffled), count, key(seed)));
        }

        #[test]
        fn a_larger_draw_holds_every_smaller_one(count in 0_usize..49, seed: u64) {
            let smaller = uniform(&ids(50), count, key(seed));
            let larger = uniform(&ids(50), count + 1, key(seed));
            prop_assert!(smaller.iter().all(|id| larger.binary_search(id).is_ok()));
        }
    }
}
