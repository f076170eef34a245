//! `el2n:0.1`: the samples of the largest error early in training.
//!
//! Paul, Ganguli and Dziugaite, Deep Learning on a Data Diet, NeurIPS 2021. The score is the mean,
//! over several networks early in training, of the length of (softmax output - one-hot label). Who
//! makes the scores sees to that; here the largest are taken. The paper also drops the very
//! largest in some experiments; that is not done.

use super::ranking::{self, End};
use super::{Entry, Scores};

pub(super) const ENTRY: Entry = ranking::entry(
    "el2n",
    "the samples of the largest error early in a classifier's training",
    Scores::Of("el2n"),
    |request| ranking::build(request, End::Highest),
);
