//! Points that tests share.

use std::num::NonZeroUsize;

use tamis_core::{Key, Purpose};
use tamis_select::furthest::{FurthestTree, LEAF_SIZE, Points};

/// Normal coordinates of so many points.
pub(crate) fn gaussian(count: usize, dimensions: usize, seed: u64) -> Vec<f32> {
    let mut stream = Key::new(seed, Purpose::Test).stream();
    (0..count * dimensions).map(|_| stream.normal() as f32).collect()
}

pub(crate) fn points(values: &[f32], dimensions: usize) -> Points<'_> {
    Points::new(values, dimensions).unwrap()
}

pub(crate) fn tree(values: &[f32], dimensions: usize) -> FurthestTree {
    FurthestTree::build(&points(values, dimensions), LEAF_SIZE)
}

pub(crate) fn nonzero(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}
