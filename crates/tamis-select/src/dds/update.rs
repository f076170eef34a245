//! What one update of the subset did.

use tamis_core::SampleId;

use crate::furthest::Visits;

/// One image for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Swap {
    pub(crate) out: SampleId,
    pub(crate) into: SampleId,
    /// Hardness score of the one that left.
    pub(crate) hardness: f64,
    /// Distance of the embeddings of the two, where one was looked at.
    pub(crate) distance: Option<f64>,
    /// Whether the one that came had left in the update before this one.
    pub(crate) returned: bool,
}

/// An update of the subset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Update {
    /// In the order in which they were made.
    pub(crate) swaps: Vec<Swap>,
    /// Easy images that stay because no candidate of their class was left.
    pub(crate) kept: usize,
    /// Members of the subset that are in it already.
    pub(crate) duplicates: usize,
    /// What all searches looked at together.
    pub(crate) visits: Visits,
}

impl Update {
    /// Share of those that came which had left in the update before; 0 if nobody came.
    pub(crate) fn returned_share(&self) -> f64 {
        let returned = self.swaps.iter().filter(|swap| swap.returned).count();
        returned as f64 / self.swaps.len().max(1) as f64
    }

    /// Mean distance of those that came from those they came for, where distances were looked at.
    pub(crate) fn mean_distance(&self) -> Option<f64> {
        let distances: Vec<f64> = self.swaps.iter().filter_map(|swap| swap.distance).collect();
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        (!distances.is_empty()).then_some(mean)
    }
}
