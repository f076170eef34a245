//! `random:0.1`: samples drawn once, all equally likely. The baseline that every other selection
//! must beat.

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::report::Why;
use crate::{Error, Policy, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "random",
    summary: "samples drawn once, all equally likely",
    argument: Argument::Amount,
    scores: None,
    needs_embeddings: false,
    needs_search: false,
    is_balanced: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let drawn = draw::uniform(request.pool().members(), count, request.key());
    let chosen: Vec<_> = drawn.into_iter().map(|id| (id, Why::Drawn)).collect();
    Ok(Fixed::boxed(request, &chosen))
}
