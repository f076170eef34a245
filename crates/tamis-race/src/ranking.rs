//! How well one order of things agrees with another.

/// Kendall's rank correlation of two lists about the same things, between -1 and 1: tau-b (Kendall: "The
/// treatment of ties in ranking problems", Biometrika 1945), which takes pairs that are equal in one list
/// into account. `None` if one of the lists puts nothing above anything else.
///
/// # Panics
///
/// If the lists are of unequal length.
pub fn kendall_tau(one: &[f64], other: &[f64]) -> Option<f64> {
    assert_eq!(one.len(), other.len(), "lists about the same things");
    let (mut agreement, mut of_one, mut of_other) = (0_i64, 0_i64, 0_i64);
    for at in 0..one.len() {
        for before in 0..at {
            let [a, b] = [sign(one[at], one[before]), sign(other[at], other[before])];
            agreement += a * b;
            of_one += a * a;
            of_other += b * b;
        }
    }
    let pairs = (of_one as f64 * of_other as f64).sqrt();
    (pairs > 0.0).then(|| agreement as f64 / pairs)
}

/// 1 if the first is larger, -1 if it is smaller, else 0; what is no number is below all others.
fn sign(one: f64, other: f64) -> i64 {
    let key = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
    let (one, other) = (key(one), key(other));
    i64::from(one > other) - i64::from(one < other)
}

/// What is lost by taking what `scores` puts first: the largest of `truth` minus that of the thing of the
/// largest score, the first of equals. `None` of nothing.
///
/// # Panics
///
/// If the lists are of unequal length.
pub fn regret(scores: &[f64], truth: &[f64]) -> Option<f64> {
    assert_eq!(scores.len(), truth.len(), "lists about the same things");
    Some(truth[best(truth)?] - truth[best(scores)?])
}

/// Where the largest number is, the first of equals; what is no number is below all others. `None` of
/// nothing.
pub fn best(values: &[f64]) -> Option<usize> {
    (0..values.len()).reduce(|best, at| match sign(values[at], values[best]) {
        1 => at,
        _ => best,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_correlations_are_those_worked_out_by_hand() {
        // Ten pairs: 8 in the same order, 2 not.
        let tau = kendall_tau(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 3.0, 2.0, 5.0, 4.0]);
        assert_eq!(tau, Some(0.6));
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[30.0, 20.0, 10.0]), Some(-1.0));
        // Of six pairs one is equal in the first list and two in the second: (4 - 0) / sqrt(5 * 4).
        let tied = kendall_tau(&[1.0, 1.0, 2.0, 3.0], &[1.0, 1.0, 2.0, 2.0]).unwrap();
        assert!((tied - 4.0 / 20.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(kendall_tau(&[], &[]), None);
    }

    #[test]
    fn what_is_no_number_is_below_all_others() {
        assert_eq!(kendall_tau(&[f64::NAN, 1.0, 2.0], &[1.0, 2.0, 3.0]), Some(1.0));
        assert_eq!(regret(&[f64::NAN, -5.0], &[94.0, 93.0]), Some(1.0));
    }

    #[test]
    fn regret_is_what_the_best_is_better_than_the_one_that_was_chosen() {
        let truth = [93.0, 94.5, 92.0];
        assert_eq!(regret(&[0.1, 0.9, 0.3], &truth), Some(0.0));
        assert_eq!(regret(&[0.1, 0.2, 0.3], &truth), Some(2.5));
        assert_eq!(regret(&[0.3, 0.2, 0.3], &truth), Some(1.5), "the first of equals");
        assert_eq!(regret(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn correlation_is_symmetric_bounded_and_turned_by_turning_a_list(
            pairs in prop::collection::vec((-3_i32..3, -3_i32..3), 0..12),
        ) {
            let (one, other): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
            let tau = kendall_tau(&one, &other);
            prop_assert_eq!(tau, kendall_tau(&other, &one));
            let turned: Vec<f64> = one.iter().map(|value| -value).collect();
            prop_assert_eq!(tau.map(|tau| -tau), kendall_tau(&turned, &other));
            prop_assert!(tau.is_none_or(|tau| tau.abs() <= 1.0 + 1e-12));
        }
    }
}
