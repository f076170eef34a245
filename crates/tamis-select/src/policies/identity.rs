//! Who a policy is: what every policy saves, so that a run is not resumed with another.

use serde::{Deserialize, Serialize};

use crate::{Context, Error, SplitRule};

/// A policy's text, its seed and its pool. All that a policy without memory saves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    policy: String,
    seed: u64,
    samples: usize,
    split: SplitRule,
}

/// A policy's state: who it is and what it remembers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered<M> {
    identity: Identity,
    memory: M,
}

impl Identity {
    /// Of a policy named by this text, in this run.
    pub(super) fn new(policy: String, context: &Context) -> Identity {
        let (seed, split) = (context.seed, context.split);
        Identity { policy, seed, samples: context.pool.len(), split }
    }

    /// The state of a policy without memory.
    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::json!({
            "policy": self.policy,
            "seed": self.seed,
            "samples": self.samples,
            "split": self.split,
        })
    }

    /// Whether a state of a policy without memory is this policy's.
    pub(crate) fn check(&self, state: &serde_json::Value) -> Result<(), Error> {
        let found = Identity::deserialize(state).map_err(|source| self.unreadable(source))?;
        self.compare(&found)
    }

    /// The state of a policy that remembers something.
    pub(crate) fn state_with(&self, memory: &impl Serialize) -> serde_json::Value {
        serde_json::json!({ "identity": self.state(), "memory": memory })
    }

    /// What this policy remembers, out of its state.
    pub(crate) fn memory<M: for<'a> Deserialize<'a>>(
        &self,
        state: &serde_json::Value,
    ) -> Result<M, Error> {
        let found = Remembered::<M>::deserialize(state).map_err(|source| {
            // A state of another policy remembers other things: say whose it is where that shows.
            let identity = state.get("identity").unwrap_or(state);
            let foreign = self.check(identity).err();
            match foreign {
                Some(foreign @ Error::StateForeign { .. }) => foreign,
                _ => self.unreadable(source),
            }
        })?;
        self.compare(&found.identity)?;
        Ok(found.memory)
    }

    /// Refuses a memory of another length than the policy's.
    pub(crate) fn length(&self, found: usize, expected: usize) -> Result<(), Error> {
        match found == expected {
            true => Ok(()),
            false => Err(self.refused(&format!("found {found} entries, expected {expected}"))),
        }
    }

    /// Why a memory that can be read cannot be this policy's.
    pub(crate) fn refused(&self, message: &str) -> Error {
        self.unreadable(serde::de::Error::custom(message))
    }

    /// The text the policy was named by.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    fn compare(&self, found: &Identity) -> Result<(), Error> {
        if found == self {
            return Ok(());
        }
        Err(Error::StateForeign { found: found.to_string(), expected: self.to_string() })
    }

    fn unreadable(&self, source: serde_json::Error) -> Error {
        Error::StateUnreadable { policy: self.policy.clone(), source }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let split = match self.split {
            SplitRule::Random => "random",
            SplitRule::Order => "order",
        };
        let Identity { policy, seed, samples, .. } = self;
        write!(f, "`{policy}` with seed {seed} on {samples} samples, split `{split}`")
    }
}
