//! Choosing the samples at one end of a ranking by score.

use tamis_core::SampleId;

use super::fixed::Fixed;
use super::{Argument, Entry, Request, Scores};
use crate::report::Why;
use crate::{Error, Policy};

/// An end of a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Lowest,
    Highest,
}

/// The list's entry of a policy that takes one end of the ranking by scores of a kind.
pub(super) const fn entry(
    name: &'static str,
    summary: &'static str,
    scores: Scores,
    build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
) -> Entry {
    Entry {
        name,
        summary,
        argument: Argument::Amount,
        scores: Some(scores),
        needs_embeddings: false,
        needs_search: false,
        is_balanced: false,
        build,
    }
}

/// The policy that always plans the samples at one end.
pub(super) fn build(request: &Request<'_>, end: End) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    Ok(Fixed::boxed(request, &extremes(request.scores()?, count, end)))
}

/// `count` samples of the lowest or highest scores, ties by id, ascending by id. Linear in time
/// and memory.
fn extremes(mut scores: Vec<(SampleId, f64)>, count: usize, end: End) -> Vec<(SampleId, Why)> {
    if count < scores.len() {
        scores.select_nth_unstable_by(count, |a, b| {
            let by_score = match end {
                End::Lowest => a.1.total_cmp(&b.1),
                End::Highest => b.1.total_cmp(&a.1),
            };
            by_score.then(a.0.cmp(&b.0))
        });
        scores.truncate(count);
    }
    scores.sort_unstable_by_key(|(id, _)| *id);
    scores.into_iter().map(|(id, score)| (id, Why::Score(score))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(scores: &[f64], count: usize, end: End) -> Vec<u32> {
        let scores = (0..).map(SampleId).zip(scores.iter().copied()).collect();
        extremes(scores, count, end).iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn each_end_is_taken_and_ties_go_to_the_smaller_id() {
        let scores = [0.5, 0.1, 0.9, 0.1, 0.9, 0.9];
        assert_eq!(chosen(&scores, 2, End::Highest), [2, 4]);
        assert_eq!(chosen(&scores, 1, End::Lowest), [1]);
        assert_eq!(chosen(&scores, 3, End::Lowest), [0, 1, 3]);
        assert_eq!(chosen(&scores, 6, End::Lowest), [0, 1, 2, 3, 4, 5]);
        assert_eq!(chosen(&scores, 0, End::Highest), [0; 0]);
    }

    proptest! {
        #[test]
        fn nothing_left_out_is_better_than_what_was_chosen(
            scores in prop::collection::vec((0_u8..9).prop_map(f64::from), 1..50),
            part in 0.0_f64..=1.0,
        ) {
            let count = (scores.len() as f64 * part) as usize;
            let found = chosen(&scores, count, End::Highest);
            prop_assert_eq!(found.len(), count);
            for id in 0..scores.len() as u32 {
                let better = |&other: &u32| {
                    let (a, b) = (scores[id as usize], scores[other as usize]);
                    a > b || a == b && id < other
                };
                prop_assert!(found.contains(&id) || !found.iter().any(better));
            }
        }
    }
}
