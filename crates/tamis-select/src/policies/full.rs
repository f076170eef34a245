//! `full`: all samples, half of them at each level, as differentiable search is published.

use tamis_core::SampleId;

use super::fixed::Fixed;
use super::{Argument, Entry, Request};
use crate::{Error, Policy};

pub(super) const ENTRY: Entry = Entry {
    name: "full",
    summary: "all samples",
    argument: Argument::None,
    needs_scores: false,
    needs_search: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    request.count()?;
    let all: Vec<SampleId> = request.context.pool.ids().collect();
    Ok(Fixed::boxed(request, &all))
}
