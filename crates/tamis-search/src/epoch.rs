//! From a policy's plan to the batches of an epoch.
//!
//! The weight samples are shuffled anew each epoch and cut into batches; the last short batch is
//! kept, but a single left-over image joins the batch before (batch norm needs two). Architecture
//! batches are always full and come from one endless reshuffled pass over the architecture set
//! that goes on across epochs; it starts anew when the set changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose, SampleId};
use tamis_select::Plan;
use tamis_training::{shuffled_batches, steps_of_pass};

use crate::host::ArchRhythm;

/// The samples of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepSamples {
    /// None in the steps that train the architecture alone.
    pub(crate) weight: Option<Vec<SampleId>>,
    /// None while the architecture does not train.
    pub(crate) arch: Option<Vec<SampleId>>,
}

/// Where the endless pass over the architecture set stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArchPass {
    /// The set, ascending.
    set: Vec<SampleId>,
    /// Passes begun.
    passes: u32,
    /// What is left of the current pass, last first.
    remaining: Vec<SampleId>,
}

impl ArchPass {
    /// Takes the epoch's set; a changed set begins a new pass.
    fn adopt(&mut self, set: &[SampleId]) {
        if self.set != set {
            self.set = set.to_vec();
            self.remaining.clear();
        }
    }

    fn next_batch(&mut self, batch: usize, seed: u64) -> Vec<SampleId> {
        let size = batch.min(self.set.len());
        let mut ids = Vec::with_capacity(size);
        while ids.len() < size {
            if self.remaining.is_empty() {
                self.remaining = self.set.clone();
                let key = Key::new(seed, Purpose::ArchOrder).step(self.passes);
                key.stream().shuffle(&mut self.remaining);
                self.passes += 1;
            }
            ids.extend(self.remaining.pop());
        }
        ids
    }
}

/// What of a run decides about an epoch's batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EpochRule {
    pub(crate) batch: usize,
    pub(crate) seed: u64,
    pub(crate) epoch: u32,
    /// When the architecture trains.
    pub(crate) arch: ArchRhythm,
}

/// All batches of an epoch, in order; `arch_pass` moves on if the architecture trains.
pub(crate) fn batches(plan: &Plan, rule: EpochRule, arch_pass: &mut ArchPass) -> Vec<StepSamples> {
    let EpochRule { batch, seed, epoch, arch } = rule;
    if !matches!(arch, ArchRhythm::Off | ArchRhythm::Shared) {
        arch_pass.adopt(&plan.arch);
    }
    let weight_samples = weight_samples(plan, arch);
    let steps = weight_steps(plan, batch, arch);
    let key = Key::new(seed, Purpose::WeightOrder).epoch(epoch);
    let mut next = || arch_pass.next_batch(batch, seed);
    let mut samples: Vec<StepSamples> = shuffled_batches(&weight_samples, batch, key)
        .take(steps)
        .enumerate()
        .map(|(step, weight)| {
            let due = arch.interval().is_some_and(|interval| step.is_multiple_of(interval));
            let arch = due.then(&mut next);
            StepSamples { weight: Some(weight), arch }
        })
        .collect();
    let after =
        (0..steps_after(plan, arch)).map(|_| StepSamples { weight: None, arch: Some(next()) });
    samples.extend(after);
    samples
}

/// The samples that train the weights: in a single-level epoch those of both levels, ascending.
fn weight_samples(plan: &Plan, arch: ArchRhythm) -> Cow<'_, [SampleId]> {
    if arch != ArchRhythm::Shared {
        return Cow::Borrowed(&plan.weight);
    }
    Cow::Owned(plan.both())
}

/// Number of steps of an epoch: those of the weights, and those of the architecture after them.
pub(crate) fn planned_steps(plan: &Plan, batch: usize, arch: ArchRhythm) -> usize {
    weight_steps(plan, batch, arch) + steps_after(plan, arch)
}

/// Steps that train the weights: one pass over their samples, or as many as the plan says.
fn weight_steps(plan: &Plan, batch: usize, arch: ArchRhythm) -> usize {
    let pass = steps_of_pass(weight_samples(plan, arch).len(), batch);
    if pass == 0 { 0 } else { plan.steps.map_or(pass, |steps| steps as usize) }
}

