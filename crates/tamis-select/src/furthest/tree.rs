//! The tree itself: what is available, and the greedy query.

use std::num::NonZeroUsize;

use super::bound::Bounds;
use super::build::build;
use super::leaf::{Leaves, Members};
use super::points::check_query;
use super::shape::Shape;
use super::{Best, Effort, Found, Points, PointsError, Visits};

/// Points in boxes inside boxes; each point is available or taken.
///
/// ```
/// use tamis_select::furthest::{Effort, FurthestTree, LEAF_SIZE, Points};
///
/// let points = [0.0, 0.0, 1.0, 0.0, 5.0, 5.0];
/// let mut tree = FurthestTree::build(&Points::new(&points, 2)?, LEAF_SIZE);
/// let furthest = |tree: &FurthestTree| {
///     tree.furthest(&[0.0, 0.0], Effort::Exact).map(|found| found.map(|found| found.point))
/// };
/// assert_eq!(furthest(&tree)?, Some(2));
/// tree.take(2);
/// assert_eq!(furthest(&tree)?, Some(1));
/// # Ok::<(), tamis_select::furthest::PointsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FurthestTree {
    pub(super) shape: Shape,
    dimensions: usize,
    leaves: Leaves,
    /// Index of the point at each position.
    ids: Vec<u32>,
    /// Position of the point of each index.
    positions: Vec<u32>,
    /// `[node, 2, dimension]`.
    boxes: Vec<f32>,
    radii: Vec<f64>,
    /// Lowest index of a node's points.
    pub(super) first: Vec<u32>,
    /// Whether the point at each position is taken.
    taken: Vec<bool>,
    /// How many points of each node are not.
    available: Vec<u32>,
}

impl FurthestTree {
    /// A tree of points that are all available, in O(d n log n).
    pub fn build(points: &Points<'_>, leaf_size: NonZeroUsize) -> FurthestTree {
        let shape = Shape::new(points.len(), leaf_size);
        let built = build(points, shape);
        let mut positions = vec![0; built.ids.len()];
        for (position, &id) in (0..).zip(&built.ids) {
            positions[id as usize] = position;
        }
        FurthestTree {
            shape,
            dimensions: points.dimensions(),
            leaves: Leaves::new(shape, &built.rows, points.dimensions()),
            taken: vec![false; built.ids.len()],
            available: (0..shape.nodes()).map(|node| shape.range(node).len() as u32).collect(),
            ids: built.ids,
            positions,
            boxes: built.boxes,
            radii: built.radii,
            first: built.first,
        }
    }

    /// How many points there are, available or not.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no point at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Edges from the root to a leaf.
    pub fn depth(&self) -> u32 {
        self.shape.depth()
    }

    /// How many points can be found.
    pub fn available(&self) -> usize {
        self.available[0] as usize
    }

    /// Coordinates of a point; `None` beyond the last one.
    pub fn point(&self, index: usize) -> Option<Vec<f32>> {
        let position = *self.positions.get(index)?;
        Some(self.leaves.point(self.shape, position as usize))
    }

    /// Takes a point, so that no query finds it, in O(log n). Returns whether it was available.
    pub fn take(&mut self, index: usize) -> bool {
        self.mark(index, true)
    }

    /// Makes a point available again, in O(log n). Returns whether it was taken.
    pub fn release(&mut self, index: usize) -> bool {
        self.mark(index, false)
    }

    fn mark(&mut self, index: usize, taken: bool) -> bool {
        let Some(&position) = self.positions.get(index) else { return false };
        let position = position as usize;
        if self.taken[position] == taken {
            return false;
        }
        self.taken[position] = taken;
        for node in self.shape.path(position) {
            let count = &mut self.available[node];
            *count = if taken { *count - 1 } else { *count + 1 };
        }
        true
    }

    /// The available point that lies furthest from the query, as far as the effort goes; `None` if
    /// no point is available.
    ///
    /// # Errors
    ///
    /// A query of another dimension, or one that is not finite.
    pub fn furthest(&self, query: &[f32], effort: Effort) -> Result<Option<Found>, PointsError> {
        check_query(query, self.dimensions)?;
        Ok(match effort {
            Effort::Greedy => self.greedy(query),
            Effort::BestFirst { leaves } => self.best_first(query, leaves.get()),
            Effort::Exact => self.exact(query),
        })
    }

    /// From the root to a leaf, always to the child whose box reaches further.
    fn greedy(&self, query: &[f32]) -> Option<Found> {
        let (mut node, mut visits, mut best) = (0, Visits::default(), Best::NONE);
        while self.shape.leaf(node).is_none() {
            visits.nodes += 1;
            node = self.further_child(node, query);
        }
        self.open_leaf(node, query, &mut visits, &mut best);
        best.found(visits)
    }

    /// The child with available points that may reach further; of equal ones that with the lowest
    /// index.
    fn further_child(&self, node: usize, query: &[f32]) -> usize {
        let (left, right) = (2 * node + 1, 2 * node + 2);
        if self.available[left] == 0 {
            return right;
        }
        if self.available[right] == 0 {
            return left;
        }
        let bounds = [left, right].map(|child| self.bounds(child).by_box(query));
        let tie = bounds[0] == bounds[1] && self.first[left] < self.first[right];
        if bounds[0] > bounds[1] || tie { left } else { right }
    }

    /// Offers the points of a node that is a leaf; of another node, none.
    pub(super) fn open_leaf(
        &self,
        node: usize,
        query: &[f32],
        visits: &mut Visits,
        best: &mut Best,
    ) {
        let Some(leaf) = self.shape.leaf(node) else { return };
        let range = self.shape.range(node);
        visits.nodes += 1;
        visits.points += range.len();
        let members = Members { ids: &self.ids[range.clone()], taken: &self.taken[range] };
        self.leaves.scan(leaf, query, members, best);
    }

    pub(super) fn bounds(&self, node: usize) -> Bounds<'_> {
        let width = 2 * self.dimensions;
        let (low, high) = self.boxes[node * width..][..width].split_at(self.dimensions);
        Bounds { low, high, radius: self.radii[node] }
    }

    pub(super) fn has_available(&self, node: usize) -> bool {
        self.available[node] > 0
    }
}
