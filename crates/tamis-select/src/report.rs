//! What a policy has to tell of a plan: who came and went and why, figures, and words.
//!
//! The search loop takes a report after each plan; whoever keeps the run's records writes it down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Level, SampleId};

/// What happened in a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Samples that came or went since the plan before, with the reason.
    pub changes: Vec<Change>,
    /// Bounds of classes that could not be kept.
    pub bounds: Vec<BoundGaveWay>,
    /// Figures of the epoch, by name, such as `updates`.
    pub metrics: BTreeMap<String, f64>,
    /// What a user should know of the run, in whole sentences; each is told once.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Report::default()
    }

    /// Adds another report behind this one; of two figures of a name the other's stays.
    pub fn append(&mut self, other: Report) {
        self.changes.extend(other.changes);
        self.bounds.extend(other.bounds);
        self.metrics.extend(other.metrics);
        self.notes.extend(other.notes);
    }
}

/// A sample that came or went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The sample.
    pub id: SampleId,
    /// The level; `None` if it was chosen before the levels were parted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<Level>,
    /// What became of it.
    pub what: What,
    /// Why.
    pub why: Why,
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// It is active from now on.
    Chosen,
    /// It is not active any more.
    Removed,
    /// It is not active any more, and this one is in its place.
    ReplacedBy(SampleId),
}

/// Why a sample came or went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// By chance, all equally likely.
    Drawn,
    /// By its score.
    Score(f64),
    /// By chance, weighed by its score's bin in a histogram.
    Bin {
        /// The bin, from 0.
        bin: usize,
        /// The score.
        score: f64,
    },
    /// By its place when all are ranked by a metric.
    Rank {
        /// Its place, from 0, the best first.
        rank: usize,
        /// Its metric; absent where there are too few records for one.
        metric: Option<f64>,
        /// The bound that decided, where the rank alone would have decided otherwise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bound: Option<DecidingBound>,
    },
    /// By its distance from the nearest chosen before it.
    Distance(f64),
    /// It was easy, and another came for it.
    Easy {
        /// Its hardness score: low is hard.
        hardness: f64,
        /// Distance of the embeddings of the two, where it was looked at.
        distance: Option<f64>,
    },
    /// It was pruned before and is looked at again.
    Return,
}

/// A bound on the samples of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The class must keep at least so many.
    Least,
    /// The class may keep at most so many.
    Most,
}

/// The bound by which a sample came or went against its rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidingBound {
    /// Its class keeps its least.
    Least,
    /// Its class keeps its most.
    Most,
    /// Other classes keep their least, so that its own keeps fewer.
    LeastOfOthers,
    /// Other classes keep their most, so that its own keeps more.
    MostOfOthers,
}

/// A bound of a class that could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundGaveWay {
    /// The level.
    pub level: Level,
    /// The class.
    pub class: u32,
    /// Which bound.
    pub bound: Bound,
    /// What it was.
    pub asked: usize,
    /// What it became.
    pub given: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_back_as_they_were_written() {
        let why = [
            Why::Drawn,
            Why::Score(0.25),
            Why::Bin { bin: 3, score: 1e-21 },
            Why::Rank { rank: 7, metric: Some(0.1), bound: Some(DecidingBound::LeastOfOthers) },
            Why::Rank { rank: 7, metric: None, bound: None },
            Why::Easy { hardness: 0.95, distance: Some(3.5) },
            Why::Easy { hardness: 0.95, distance: None },
        ];
        let what = [What::Chosen, What::Removed, What::ReplacedBy(SampleId(9))];
        let level = [None, Some(Level::Arch), Some(Level::Weight)];
        for (number, why) in why.into_iter().enumerate() {
            let id = SampleId(number as u32);
            let change = Change { id, level: level[number % 3], what: what[number % 3], why };
            let text = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change, "{text}");
        }
        let change = Change { id: SampleId(4), level: None, what: What::Removed, why: Why::Drawn };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(text, r#"{"id":4,"what":"removed","why":"drawn"}"#);
    }
}
