//! SGAS (Li et al.: "SGAS: Sequential Greedy Architecture Search", CVPR 2020).
//!
//! First-order DARTS that decides one edge of each kind of cell after another, while the rest trains on. Of
//! an undecided edge, with `EI = 1 - share(none)` and `p` the shares of the other options over `EI`:
//! selection certainty `SC = 1 - H(p) / ln(options)`; selection stability `SS`, the mean over the last four
//! epochs of `sum min(p now, p then)`. Criterion 1 is `n(EI) n(SC)`, criterion 2 that times `n(SS)`, `n`
//! being min-max over all edges of the kind. The best edge gets its strongest option for good; a node that
//! has as many edges as it keeps gives `none` to the others. The batch grows by 8 with each decision.
//!
//! Decisions are taken at the beginning of the epochs `E (0.2 + 0.7 k / (K - 1))`: 10, 15, …, 45 of 50 where
//! `K = 8`, as in the paper. Deliberate difference: on a space that keeps every edge there is one decision
//! an edge, and none is left out.

use serde::Deserialize;
use serde_json::{Value, json};
use tamis_core::{Snapshot, math};

use super::darts::first_order_step;
use super::{Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome, as_darts, state_of};
use crate::bilevel::{Bilevel, Choices};
use crate::config::SgasSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "sgas",
    summary: "DARTS that decides one edge after another, the surest first",
    defaults: as_darts,
    build: |config, space| {
        if space.choices().iter().any(ChoiceSet::keeps_several) {
            return Err(Error::Undefined {
                host: "sgas",
                space: config.space.name.clone(),
                expected: "a space of one option an edge: deciding an edge leaves it one",
            });
        }
        Ok(Box::new(Sgas {
            settings: config.host.sgas,
            batch: config.train.batch,
            sets: space.choices().to_vec(),
            past: Vec::new(),
            decisions: 0,
        }))
    },
};

/// Epochs over which stability is the mean.
const HISTORY: usize = 4;

/// Where decisions begin and over which share of the epochs they go on.
const BEGIN: f64 = 0.2;
const SPAN: f64 = 0.7;

struct Sgas {
    settings: SgasSettings,
    batch: usize,
    sets: Vec<ChoiceSet>,
    /// Shares of the last epochs, the newest last, a matrix a choice set.
    past: Vec<Vec<Matrix>>,
    decisions: u32,
}

#[derive(Deserialize)]
struct State {
    past: Vec<Vec<Matrix>>,
    decisions: u32,
}

impl Sgas {
    /// Decisions that each kind of cell takes.
    fn all_decisions(set: &ChoiceSet) -> u32 {
        set.nodes.iter().map(|node| node.keeps as u32).sum()
    }

    /// Decisions that are due when this epoch begins.
    fn due(&self, at: StepContext) -> u32 {
        let all = self.sets.iter().map(Sgas::all_decisions).max().unwrap_or(0);
        let epoch_of = |number: u32| {
            let progress = f64::from(number) / f64::from(all.saturating_sub(1).max(1));
            (f64::from(at.epochs) * (BEGIN + SPAN * progress)).round()
        };
        (0..all).filter(|&number| epoch_of(number) <= f64::from(at.epoch) && at.epoch > 0).count()
            as u32
    }

    fn decide(&self, bilevel: &mut Bilevel) {
        for (number, (set, choices)) in self.sets.iter().zip(&mut bilevel.choices).enumerate() {
            let past: Vec<&Matrix> = self.past.iter().map(|of| &of[number]).collect();
            decide_one(set, choices, &past, self.settings.criterion);
        }
    }
}

impl Host for Sgas {
    fn begin_epoch(&mut self, bilevel: &mut Bilevel, at: StepContext) -> Result<Rhythm, Error> {
        if at.epoch > 0 {
            let due = self.due(at);
            while self.decisions < due {
                self.decide(bilevel);
                self.decisions += 1;
            }
            self.past.push(bilevel.shares());
            let old = self.past.len().saturating_sub(HISTORY);
            self.past.drain(..old);
        }
        let batch = self.batch + self.decisions as usize * self.settings.batch_growth;
        Ok(Rhythm { batch: Some(batch), ..Rhythm::EACH_STEP })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        first_order_step(bilevel, batches, |_, _| ())
    }

    fn state(&self) -> Value {
        json!({ "past": self.past, "decisions": self.decisions })
    }

    fn restore(&mut self, state: &Value, _: &Snapshot) -> Result<(), Error> {
        let State { past, decisions } = state_of(state, "decisions and past shares")?;
        (self.past, self.decisions) = (past, decisions);
        Ok(())
    }
}

/// Decides the best undecided edge, and what follows for its node.
fn decide_one(set: &ChoiceSet, choices: &mut Choices, past: &[&Matrix], criterion: u32) {
    let scores = scores(set, choices, past, criterion);
    let open = (0..scores.len()).filter(|&edge| !choices.is_decided(edge));
    let Some(edge) = open.max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a))) else {
        return;
    };
    let shares = choices.shares();
    let row = shares.rows().nth(edge).unwrap_or_default();
    let options = set.derived.iter().copied();
    let Some(best) = options.max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a))) else {
        return;
    };
    choices.decide([edge, best]);
    let Some(node) = set.nodes.iter().find(|node| node.edges.contains(&edge)) else { return };
    let decided = node.edges.clone().filter(|&edge| choices.is_decided(edge)).count();
    if decided >= node.keeps
        && let Some(none) = set.option("none")
    {
        let left: Vec<usize> =
            node.edges.clone().filter(|&edge| !choices.is_decided(edge)).collect();
        left.into_iter().for_each(|edge| choices.decide([edge, none]));
    }
}

