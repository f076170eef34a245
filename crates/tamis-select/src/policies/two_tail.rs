//! `two-tail:0.1`: the lowest and the highest scores, nothing between.
//!
//! The deterministic selection of Proxy Data (Na et al., IJCAI 2021): a share beta of the chosen
//! has the lowest entropies, the rest the highest. That there is a deterministic version is published;
//! that it sweeps such a share is reconstructed, and 0.5 is this project's default.

use tamis_core::SampleId;

use super::fixed::Fixed;
use super::{Argument, Entry, Request, Scores};
use crate::report::Why;
use crate::{Amount, Error, Policy};

pub(super) const ENTRY: Entry = Entry {
    name: "two-tail",
    summary: "the samples of lowest and of highest score, without chance",
    argument: Argument::Amount,
    scores: Some(Scores::Of("entropy")),
    needs_embeddings: false,
    needs_search: false,
    is_balanced: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let beta = Amount::share(request.settings().beta)?;
    Ok(Fixed::boxed(request, &tails(request.scores()?, count, beta.of(count))))
}

/// The `low` first and the `count - low` last samples of the ranking by score, then by id.
fn tails(mut scores: Vec<(SampleId, f64)>, count: usize, low: usize) -> Vec<(SampleId, Why)> {
    scores.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let high = scores.len() - (count - low);
    let ends = scores[..low].iter().chain(&scores[high..]);
    ends.map(|&(id, score)| (id, Why::Score(score))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(scores: &[f64], count: usize, low: usize) -> Vec<u32> {
        let scores = (0..).map(SampleId).zip(scores.iter().copied()).collect();
        let mut ids: Vec<u32> = tails(scores, count, low).iter().map(|(id, _)| id.0).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn the_ends_are_taken_and_the_middle_is_left() {
        let scores = [0.5, 0.1, 0.9, 0.4, 0.2, 0.8];
        assert_eq!(chosen(&scores, 3, 1), [1, 2, 5]);
        assert_eq!(chosen(&scores, 2, 2), [1, 4]);
        assert_eq!(chosen(&scores, 2, 0), [2, 5]);
    }

    #[test]
    fn equal_scores_are_ranked_by_id_and_never_chosen_twice() {
        assert_eq!(chosen(&[0.3; 6], 3, 1), [0, 4, 5]);
        assert_eq!(chosen(&[0.3; 6], 6, 3), [0, 1, 2, 3, 4, 5]);
    }
}
