//! The samples that a table of scores or embeddings is about.

use tamis_data::{DataConfig, Dataset};

/// The samples that a table is about.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The label of each, in the order of ids, as tables have it.
    pub labels: &'a [u32],
    /// The class of each, from 0 on.
    pub classes: &'a [u32],
    /// Their images, where they are at hand.
    pub images: Option<&'a Dataset>,
    /// Whether they are the beginning of more samples, as `data.train` leaves it: then rows of
    /// others are left out, and else refused.
    pub is_beginning: bool,
}

impl<'a> Samples<'a> {
    /// Those of a data set, of which tables have the classes, opened with these settings.
    pub fn of(train: &'a Dataset, data: &DataConfig) -> Samples<'a> {
        let labels = train.labels();
        let is_beginning = data.train.is_some();
        Samples { labels, classes: labels, images: Some(train), is_beginning }
    }
}
