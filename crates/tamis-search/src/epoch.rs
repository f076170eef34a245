//! From a policy's plan to the batches of an epoch.
//!
//! The weight samples are shuffled anew each epoch and cut into batches; the last short batch is
//! kept, but a single left-over image joins the batch before (batch norm needs two). Architecture
//! batches are always full and come from one endless reshuffled pass over the architecture set
//! that goes on across epochs; it starts anew when the set changes.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose, SampleId};
use tamis_select::Plan;

/// The samples of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepSamples {
    pub(crate) weight: Vec<SampleId>,
    /// None while the architecture does not train.
    pub(crate) arch: Option<Vec<SampleId>>,
}

/// Number of steps of one pass over `samples` images.
pub fn steps_of_pass(samples: usize, batch: usize) -> usize {
    let full = samples / batch;
    match samples % batch {
        0 => full,
        1 if full > 0 => full,
        _ => full + 1,
    }
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
    /// Whether the architecture trains.
    pub(crate) arch: bool,
}

/// All batches of an epoch, in order; `arch_pass` moves on if the architecture trains.
pub(crate) fn batches(plan: &Plan, rule: EpochRule, arch_pass: &mut ArchPass) -> Vec<StepSamples> {
    let EpochRule { batch, seed, epoch, arch } = rule;
    if arch {
        arch_pass.adopt(&plan.arch);
    }
    let steps = planned_steps(plan, batch);
    let key = Key::new(seed, Purpose::WeightOrder).epoch(epoch);
    weight_batches(&plan.weight, batch, key)
        .take(steps)
        .map(|weight| {
            let arch = arch.then(|| arch_pass.next_batch(batch, seed));
            StepSamples { weight, arch }
        })
        .collect()
}

/// Number of steps that the plan asks for: one pass over its weight samples, or what it says.
pub(crate) fn planned_steps(plan: &Plan, batch: usize) -> usize {
    let pass = steps_of_pass(plan.weight.len(), batch);
    if pass == 0 { 0 } else { plan.steps.map_or(pass, |steps| steps as usize) }
}

/// Endless passes over these samples, each in its own order.
pub(crate) fn weight_batches(
    samples: &[SampleId],
    batch: usize,
    key: Key,
) -> impl Iterator<Item = Vec<SampleId>> {
    (0..).flat_map(move |pass| {
        let mut ids = samples.to_vec();
        key.step(pass).stream().shuffle(&mut ids);
        let steps = steps_of_pass(ids.len(), batch);
        let ends = (1..=steps).map(|step| if step == steps { ids.len() } else { step * batch });
        let mut start = 0;
        ends.map(|end| ids[std::mem::replace(&mut start, end)..end].to_vec()).collect::<Vec<_>>()
    })
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
        batches(plan, EpochRule { batch: 64, seed: 7, epoch, arch: true }, pass)
    }

    fn arch(step: &StepSamples) -> &[SampleId] {
        step.arch.as_deref().unwrap()
    }

    #[test]
    fn every_weight_sample_comes_once_an_epoch_and_a_single_one_joins_the_batch_before() {
        for (count, expected) in [(130, vec![64, 64, 2]), (129, vec![64, 65]), (64, vec![64])] {
            let plan = plan(count, 100);
            let steps = run(&plan, 0, &mut ArchPass::default());
            let sizes: Vec<usize> = steps.iter().map(|step| step.weight.len()).collect();
            assert_eq!(sizes, expected);
            let mut seen: Vec<SampleId> = steps.into_iter().flat_map(|step| step.weight).collect();
            assert_ne!(seen, plan.weight, "the order is shuffled");
            seen.sort();
            assert_eq!(seen, plan.weight);
        }
        assert_eq!(steps_of_pass(1, 64), 1, "a lone image has no batch to join");
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
        let rule = EpochRule { batch: 64, seed: 7, epoch: 0, arch: false };
        let alone = batches(&plan, rule, &mut pass);
        assert_eq!(pass, ArchPass::default());
        let together = run(&plan, 0, &mut pass);
        assert!(alone.iter().all(|step| step.arch.is_none()));
        let weights = |steps: &[StepSamples]| -> Vec<Vec<SampleId>> {
            steps.iter().map(|step| step.weight.clone()).collect()
        };
        assert_eq!(weights(&alone), weights(&together));
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