/// The criterion of every edge.
fn scores(set: &ChoiceSet, choices: &Choices, past: &[&Matrix], criterion: u32) -> Vec<f64> {
    let none = set.option("none");
    let now = choices.shares();
    let importance: Vec<f64> =
        now.rows().map(|row| 1.0 - none.map_or(0.0, |none| row[none])).collect();
    let certainty: Vec<f64> = now.rows().map(|row| certainty(&without(row, none))).collect();
    let mut scores: Vec<f64> =
        normalized(&importance).iter().zip(normalized(&certainty)).map(|(a, b)| a * b).collect();
    if criterion == 2 && !past.is_empty() {
        let stability: Vec<f64> = now
            .rows()
            .enumerate()
            .map(|(edge, row)| {
                let then = past.iter().filter_map(|of| of.rows().nth(edge));
                let overlaps = then.map(|then| overlap(&without(row, none), &without(then, none)));
                overlaps.sum::<f64>() / past.len() as f64
            })
            .collect();
        scores.iter_mut().zip(normalized(&stability)).for_each(|(score, of)| *score *= of);
    }
    scores
}

/// The shares of all options but one, over their sum.
fn without(row: &[f64], none: Option<usize>) -> Vec<f64> {
    let kept = row.iter().enumerate().filter(|(option, _)| Some(*option) != none);
    let kept: Vec<f64> = kept.map(|(_, share)| *share).collect();
    let sum: f64 = kept.iter().sum();
    kept.into_iter().map(|share| if sum > 0.0 { share / sum } else { 0.0 }).collect()
}

/// 1 less the entropy, over its largest value.
fn certainty(shares: &[f64]) -> f64 {
    let present = shares.iter().filter(|share| **share > 0.0);
    let entropy: f64 = present.map(|share| -share * math::ln(*share)).sum();
    1.0 - entropy / math::ln(shares.len() as f64)
}

fn overlap(now: &[f64], then: &[f64]) -> f64 {
    now.iter().zip(then).map(|(a, b)| a.min(*b)).sum()
}

/// Min-max; 1 everywhere if all are equal.
fn normalized(values: &[f64]) -> Vec<f64> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = most - least;
    values.iter().map(|value| if range > 0.0 { (value - least) / range } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlphaConfig;
    use crate::host::child::tests::sets;

    fn choices(alphas: [[f64; 4]; 5]) -> Choices {
        let flat = alphas.concat();
        Choices::new(Matrix::from_fn([5, 4], |index| flat[index]), &AlphaConfig::default())
    }

    /// Edge 3 is the surest, then edge 0; on edge 1 `none` leads.
    const ALPHAS: [[f64; 4]; 5] = [
        [0.0, 0.0, 2.0, 0.0],
        [5.0, 3.0, 0.0, 0.0],
        [0.0, 0.1, 0.0, 0.0],
        [0.0, 0.0, 0.0, 4.0],
        [0.0, 0.0, 0.1, 0.0],
    ];

    #[test]
    fn the_surest_edge_is_decided_first_and_a_full_node_leaves_the_others_out() {
        let (set, mut choices) = (&sets()[0], choices(ALPHAS));
        decide_one(set, &mut choices, &[], 1);
        assert_eq!(choices.alive()[12..16], [false, false, false, true]);
        decide_one(set, &mut choices, &[], 1);
        assert_eq!(choices.alive()[..4], [false, false, true, false]);
        // The node of edges 2 to 4 keeps two: with the second the third becomes `none`.
        while !(2..5).all(|edge| choices.is_decided(edge)) {
            decide_one(set, &mut choices, &[], 1);
        }
        let nones = (2..5).filter(|&edge| choices.is_alive([edge, 0])).count();
        assert_eq!(nones, 1);
        decide_one(set, &mut choices, &[], 1);
        assert!((0..5).all(|edge| choices.is_decided(edge)));
        assert!(!choices.is_alive([1, 0]), "an edge that is kept never gets none");
    }

    #[test]
    fn stability_counts_in_the_second_criterion_alone() {
        let set = &sets()[0];
        let mut alphas = ALPHAS;
        alphas[0] = [0.0, 0.0, 0.0, 4.0];
        let choices = choices(alphas);
        let mut turned = choices.shares();
        turned.values_mut()[12..16].copy_from_slice(&[0.1, 0.8, 0.05, 0.05]);
        let past = [&turned];
        let [first, second] = [1, 2].map(|criterion| scores(set, &choices, &past, criterion));
        assert_eq!(first[0], first[3]);
        assert!(second[0] > second[3], "edge 3 has just turned");
    }

    #[test]
    fn decisions_come_as_in_the_paper_and_all_of_them_in_short_searches_too() {
        let mut sets = sets();
        sets[0].nodes[0].keeps = 8;
        sets[0].nodes.truncate(1);
        let host = Sgas {
            settings: SgasSettings::default(),
            batch: 64,
            sets,
            past: Vec::new(),
            decisions: 0,
        };
        let due = |epoch, epochs| host.due(StepContext { seed: 0, epoch, epochs, step: 0 });
        let counts: Vec<u32> = [9, 10, 14, 15, 44, 45, 49].map(|epoch| due(epoch, 50)).to_vec();
        assert_eq!(counts, [0, 1, 1, 2, 7, 8, 8]);
        assert_eq!(due(0, 1), 0);
    }
}
