//! Images that occur more than once, found by their content hash.

use rayon::prelude::*;
use serde::Serialize;
use tamis_core::SampleId;

use crate::Dataset;
use crate::fingerprint::ContentHash;

/// The samples of one split that show the same image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// Two or more samples, sorted.
    pub ids: Vec<SampleId>,
    /// Their classes: sorted, distinct; more than one is a contradiction.
    pub classes: Vec<u32>,
}

/// A test image that is in the training split too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The first training sample that shows the image.
    pub train: SampleId,
    /// The test sample.
    pub test: SampleId,
    /// Whether both have the same class.
    pub same_class: bool,
}

/// Groups of equal images in one split, by their first sample.
pub fn duplicates(split: &Dataset) -> Vec<Duplicate> {
    let sorted = by_content(split);
    let groups = sorted.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
    let mut found: Vec<Duplicate> = groups.map(|group| duplicate(split, group)).collect();
    found.sort_unstable_by(|a, b| a.ids.cmp(&b.ids));
    found
}

fn duplicate(split: &Dataset, group: &[(ContentHash, SampleId)]) -> Duplicate {
    let ids: Vec<SampleId> = group.iter().map(|&(_, id)| id).collect();
    let mut classes: Vec<u32> = ids.iter().map(|id| split.labels()[id.index()]).collect();
    classes.sort_unstable();
    classes.dedup();
    Duplicate { ids, classes }
}

/// Test images that are in the training split too, in the order of the test split.
pub fn leaks(train: &Dataset, test: &Dataset) -> Vec<Leak> {
    let sorted = by_content(train);
    let found = test.ids().zip(test.hashes()).filter_map(|(id, hash)| {
        let at = sorted.partition_point(|(other, _)| other < hash);
        let &(_, first) = sorted.get(at).filter(|(other, _)| other == hash)?;
        Some((first, id))
    });
    let class = |split: &Dataset, id: SampleId| split.labels()[id.index()];
    found
        .map(|(a, b)| Leak { train: a, test: b, same_class: class(train, a) == class(test, b) })
        .collect()
}

/// Samples sorted by content, then by id.
fn by_content(split: &Dataset) -> Vec<(ContentHash, SampleId)> {
    let mut sorted: Vec<_> = split.hashes().iter().copied().zip(split.ids()).collect();
    sorted.par_sort_unstable();
    sorted
}
