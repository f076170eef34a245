//! A race of nineteen candidates in two rungs.

use std::error::Error;

use tamis_report::{FoundArchitecture, Part, Race, Rung, RungRun};
use tamis_space::Architecture;
use tamis_space::nas_bench_201::{Genotype, Operation};

const CANDIDATES: usize = 19;

/// How many the first rung leaves.
const KEPT: usize = 8;

pub(crate) fn race() -> Result<Race, Box<dyn Error>> {
    let cells = neighbourhood();
    let mut stream = super::stream(1500);
    let mut scores: Vec<(usize, f64)> =
        (0..CANDIDATES).map(|at| (at, 1.97 + 0.33 * stream.unit())).collect();
    scores.sort_by(|one, other| one.1.total_cmp(&other.1));
    let run = |(candidate, score): (usize, f64), kept| RungRun {
        candidate,
        name: cells[candidate].to_string(),
        score: Some(score),
        kept: Some(kept),
    };
    let first = (0..).zip(&scores).map(|(place, &of)| run(of, place < KEPT)).collect();
    let mut again: Vec<(usize, f64)> = scores[..KEPT]
        .iter()
        .map(|&(candidate, score)| (candidate, score - 0.33 + 0.15 * stream.unit()))
        .collect();
    again.sort_by(|one, other| one.1.total_cmp(&other.1));
    let second = (0..).zip(&again).map(|(place, &of)| run(of, place == 0)).collect();
    let winner = cells[again[0].0];
    Ok(Race {
        score_name: "training loss, nats".to_owned(),
        rungs: Part::Given(vec![
            Rung { steps: 80, runs: first },
            Rung { steps: 240, runs: second },
        ]),
        winner: Part::Given(FoundArchitecture {
            title: "The winner".to_owned(),
            architecture: Architecture::NasBench201(winner),
        }),
    })
}

/// Six 3x3 convolutions, and all cells that differ in one.
fn neighbourhood() -> Vec<Genotype> {
    let start = Genotype([Operation::Conv3x3; 6]);
    std::iter::once(start).chain(start.neighbours()).collect()
}
