//! `result.json` of a race: who won, over whom, what it cost.

use serde::{Deserialize, Serialize};
use tamis_race::{Candidate, Race, RaceCost, Score, Scores};
use tamis_record::{DatasetSummary, Lookup, RunConfig};
use tamis_search::OneOffCost;

use crate::folder::TrainingSpent;

/// The contents of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaceOutcome {
    /// Version of the layout, 1.
    pub format: u32,
    /// `race`: what tells it from the result of a search.
    pub what: String,
    /// The data.
    pub dataset: DatasetSummary,
    /// The space that the winner is of.
    pub space: String,
    /// What chose the images.
    pub policy: String,
    /// Seed of the race.
    pub seed: u64,
    /// Who ran: the proposal.
    pub candidates: String,
    /// What decided.
    pub score: Score,
    /// The winner.
    pub genotype: String,
    /// Trainable parameters of its network, at the size of the race.
    pub params: u64,
    /// Multiply-adds of an image through it.
    pub macs: u64,
    /// Every candidate with what its last rung found, the winner first, then those who came as far, the
    /// better first.
    pub standings: Vec<Raced>,
    /// Things to know before trusting it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was spent.
    pub cost: TrainingSpent,
    /// What the benchmark's table says of the winner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
}

/// How far a candidate came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raced {
    /// The architecture.
    pub genotype: String,
    /// Rungs that it ran in.
    pub rungs: usize,
    /// Steps of the last of them.
    pub steps: u32,
    /// What the last of them found.
    #[serde(flatten)]
    pub scores: Scores,
}

impl RaceOutcome {
    /// Of a race with a winner.
    pub(super) fn of(
        (race, winner): (&Race, &Candidate),
        config: &RunConfig,
        dataset: DatasetSummary,
        lookup: Option<Lookup>,
        peak_rss_bytes: Option<u64>,
    ) -> RaceOutcome {
        let RaceCost { samples, macs, wall_s, one_off } = race.cost();
        let OneOffCost { samples: of_samples, macs: of_macs, wall_s: of_wall_s } = one_off;
        RaceOutcome {
            format: 1,
            what: "race".to_owned(),
            dataset,
            space: winner.architecture.space().to_owned(),
            policy: config.search.policy.name.clone(),
            seed: config.search.seed,
            candidates: config.race.candidates.clone(),
            score: config.race.score,
            genotype: winner.architecture.to_string(),
            params: winner.params,
            macs: winner.macs,
            standings: standings(race),
            notes: race.notes().to_vec(),
            cost: TrainingSpent {
                samples,
                macs,
                wall_s,
                one_off_samples: of_samples,
                one_off_macs: of_macs,
                one_off_wall_s: of_wall_s,
                peak_rss_bytes,
            },
            lookup,
        }
    }
}

fn standings(race: &Race) -> Vec<Raced> {
    let mut told = vec![false; race.candidates().len()];
    let mut standings = Vec::with_capacity(told.len());
    let rungs = race.ladder().len();
    for rung in (0..rungs).rev() {
        for candidate in race.ranked(rung) {
            let record = race.records_of(rung).find(|record| record.candidate == candidate);
            let Some(record) = record.filter(|_| !std::mem::replace(&mut told[candidate], true))
            else {
                continue;
            };
            standings.push(Raced {
                genotype: record.genotype.clone(),
                rungs: rung + 1,
                steps: record.steps,
                scores: record.scores,
            });
        }
    }
    standings
}
