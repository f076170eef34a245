//! What `random-like:P` comes down to, as the text alone says.
//!
//! The control itself is built in `random_like`; what it needs and which arm it equals is in `spec`.

use super::part::Part;
use super::{Argument, full, full_steps, random, random_epoch};
use crate::Error;

/// Policies that draw blindly.
const BLIND: [&str; 5] = [
    full::ENTRY.name,
    random::ENTRY.name,
    random_epoch::ENTRY.name,
    random_epoch::BALANCED.name,
    full_steps::ENTRY.name,
];

/// What a control comes down to.
pub(super) enum Control<'a> {
    /// The policy itself.
    Same(Part<'a>),
    /// A draw of this policy's amount.
    Random(Part<'a>),
    /// A draw of this policy's amount with equal classes.
    Balanced(Part<'a>),
    /// The policy inside, blindfold.
    Dynamic(Part<'a>),
}

impl<'a> Control<'a> {
    /// What the control of this name comes down to, with the policy that stands behind its colon.
    pub(super) fn of(
        policy: &'static str,
        mut argument: Option<&'a str>,
    ) -> Result<Control<'a>, Error> {
        let inner = loop {
            let found = argument.filter(|text| !text.is_empty());
            let inner = Part::parse(found.ok_or(Error::PolicyMissing { policy })?)?;
            // The control of a control is that control.
            if inner.entry.argument != Argument::Policy {
                break inner;
            }
            argument = inner.argument;
        };
        Ok(match inner.entry {
            found if BLIND.contains(&found.name) => Control::Same(inner),
            found if found.needs_search => Control::Dynamic(inner),
            found if found.is_balanced => Control::Balanced(inner),
            _ => Control::Random(inner),
        })
    }
}
