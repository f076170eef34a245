//! `score-top:0.1`, `score-bottom:0.1`: the samples of the highest or the lowest scores, whatever they
//! are scores of.
//!
//! For scores of the user's own, of any kind and sign: margins, influence, a person's marks. Ties go to
//! the lower id; nothing is drawn, and no class is looked at.

use super::ranking::{self, End};
use super::{Entry, Scores};

pub(super) const TOP: Entry = ranking::entry(
    "score-top",
    "the samples of the highest scores, of any kind and sign",
    Scores::Any,
    |request| ranking::build(request, End::Highest),
);

pub(super) const BOTTOM: Entry = ranking::entry(
    "score-bottom",
    "the samples of the lowest scores, of any kind and sign",
    Scores::Any,
    |request| ranking::build(request, End::Lowest),
);
