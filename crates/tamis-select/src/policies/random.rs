//! `random:0.1`: samples drawn once, all equally likely. The baseline that every other selection
//! must beat.

use tamis_core::{Key, Purpose, SampleId};

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::{Error, Policy, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "random",
    summary: "samples drawn once, all equally likely",
    argument: Argument::Amount,
    needs_scores: false,
    needs_search: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let all: Vec<SampleId> = request.context.pool.ids().collect();
    let key = Key::new(request.context.seed, Purpose::Select);
    Ok(Fixed::boxed(request, &draw::uniform(&all, count, key)))
}
