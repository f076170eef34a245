//! Why each chosen sample was chosen, in a few words for a table.
//!
//! Policies report it as data ([`Why`]); of scores they say the score alone. Which end of the
//! ranking it is at follows from what was not chosen, whatever the policy.

use tamis_core::SampleId;
use tamis_select::{Change, What, Why};

/// The reason of each of `ids`, which ascend. `None` if nothing was chosen by anything: all are taken.
/// `scores` has that of every sample by its id.
pub(crate) fn reasons(
    changes: &[Change],
    ids: &[SampleId],
    scores: Option<&[f64]>,
) -> Option<Vec<String>> {
    if changes.is_empty() {
        return None;
    }
    let mut last: Vec<(SampleId, Why)> = changes
        .iter()
        .filter(|change| change.what == What::Chosen)
        .map(|change| (change.id, change.why))
        .collect();
    // Stable: of several parts of a policy the last one's reason stays behind the others'.
    last.sort_by_key(|(id, _)| *id);
    let rest = scores.and_then(|scores| Rest::of(changes, ids, scores));
    Some(ids.iter().map(|id| reason(id, &last, rest.as_ref())).collect())
}

/// The last of a sample's reasons, which ascend by the sample; empty if it has none.
fn reason(id: &SampleId, reasons: &[(SampleId, Why)], rest: Option<&Rest>) -> String {
    let after = reasons.partition_point(|(other, _)| other <= id);
    match reasons[..after].last() {
        Some((other, why)) if other == id => words(why, rest),
        _ => String::new(),
    }
}

fn words(why: &Why, rest: Option<&Rest>) -> String {
    match why {
        Why::Drawn => "drawn".to_owned(),
        Why::Score(score) => rest.map_or("score", |rest| rest.end(*score)).to_owned(),
        Why::Bin { bin, .. } => format!("drawn from bin {bin}"),
        Why::Rank { rank, .. } => format!("rank {rank}"),
        // Single precision is that of embeddings.
        Why::Distance(distance) => format!("distance {}", *distance as f32),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// The scores of the samples that could have been chosen and were not: the least and the most.
struct Rest {
    least: f64,
    most: f64,
}

impl Rest {
    /// `None` if all were chosen.
    fn of(changes: &[Change], ids: &[SampleId], scores: &[f64]) -> Option<Rest> {
        let mut rest: Option<Rest> = None;
        for id in members(changes, scores.len()) {
            let Some(&score) = scores.get(id.index()) else { continue };
            if ids.binary_search(&id).is_err() {
                let Rest { least, most } = rest.unwrap_or(Rest { least: score, most: score });
                rest = Some(Rest { least: least.min(score), most: most.max(score) });
            }
        }
        rest
    }

    fn end(&self, score: f64) -> &'static str {
        match (score <= self.least, score >= self.most) {
            (true, false) => "low end",
            (false, true) => "high end",
            _ => "score",
        }
    }
}

/// The samples that the last part of a policy chose from: all, or those that every part before it
/// chose. Those parts choose before the levels are parted.
fn members(changes: &[Change], samples: usize) -> Vec<SampleId> {
    let mut times = vec![0_u32; samples];
    for change in changes.iter().filter(|change| change.level.is_none()) {
        if let Some(times) = times.get_mut(change.id.index()) {
            *times += 1;
        }
    }
    let most = times.iter().copied().max().unwrap_or_default();
    let ids = (0..).map(SampleId).zip(times);
    ids.filter(|(_, times)| *times == most).map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use tamis_core::Level;

    use super::*;

    fn chosen(id: u32, level: Option<Level>, why: Why) -> Change {
        Change { id: SampleId(id), level, what: What::Chosen, why }
    }

    fn of(changes: &[Change], ids: &[u32], scores: &[f64]) -> Vec<String> {
        let ids: Vec<SampleId> = ids.iter().copied().map(SampleId).collect();
        reasons(changes, &ids, Some(scores)).unwrap()
    }

    #[test]
    fn an_end_of_the_ranking_is_told_by_what_was_not_chosen() {
        let scores = [0.5, 0.1, 0.9, 0.4, 0.9];
        let by_score = |id: u32| chosen(id, Some(Level::Arch), Why::Score(scores[id as usize]));
        let found = of(&[by_score(4), by_score(1)], &[1, 4], &scores);
        assert_eq!(found, ["low end", "high end"], "ties with what was left are at the end, too");
        let all: Vec<Change> = (0..5).map(by_score).collect();
        assert_eq!(of(&all, &[0, 1, 2, 3, 4], &scores), ["score"; 5], "none was left");
    }

    #[test]
    fn of_parts_the_last_gives_the_reason_among_what_the_others_left() {
        let scores = [0.1, 0.2, 0.3, 0.4];
        let drawn = |id| chosen(id, None, Why::Drawn);
        let last = chosen(1, Some(Level::Weight), Why::Score(0.2));
        let found = of(&[drawn(1), drawn(2), drawn(3), last], &[1], &scores);
        assert_eq!(found, ["low end"], "0 is lower, but was not there to be chosen");
    }

    #[test]
    fn every_reason_has_its_words() {
        let whys = [
            (Why::Drawn, "drawn"),
            (Why::Bin { bin: 3, score: 0.1 }, "drawn from bin 3"),
            (Why::Distance(0.25), "distance 0.25"),
            (Why::Rank { rank: 2, metric: None, bound: None }, "rank 2"),
        ];
        for (why, expected) in whys {
            assert_eq!(of(&[chosen(0, Some(Level::Arch), why)], &[0], &[1.0, 2.0]), [expected]);
        }
        assert!(reasons(&[], &[SampleId(0)], None).is_none(), "`full` chooses nothing");
    }
}
