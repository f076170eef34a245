//! The policies: one file each, and the one list that names them.
//!
//! A text such as `proxy:0.1` is a name of the list and, after a colon, what the policy takes;
//! `spec` reads it, `composed` joins several.

mod bdp;
mod composed;
mod control;
mod dds;
mod el2n;
mod entropy;
mod fixed;
mod forgetting;
mod full;
mod full_steps;
mod identity;
mod infobatch;
mod k_center;
mod part;
mod proxy;
mod proxy_balanced;
mod random;
mod random_epoch;
mod random_like;
mod ranking;
mod request;
mod score;
mod spec;
mod two_tail;

pub(crate) use identity::Identity;
use part::Part;
pub use request::Request;
pub use spec::{Requirements, canonical, requirements};

use crate::{Context, Error, Policy};

/// All policies, in the order in which they are listed to people.
pub const POLICIES: &[Entry] = &[
    full::ENTRY,
    random::ENTRY,
    random_epoch::ENTRY,
    random_epoch::BALANCED,
    proxy::P1,
    proxy::P2,
    proxy::P3,
    two_tail::ENTRY,
    proxy_balanced::ENTRY,
    entropy::TOP,
    entropy::BOTTOM,
    forgetting::ENTRY,
    el2n::ENTRY,
    score::TOP,
    score::BOTTOM,
    k_center::ENTRY,
    k_center::BALANCED,
    bdp::ENTRY,
    infobatch::ENTRY,
    dds::ENTRY,
    full_steps::ENTRY,
    random_like::ENTRY,
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
    /// The scores that it needs of every sample, if any.
    pub scores: Option<Scores>,
    /// Whether it needs an embedding of every sample.
    pub needs_embeddings: bool,
    /// Whether its choice changes during a search, so that there is no one list of samples.
    pub needs_search: bool,
    /// Whether it looks at the classes when it chooses.
    pub is_balanced: bool,
    /// Builds it.
    pub(crate) build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
}

/// The scores that a policy needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// Of one kind, such as `entropy`: finite and at least 0.
    Of(&'static str),
    /// Of any kind and sign, as long as they are finite: only their owner can have them.
    Any,
}

impl Scores {
    /// The kind, if it must be of one.
    pub fn kind(self) -> Option<&'static str> {
        match self {
            Scores::Of(kind) => Some(kind),
            Scores::Any => None,
        }
    }
}

/// What a policy takes after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// Nothing: `full`.
    None,
    /// An [`Amount`](crate::Amount), of both levels together: `random:0.1`, `random:1000`.
    Amount,
    /// An [`Amount`](crate::Amount) of the pool for the weight level alone: `dds:1000`.
    WeightAmount,
    /// A policy: `random-like:proxy:0.1`.
    Policy,
}

/// Builds the policy that `spec` names: one of [`POLICIES`], or several joined by `+`, where each
/// chooses among what those before it chose.
///
/// # Errors
///
/// A name that is not in [`POLICIES`], an amount that is missing, unwanted, unreadable, below 2
/// samples or above the pool, a part that needs a running search before another part, scores or
/// embeddings that are missing or do not fit the pool, scores of more than one kind, or a setting that
/// is out of range.
pub fn build(spec: &str, context: &Context) -> Result<Box<dyn Policy>, Error> {
    context.settings.check()?;
    let parts = spec::parts(spec)?;
    let kinds = spec::requirements_of(&parts)?.score_kinds;
    if kinds.len() > 1 {
        let (spec, kinds) = (spec.chars().take(80).collect(), kinds.join("` and `"));
        return Err(Error::ScoreKinds { spec, kinds });
    }
    composed::build(spec, &parts, context)
}

fn build_part(part: &Part<'_>, context: &Context) -> Result<Box<dyn Policy>, Error> {
    (part.entry.build)(&Request::new(part.entry, part.argument, context))
}
