//! `proxy-balanced:0.1`: Proxy Data's P1 inside each class, as many samples of each class.
//!
//! P1 over all samples together takes twice as many of some classes as of others (on CIFAR-10 at
//! 10 % 294 to 631), because classes differ in difficulty. Here the classes get equal parts first,
//! as far as they have samples, and each is then drawn from by the histogram of its own
//! entropies. This is not in the paper (Na et al., IJCAI 2021).

use super::fixed::Fixed;
use super::{Argument, Entry, Request, Scores, proxy};
use crate::histogram::Weighting;
use crate::{Error, Policy, quota};

pub(super) const ENTRY: Entry = Entry {
    name: "proxy-balanced",
    summary: "Proxy Data's P1 inside each class, as many samples of each",
    argument: Argument::Amount,
    scores: Some(Scores::Of("entropy")),
    needs_embeddings: false,
    needs_search: false,
    is_balanced: true,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let mut classes = vec![Vec::new(); request.pool().classes()];
    let scores = request.scores()?;
    let range = proxy::range(request, &scores)?;
    for (id, score) in scores {
        classes[request.pool().label(id) as usize].push((id, score));
    }
    let width = request.settings().bin_width;
    let mut chosen = Vec::with_capacity(count);
    for (class, quota) in classes.iter().zip(quota::of_classes(&classes, count)) {
        if quota > 0 {
            chosen.extend(proxy::drawn(class, width, Weighting::P1, quota, request.key())?);
        }
    }
    chosen.sort_unstable_by_key(|(id, _)| *id);
    Ok(Fixed::telling(request, &chosen, range))
}
