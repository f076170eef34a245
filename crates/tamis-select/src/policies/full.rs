//! `full`: all samples, half of them at each level, as differentiable search is published.

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::{Error, Policy};

pub(super) const ENTRY: Entry = Entry {
    name: "full",
    summary: "all samples",
    argument: Argument::None,
    scores: None,
    needs_embeddings: false,
    needs_search: false,
    is_balanced: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    request.count()?;
    Ok(Fixed::all(request))
}
