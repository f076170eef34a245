//! The policies: one file each, and the one list that names them.
//!
//! A text such as `proxy:0.1` is a name of the list and, after a colon, what the policy takes.

mod fixed;
mod full;
mod identity;
mod proxy;
mod random;
mod random_epoch;
mod request;
mod two_tail;

pub(crate) use identity::Identity;
pub use request::Request;

use crate::nearest::nearest;
use crate::{Context, Error, Policy};

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
    /// The kind of scores that it needs of every sample, if any.
    pub scores: Option<&'static str>,
    /// Whether it needs an embedding of every sample.
    pub needs_embeddings: bool,
    /// Whether its choice changes during a search, so that there is no one list of samples.
    pub needs_search: bool,
    /// Whether it looks at the classes when it chooses.
    pub is_balanced: bool,
    /// Builds it.
    pub(crate) build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
}

/// What a policy takes after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// Nothing: `full`.
    None,
    /// An [`Amount`](crate::Amount), of both levels together: `random:0.1`, `random:1000`.
    Amount,
    /// An [`Amount`](crate::Amount) of the weight level alone: `dds:1000`.
    WeightAmount,
}

/// Builds the policy that `spec` names.
///
/// # Errors
///
/// A name that is not in [`POLICIES`], an amount that is missing, unwanted, unreadable, below 2
/// samples or above the pool, scores or embeddings that are missing or do not fit the pool, or a
/// setting that is out of range.
pub fn build(spec: &str, context: &Context) -> Result<Box<dyn Policy>, Error> {
    context.settings.check()?;
    let (entry, argument) = parse(spec)?;
    (entry.build)(&Request::new(entry, argument, context))
}

fn parse(spec: &str) -> Result<(&'static Entry, Option<&str>), Error> {
    let (name, argument) = match spec.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (spec, None),
    };
    let entry = POLICIES.iter().find(|entry| entry.name == name).ok_or_else(|| unknown(name))?;
    Ok((entry, argument))
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
