//! One policy of a text such as `proxy:0.3+bdp`: its entry in the list and what stands after its name.
//!
//! What follows from the parts of a text is in `spec`; nothing is built here.

use tamis_core::nearest;

use super::{Entry, POLICIES};
use crate::Error;

/// One policy of a text: `proxy:0.3`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) entry: &'static Entry,
    pub(super) argument: Option<&'a str>,
}

impl<'a> Part<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Part<'a>, Error> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let entry = POLICIES.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unknown(name))?;
        Ok(Part { entry, argument })
    }
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
