//! What a number among the settings may be, and the error that names the first that may not.
//!
//! The settings of a search and those of trainings, scores and embeddings are checked by these rules. Which
//! setting follows which rule stands beside the settings.

use crate::error::Error;

/// A setting, its value, whether that may be, and what may be.
pub struct Rule {
    key: &'static str,
    found: f64,
    holds: bool,
    expected: &'static str,
}

impl Rule {
    /// A rule of one setting only.
    pub fn new(key: &'static str, found: f64, holds: bool, expected: &'static str) -> Rule {
        Rule { key, found, holds, expected }
    }
}

/// A count of what there must be one of.
pub fn is_at_least_one(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, found >= 1.0, "at least 1")
}

/// A count of what there must be two of, such as the images of a batch norm's batch.
pub fn is_at_least_two(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, found >= 2.0, "at least 2")
}

/// Above 0.
pub fn is_positive(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, found.is_finite() && found > 0.0, "a finite number above 0")
}

/// 0 or above.
pub fn is_not_negative(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, found.is_finite() && found >= 0.0, "a finite number not below 0")
}

/// 0 or above, and below 1: what is kept of something from step to step, never all of it.
pub fn is_below_one(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, (0.0..1.0).contains(&found), "a number from 0 to below 1")
}

/// Above 0, up to 1: a share of something of which there must be some.
pub fn is_share_of_some(key: &'static str, found: f64) -> Rule {
    Rule::new(key, found, found > 0.0 && found <= 1.0, "above 0 and at most 1")
}

/// Refuses the first value that may not be.
///
/// # Errors
///
/// [`Error::Setting`].
pub fn refuse_first<const N: usize>(rules: [Rule; N]) -> Result<(), Error> {
    match rules.into_iter().find(|rule| !rule.holds) {
        Some(Rule { key, found, expected, .. }) => {
            Err(Error::Setting { key, found: found.to_string(), expected })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_holds_up_to_its_edges_and_never_for_what_is_no_number() {
        type Of = fn(&'static str, f64) -> Rule;
        let cases: [(Of, &[f64], &[f64]); 6] = [
            (is_at_least_one, &[1.0], &[0.0]),
            (is_at_least_two, &[2.0], &[1.0]),
            (is_positive, &[f64::MIN_POSITIVE], &[0.0, f64::INFINITY]),
            (is_not_negative, &[0.0, f64::MAX], &[-1e-9, f64::INFINITY]),
            (is_below_one, &[0.0, 1.0 - f64::EPSILON], &[-1e-9, 1.0]),
            (is_share_of_some, &[1e-9, 1.0], &[0.0, 1.0 + f64::EPSILON]),
        ];
        for (number, (rule, right, wrong)) in cases.into_iter().enumerate() {
            assert!(right.iter().all(|&value| rule("key", value).holds), "rule {number}");
            assert!(wrong.iter().all(|&value| !rule("key", value).holds), "rule {number}");
            assert!(!rule("key", f64::NAN).holds, "rule {number}");
        }
    }

    #[test]
    fn the_first_that_does_not_hold_is_named_with_its_value() {
        let rules = [is_positive("a", 1.0), is_positive("b", -2.0), is_positive("c", -3.0)];
        let message = refuse_first(rules).unwrap_err().to_string();
        assert!(message.contains("found b = -2, expected a finite number above 0"), "{message}");
    }
}
