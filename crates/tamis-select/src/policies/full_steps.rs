//! `full-steps:0.1`: all samples, in as few steps as a tenth of them would take.
//!
//! A control: is a method cheap because it sees fewer samples or because it takes fewer steps? The
//! weights are trained on the next chunk of one endless reshuffled pass over the whole weight half,
//! as many samples an epoch as `random:0.1` has; the architecture has its whole half, which the
//! loop passes through in the same way. So steps and schedules are those of the smaller run, and no
//! sample is seen twice before all were seen.
//!
//! A chunk that goes on into the next pass takes none of the samples that it has already.

use tamis_core::{Key, SampleId};

use super::{Argument, Entry, Identity, Request};
use crate::split::Halves;
use crate::{Error, Plan, Policy};

pub(super) const ENTRY: Entry = Entry {
    name: "full-steps",
    summary: "control: all samples, in the steps of a run on fewer",
    argument: Argument::Amount,
    scores: None,
    needs_embeddings: false,
    needs_search: true,
    is_balanced: false,
    build,
};

struct FullSteps {
    identity: Identity,
    halves: Halves,
    pass: EndlessPass,
}

/// The weight half, pass after pass, cut into chunks.
struct EndlessPass {
    key: Key,
    ids: Vec<SampleId>,
    /// Samples of a chunk, at most as many as there are.
    size: usize,
    /// Chunks cut so far; a function of this is all the rest.
    chunks: u32,
    passes: u32,
    /// What is left of the current pass, last first.
    ahead: Vec<SampleId>,
}

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let size = request.count()? / 2;
    let halves = request.halves();
    let pass = EndlessPass::new(request.key(), halves.weight.clone(), size);
    Ok(Box::new(FullSteps { identity: request.identity(), halves, pass }))
}

impl EndlessPass {
    fn new(key: Key, ids: Vec<SampleId>, size: usize) -> EndlessPass {
        EndlessPass { key, ids, size, chunks: 0, passes: 0, ahead: Vec::new() }
    }

    /// The chunk of this number, ascending.
    fn chunk(&mut self, number: u32) -> Vec<SampleId> {
        if number < self.chunks {
            *self = EndlessPass::new(self.key, std::mem::take(&mut self.ids), self.size);
        }
        while self.chunks < number {
            self.next();
        }
        self.next()
    }

    fn next(&mut self) -> Vec<SampleId> {
        let from = self.ahead.len().saturating_sub(self.size);
        let mut chunk = self.ahead.split_off(from);
        if chunk.len() < self.size {
            self.begin_pass(&mut chunk);
        }
        self.chunks += 1;
        chunk.sort_unstable();
        chunk
    }

    /// Fills the chunk up from a new pass.
    fn begin_pass(&mut self, chunk: &mut Vec<SampleId>) {
        let mut order = self.ids.clone();
        self.key.epoch(self.passes).stream().shuffle(&mut order);
        self.passes += 1;
        let mut held = chunk.clone();
        held.sort_unstable();
        let mut missing = self.size - chunk.len();
        order.retain(|id| {
            let is_taken = missing > 0 && held.binary_search(id).is_err();
            if is_taken {
                chunk.push(*id);
                missing -= 1;
            }
            !is_taken
        });
        order.reverse();
        self.ahead = order;
    }
}

impl Policy for FullSteps {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let weight = self.pass.chunk(epoch);
        Ok(Plan { weight, arch: self.halves.arch.clone(), ..Plan::default() })
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        self.identity.check(state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Purpose;

    use super::*;

    proptest! {
        #[test]
        fn no_sample_is_seen_a_second_time_before_all_were_seen(
            samples in 1_u32..40,
            part in 0.0_f64..=1.0,
            seed: u64,
        ) {
            let size = 1 + ((samples - 1) as f64 * part) as usize;
            let ids: Vec<_> = (0..samples).map(SampleId).collect();
            let key = Key::new(seed, Purpose::Test);
            let mut pass = EndlessPass::new(key, ids.clone(), size);
            let mut seen = vec![0_u32; samples as usize];
            for number in 0..30 {
                let chunk = pass.chunk(number);
                prop_assert_eq!(chunk.len(), size);
                prop_assert!(chunk.is_sorted_by(|a, b| a < b), "no sample twice in an epoch");
                chunk.iter().for_each(|id| seen[id.index()] += 1);
                let (least, most) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
                prop_assert!(most - least <= 1, "{seen:?}");
            }
            let mut fresh = EndlessPass::new(key, ids, size);
            prop_assert_eq!(fresh.chunk(17), { pass.chunk(3); pass.chunk(17) });
        }
    }

    #[test]
    fn each_pass_has_its_own_order() {
        let ids: Vec<_> = (0..100).map(SampleId).collect();
        let mut pass = EndlessPass::new(Key::new(1, Purpose::Test), ids, 50);
        assert_ne!(pass.chunk(0), pass.chunk(2));
    }
}
