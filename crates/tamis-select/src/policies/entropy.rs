//! `entropy-top:0.1`, `entropy-bottom:0.1`: the samples of the highest or the lowest entropy.
//!
//! Two baselines for Proxy Data (Na et al., IJCAI 2021, compare five, whose names are inferred): the
//! samples that a trained classifier is least or most certain of. Its labels are not looked at.
//! Nothing is drawn.

use super::ranking::{self, End};
use super::{Entry, Scores};

pub(super) const TOP: Entry = ranking::entry(
    "entropy-top",
    "the samples of the highest entropy: the hardest",
    Scores::Of("entropy"),
    |request| ranking::build(request, End::Highest),
);

pub(super) const BOTTOM: Entry = ranking::entry(
    "entropy-bottom",
    "the samples of the lowest entropy: the easiest",
    Scores::Of("entropy"),
    |request| ranking::build(request, End::Lowest),
);