/// Steps that train the architecture alone; none without samples.
fn steps_after(plan: &Plan, arch: ArchRhythm) -> usize {
    match arch {
        ArchRhythm::After { steps } if !plan.arch.is_empty() => steps as usize,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u32>) -> Vec<SampleId> {
        range.map(SampleId).collect()
    }

    fn plan(weight: u32, arch: u32) -> Plan {
        let arch = ids(weight..weight + arch);
        Plan { weight: ids(0..weight), arch, loss_weights: None, steps: None, learning_rate: None }
    }

    fn run(plan: &Plan, epoch: u32, pass: &mut ArchPass) -> Vec<StepSamples> {
        batches(plan, EpochRule { batch: 64, seed: 7, epoch, arch: ArchRhythm::EachStep }, pass)
    }

    fn arch(step: &StepSamples) -> &[SampleId] {
        step.arch.as_deref().unwrap()
    }

    fn weight(step: &StepSamples) -> &[SampleId] {
        step.weight.as_deref().unwrap()
    }

    #[test]
    fn every_weight_sample_comes_once_an_epoch_and_a_single_one_joins_the_batch_before() {
        for (count, expected) in [(130, vec![64, 64, 2]), (129, vec![64, 65]), (64, vec![64])] {
            let plan = plan(count, 100);
            let steps = run(&plan, 0, &mut ArchPass::default());
            let sizes: Vec<usize> = steps.iter().map(|step| weight(step).len()).collect();
            assert_eq!(sizes, expected);
            let mut seen: Vec<SampleId> = steps.iter().flat_map(weight).copied().collect();
            assert_ne!(seen, plan.weight, "the order is shuffled");
            seen.sort();
            assert_eq!(seen, plan.weight);
        }
    }

    #[test]
    fn architecture_batches_are_full_and_the_pass_goes_on_across_epochs() {
        let plan = plan(128, 100);
        let mut pass = ArchPass::default();
        let epochs: Vec<_> = (0..5).flat_map(|epoch| run(&plan, epoch, &mut pass)).collect();
        assert!(epochs.iter().all(|step| arch(step).len() == 64));
        let drawn: Vec<SampleId> = epochs.iter().flat_map(arch).copied().collect();
        for pass in drawn.chunks_exact(100) {
            let mut pass = pass.to_vec();
            pass.sort();
            assert_eq!(pass, plan.arch, "each pass has every image once");
        }
    }

    #[test]
    fn weights_that_train_alone_see_the_same_batches_and_leave_the_architecture_pass_alone() {
        let plan = plan(128, 100);
        let mut pass = ArchPass::default();
        let rule = EpochRule { batch: 64, seed: 7, epoch: 0, arch: ArchRhythm::Off };
        let alone = batches(&plan, rule, &mut pass);
        assert_eq!(pass, ArchPass::default());
        let together = run(&plan, 0, &mut pass);
        assert!(alone.iter().all(|step| step.arch.is_none()));
        let weights = |steps: &[StepSamples]| -> Vec<Vec<SampleId>> {
            steps.iter().map(|step| weight(step).to_vec()).collect()
        };
        assert_eq!(weights(&alone), weights(&together));
    }

    #[test]
    fn the_architecture_may_train_after_the_weights() {
        let plan = plan(128, 100);
        let mut pass = ArchPass::default();
        let arch_rhythm = ArchRhythm::After { steps: 3 };
        let rule = EpochRule { batch: 64, seed: 7, epoch: 0, arch: arch_rhythm };
        let steps = batches(&plan, rule, &mut pass);
        assert_eq!(planned_steps(&plan, 64, arch_rhythm), 5);
        let kinds: Vec<[bool; 2]> =
            steps.iter().map(|step| [step.weight.is_some(), step.arch.is_some()]).collect();
        let (of_weights, of_arch) = ([true, false], [false, true]);
        assert_eq!(kinds, [of_weights, of_weights, of_arch, of_arch, of_arch]);
        let without = Plan { arch: Vec::new(), ..plan };
        assert_eq!(planned_steps(&without, 64, arch_rhythm), 2, "there is nothing to train on");
    }

    #[test]
    fn a_single_level_epoch_trains_on_the_samples_of_both_levels_once_each() {
        let plan = plan(70, 58);
        let rule = EpochRule { batch: 64, seed: 7, epoch: 0, arch: ArchRhythm::Shared };
        let steps = batches(&plan, rule, &mut ArchPass::default());
        assert!(steps.iter().all(|step| step.arch.is_none()));
        let mut seen: Vec<SampleId> = steps.iter().flat_map(weight).copied().collect();
        seen.sort();
        assert_eq!(seen, ids(0..128));
    }

    #[test]
    fn a_changed_architecture_set_is_used_from_its_first_batch() {
        let mut pass = ArchPass::default();
        run(&plan(64, 100), 0, &mut pass);
        let smaller = plan(64, 80);
        let steps = run(&smaller, 1, &mut pass);
        assert!(arch(&steps[0]).iter().all(|id| smaller.arch.contains(id)));
    }

    #[test]
    fn a_plan_may_ask_for_more_or_fewer_steps_than_a_pass_or_none() {
        let steps_of = |steps| {
            let plan = Plan { steps: Some(steps), ..plan(128, 64) };
            run(&plan, 0, &mut ArchPass::default())
        };
        assert!(steps_of(0).is_empty());
        assert_eq!(steps_of(1).len(), 1);
        let five = steps_of(5);
        assert_eq!(five.len(), 5);
        assert_ne!(five[0].weight, five[2].weight, "the second pass has its own order");
        assert!(run(&plan(0, 64), 0, &mut ArchPass::default()).is_empty());
    }
}
