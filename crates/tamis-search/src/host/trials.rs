//! Baselines that search without gradients, under the same ledger: random search, and regularised
//! evolution (Real et al.: "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019).
//!
//! An epoch is the trial of one architecture: a network of the supernet's size that has its options alone,
//! with initial weights of its own, trained on the epoch's weight samples; then its accuracy on batches of
//! the architecture's samples, forward passes. What is found is the best trial so far.
//!
//! `random-search` draws each architecture uniformly. `evolution` begins so, then mutates the best of a
//! random few of the youngest trials.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_core::Snapshot;
use tamis_core::{Key, Level, Purpose, Stream};

use super::child::Child;
use super::darts::weight_step;
use super::{Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome, as_darts, state_of};
use crate::bilevel::{At, Bilevel, FORWARD};
use crate::config::TrialsSettings;
use crate::error::Error;
use crate::space::ChoiceSet;

pub(super) const RANDOM: HostEntry = HostEntry {
    name: "random-search",
    summary: "baseline: an epoch trains and judges one random architecture",
    defaults: as_darts,
    build: |config, space| Ok(Box::new(Trials::new(config.host.trials, space.choices(), false))),
};

pub(super) const EVOLUTION: HostEntry = HostEntry {
    name: "evolution",
    summary: "baseline: regularised evolution, an epoch a child",
    defaults: as_darts,
    build: |config, space| Ok(Box::new(Trials::new(config.host.trials, space.choices(), true))),
};

struct Trials {
    settings: TrialsSettings,
    sets: Vec<ChoiceSet>,
    evolves: bool,
    trials: Vec<Trial>,
}

/// An architecture and how it was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trial {
    child: Child,
    correct: u64,
    judged: u64,
}

impl Trial {
    /// Share of right answers; less than any if it was not judged.
    fn accuracy(&self) -> f64 {
        if self.judged == 0 { -1.0 } else { self.correct as f64 / self.judged as f64 }
    }
}

impl Trials {
    fn new(settings: TrialsSettings, sets: &[ChoiceSet], evolves: bool) -> Trials {
        Trials { settings, sets: sets.to_vec(), evolves, trials: Vec::new() }
    }

    fn next_child(&self, stream: &mut Stream) -> Child {
        if !self.evolves || self.trials.len() < self.settings.population {
            return Child::random(&self.sets, stream);
        }
        let youngest = &self.trials[self.trials.len() - self.settings.population..];
        let mut order: Vec<&Trial> = youngest.iter().collect();
        stream.shuffle(&mut order);
        match best(order.into_iter().take(self.settings.tournament.max(1))) {
            Some(parent) => parent.child.mutated(&self.sets, stream),
            None => Child::random(&self.sets, stream),
        }
    }
}

/// The best trial, the first of equal ones.
fn best<'a>(trials: impl Iterator<Item = &'a Trial>) -> Option<&'a Trial> {
    trials.reduce(|best, trial| if trial.accuracy() > best.accuracy() { trial } else { best })
}

impl Host for Trials {
    fn follows_gradient(&self) -> bool {
        false
    }

    fn begin_epoch(&mut self, bilevel: &mut Bilevel, at: StepContext) -> Result<Rhythm, Error> {
        let mut stream = Key::new(at.seed, Purpose::Host).epoch(at.epoch).stream();
        let child = self.next_child(&mut stream);
        self.trials.push(Trial { child, correct: 0, judged: 0 });
        bilevel.reset_weights(at.epoch + 1);
        Ok(Rhythm { schedule: Some(1), ..Rhythm::after(self.settings.batches) })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        let Some(trial) = self.trials.last_mut() else { return Ok(StepOutcome::default()) };
        let (shares, runs) = (trial.child.shares(&self.sets), trial.child.runs(&self.sets));
        let place = At { shares: Some(&shares), runs: Some(&runs), ..At::default() };
        let mut outcome = weight_step(bilevel, batches, place)?;
        if let Some(batch) = batches.arch {
            let passed = bilevel.pass((Level::Arch, batch), None, place, FORWARD)?;
            trial.correct += passed.outputs.correct() as u64;
            trial.judged += batch.ids.len() as u64;
            outcome.arch = Some(passed.outputs);
            if let Some(best) = best(self.trials.iter()) {
                best.child.write(&self.sets, &mut bilevel.choices);
            }
        }
        Ok(outcome)
    }

    fn state(&self) -> Value {
        json!(self.trials)
    }

    fn restore(&mut self, state: &Value, _: &Snapshot) -> Result<(), Error> {
        self.trials = state_of(state, "trials")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::child::tests::sets;

    /// Trials one after the other, judged by how many edges are as in a planted architecture of two cells.
    fn searched(evolves: bool, seed: u64) -> f64 {
        let sets = [sets(), sets()].concat();
        let mut host = Trials::new(TrialsSettings::default(), &sets, evolves);
        let planted = [vec![1], vec![2], vec![3], vec![], vec![1]];
        for epoch in 0..100 {
            let child = host.next_child(&mut Key::new(seed, Purpose::Test).epoch(epoch).stream());
            let edges = child.0.iter().flat_map(|edges| edges.iter().zip(&planted));
            let correct = edges.filter(|(a, b)| a == b).count() as u64;
            host.trials.push(Trial { child, correct, judged: 10 });
        }
        best(host.trials.iter()).unwrap().accuracy()
    }

    #[test]
    fn evolution_finds_a_planted_architecture_where_random_search_does_not() {
        let mean = |evolves| (0..20).map(|seed| searched(evolves, seed)).sum::<f64>() / 20.0;
        let [evolution, random] = [true, false].map(mean);
        assert!(evolution > random + 0.1, "{evolution} {random}");
    }

    #[test]
    fn the_best_trial_is_the_first_of_equal_ones_and_never_one_that_was_not_judged() {
        let child = |option| Child(vec![vec![vec![option]; 5]]);
        let trial = |option, correct, judged| Trial { child: child(option), correct, judged };
        let trials = [trial(1, 0, 0), trial(2, 1, 2), trial(3, 2, 4)];
        assert_eq!(best(trials.iter()).unwrap().child, child(2));
    }
}
