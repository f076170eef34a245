//! `random-epoch:0.1`: samples drawn anew each epoch, all of a level equally likely.
//!
//! The pool is halved once, and each level draws from its own half, so that over the epochs a level
//! sees its whole half and never the other. Of an odd amount the architecture gets the one more, as
//! in the halves.

use tamis_core::Key;

use super::{Argument, Entry, Identity, Request};
use crate::split::Halves;
use crate::{Error, Plan, Policy, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "random-epoch",
    summary: "samples drawn anew each epoch inside fixed halves, all equally likely",
    argument: Argument::Amount,
    scores: None,
    needs_embeddings: false,
    needs_search: true,
    is_balanced: false,
    build,
};

struct RandomEpoch {
    identity: Identity,
    key: Key,
    halves: Halves,
    count: usize,
}

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let (identity, key, halves) = (request.identity(), request.key(), request.halves());
    Ok(Box::new(RandomEpoch { identity, key, halves, count }))
}

impl Policy for RandomEpoch {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let key = self.key.epoch(epoch);
        let for_weight = self.count / 2;
        let for_arch = self.count - for_weight;
        Ok(Plan {
            weight: draw::uniform(&self.halves.weight, for_weight, key),
            arch: draw::uniform(&self.halves.arch, for_arch, key),
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
