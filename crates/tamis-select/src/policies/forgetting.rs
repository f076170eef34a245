//! `forgetting:0.1`: the samples that a classifier forgot most often while it was trained.
//!
//! Toneva et al., An Empirical Study of Example Forgetting during Deep Neural Network Learning,
//! ICLR 2019. The score counts how often a right answer was followed by a wrong one; a sample that
//! was never learned has the largest score. Who makes the scores sees to that; here the largest
//! are taken, ties by id. Counts have many ties, which the original does not settle.

use super::ranking::{self, End};
use super::{Entry, Scores};

pub(super) const ENTRY: Entry = ranking::entry(
    "forgetting",
    "the samples that a classifier forgot most often in its training",
    Scores::Of("forgetting"),
    |request| ranking::build(request, End::Highest),
);
