//! The points of the leaves, laid out so that a leaf is read in one stroke.
//!
//! Leaves lie one after the other, all of the same width, each in groups of [`LANES`] points, a
//! group dimension by dimension: `[leaf, group, dimension, lane]`. Distances of a group are summed
//! lane by lane at once. Lanes beyond a leaf's points hold zeros and are never offered.

use super::Best;
use super::shape::Shape;

/// Points whose distances are summed at once.
const LANES: usize = 4;

/// The coordinates of all points, leaf by leaf.
#[derive(Clone, Debug)]
pub(super) struct Leaves {
    values: Vec<f32>,
    dimensions: usize,
    groups: usize,
}

/// The points of one leaf, in order of their positions.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    pub(super) ids: &'a [u32],
    pub(super) taken: &'a [bool],
}

impl Leaves {
    /// Lays out `rows`, `[position, dimension]`.
    pub(super) fn new(shape: Shape, rows: &[f32], dimensions: usize) -> Leaves {
        let groups = shape.fullest_leaf().div_ceil(LANES);
        let values = vec![0.0; shape.leaves() * groups * dimensions * LANES];
        let mut leaves = Leaves { values, dimensions, groups };
        for (position, row) in rows.chunks_exact(dimensions).enumerate() {
            let start = leaves.start(shape, position);
            let lanes = leaves.values[start..].iter_mut().step_by(LANES);
            lanes.zip(row).for_each(|(value, &x)| *value = x);
        }
        leaves
    }

    /// Where the first coordinate of a point lies; the next ones follow every [`LANES`] values.
    fn start(&self, shape: Shape, position: usize) -> usize {
        let leaf = shape.leaf_at(position);
        let within = position - shape.range(shape.leaves() - 1 + leaf).start;
        let group = leaf * self.groups + within / LANES;
        group * self.dimensions * LANES + within % LANES
    }

    /// Coordinates of a point.
    pub(super) fn point(&self, shape: Shape, position: usize) -> Vec<f32> {
        let values = &self.values[self.start(shape, position)..];
        values.iter().step_by(LANES).take(self.dimensions).copied().collect()
    }

    /// Offers every point of a leaf that is not taken.
    pub(super) fn scan(&self, leaf: usize, query: &[f32], members: Members<'_>, best: &mut Best) {
        let width = self.groups * self.dimensions * LANES;
        let values = &self.values[leaf * width..][..width];
        let groups = values.chunks_exact(self.dimensions * LANES);
        let members = members.ids.chunks(LANES).zip(members.taken.chunks(LANES));
        for (group, (ids, taken)) in groups.zip(members) {
            let squared = squared_distances(query, group);
            for ((&squared, &id), &taken) in squared.iter().zip(ids).zip(taken) {
                if !taken {
                    best.offer(squared, id);
                }
            }
        }
    }
}

/// The squared distance of every lane, in the order of operations of
/// [`squared_distance`](super::bound::squared_distance).
fn squared_distances(query: &[f32], group: &[f32]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    let (lanes, _) = group.as_chunks::<LANES>();
    for (&q, lanes) in query.iter().zip(lanes) {
        let differences = lanes.map(|x| f64::from(q) - f64::from(x));
        for (sum, difference) in sums.iter_mut().zip(differences) {
            *sum += difference * difference;
        }
    }
    sums
}
