//! The policies: one file each, and the one list that names them.
//!
//! A text such as `proxy:0.1` is a name of the list and, after a colon, what the policy takes.

mod fixed;
mod full;
mod proxy;
mod random;
mod random_epoch;
mod two_tail;

use serde::{Deserialize, Serialize};

use crate::nearest::nearest;
use crate::{Amount, Context, Error, Policy, SplitRule};

/// All policies, in the order in which they are listed to people.
pub const POLICIES: &[Entry] = &[
    full::ENTRY,
    random::ENTRY,
    random_epoch::ENTRY,
    proxy::P1,
    proxy::P2,
    proxy::P3,
    two_tail::ENTRY,
];

/// A policy of the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name, such as `random`.
    pub name: &'static str,
    /// What it chooses, in one line.
    pub summary: &'static str,
    /// What stands after the name and a colon.
    pub argument: Argument,
    /// Whether it needs a score of every sample.
    pub needs_scores: bool,
    /// Whether its choice changes during a search, so that there is no one list of samples.
    pub needs_search: bool,
    build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
}

/// What a policy takes after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// Nothing: `full`.
    None,
    /// An [`Amount`], of both levels together: `random:0.1`, `random:1000`.
    Amount,
}

/// What a policy is built from: its entry, what stood after its name, and the run.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    entry: &'a Entry,
    argument: Option<&'a str>,
    context: &'a Context,
}

/// Builds the policy that `spec` names.
///
/// # Errors
///
/// A name that is not in [`POLICIES`], an amount that is missing, unwanted, unreadable, below 2
/// samples or above the pool, scores that are missing or do not fit the pool, or a setting of the
/// policy that is out of range.
pub fn build(spec: &str, context: &Context) -> Result<Box<dyn Policy>, Error> {
    let (name, argument) = match spec.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (spec, None),
    };
    let entry = POLICIES.iter().find(|entry| entry.name == name).ok_or_else(|| unknown(name))?;
    (entry.build)(&Request { entry, argument, context })
}

fn unknown(name: &str) -> Error {
    let found: String = name.chars().take(40).collect();
    let names = || POLICIES.iter().map(|entry| entry.name);
    Error::UnknownPolicy {
        known: names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        nearest: nearest(&found, names()).unwrap_or_default(),
        found,
    }
}

impl Request<'_> {
    /// The text the policy was named by.
    fn spec(&self) -> String {
        match self.argument {
            Some(argument) => format!("{}:{argument}", self.entry.name),
            None => self.entry.name.to_owned(),
        }
    }

    /// How many samples to choose for both levels together: 2 to all.
    fn count(&self) -> Result<usize, Error> {
        let policy = self.entry.name;
        let samples = self.context.pool.len();
        let found = match (self.entry.argument, self.argument) {
            (Argument::None, None) => samples,
            (Argument::None, Some(found)) => {
                return Err(Error::AmountUnwanted { policy, found: found.to_owned() });
            }
            (Argument::Amount, None) => return Err(Error::AmountMissing { policy }),
            (Argument::Amount, Some(amount)) => amount.parse::<Amount>()?.of(samples),
        };
        match found {
            0..2 => Err(Error::TooFew { policy: self.spec(), found, samples }),
            _ if found > samples => Err(Error::TooMany { policy: self.spec(), found, samples }),
            _ => Ok(found),
        }
    }

    /// The score of every sample, by id.
    fn scores(&self) -> Result<Vec<f64>, Error> {
        let needed = Error::ScoresNeeded { policy: self.entry.name };
        self.context.scores.as_ref().ok_or(needed)?.aligned(&self.context.pool)
    }

    fn identity(&self) -> Identity {
        Identity {
            policy: self.spec(),
            seed: self.context.seed,
            samples: self.context.pool.len(),
            split: self.context.split,
        }
    }
}

/// What a policy without memory saves: nothing but who it is, so that a run is not resumed with
/// another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    policy: String,
    seed: u64,
    samples: usize,
    split: SplitRule,
}

impl Identity {
    fn state(&self) -> serde_json::Value {
        serde_json::json!({
            "policy": self.policy,
            "seed": self.seed,
            "samples": self.samples,
            "split": self.split,
        })
    }

    fn check(&self, state: &serde_json::Value) -> Result<(), Error> {
        let found = Identity::deserialize(state)
            .map_err(|source| Error::StateUnreadable { policy: self.policy.clone(), source })?;
        if found == *self {
            return Ok(());
        }
        Err(Error::StateForeign { found: found.to_string(), expected: self.to_string() })
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
