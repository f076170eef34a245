//! `random-epoch:0.1`, `random-epoch-balanced:0.1`: samples drawn anew each epoch, all of a level, or of a
//! level's class, equally likely.
//!
//! The pool is halved once, and each level draws from its own half, so that over the epochs a level
//! sees its whole half and never the other. Of an odd amount the architecture gets the one more, as
//! in the halves. `random-epoch-balanced` draws as many of each class, as far as the level's half has
//! them: of a few thousand random samples classes differ by a tenth, which is no property of the data.

use tamis_core::{Key, SampleId};

use super::{Argument, Entry, Identity, Request};
use crate::{Error, Plan, Policy, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "random-epoch",
    summary: "samples drawn anew each epoch inside fixed halves, all equally likely",
    argument: Argument::Amount,
    scores: None,
    needs_embeddings: false,
    needs_search: true,
    is_balanced: false,
    build: |request| {
        let halves = request.halves();
        RandomEpoch::boxed(request, [vec![halves.weight], vec![halves.arch]])
    },
};

pub(super) const BALANCED: Entry = Entry {
    name: "random-epoch-balanced",
    summary: "samples drawn anew each epoch inside fixed halves, as many of each class",
    is_balanced: true,
    build: |request| {
        let (halves, pool) = (request.halves(), request.pool());
        RandomEpoch::boxed(request, [pool.grouped(&halves.weight), pool.grouped(&halves.arch)])
    },
    ..ENTRY
};

struct RandomEpoch {
    identity: Identity,
    key: Key,
    /// Of each level its half, parted into what gets equal shares.
    weight: Vec<Vec<SampleId>>,
    arch: Vec<Vec<SampleId>>,
    count: usize,
}

impl RandomEpoch {
    fn boxed(
        request: &Request<'_>,
        [weight, arch]: [Vec<Vec<SampleId>>; 2],
    ) -> Result<Box<dyn Policy>, Error> {
        let count = request.count()?;
        let (identity, key) = (request.identity(), request.key());
        Ok(Box::new(RandomEpoch { identity, key, weight, arch, count }))
    }
}

impl Policy for RandomEpoch {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let key = self.key.epoch(epoch);
        let for_weight = self.count / 2;
        let for_arch = self.count - for_weight;
        Ok(Plan {
            weight: draw::balanced(&self.weight, for_weight, key),
            arch: draw::balanced(&self.arch, for_arch, key),
            ..Plan::default()
        })
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        self.identity.check(state)
    }
}
