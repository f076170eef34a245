//! The shape of the tree: a complete binary tree whose nodes need no pointers.
//!
//! Every node cuts its points into halves until all parts of a level fit into leaves, so all leaves
//! lie at one depth and hold the same number of points, give or take one. Node 0 is the root, and
//! the children of node k are 2k + 1 and 2k + 2.

use std::num::NonZeroUsize;
use std::ops::Range;

/// How many points, and how often they are halved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    points: usize,
    depth: u32,
}

impl Shape {
    /// The shallowest tree of so many points whose leaves hold at most `leaf_size`.
    pub(super) fn new(points: usize, leaf_size: NonZeroUsize) -> Shape {
        let leaves = points.div_ceil(leaf_size.get()).max(1).next_power_of_two();
        Shape { points, depth: leaves.ilog2() }
    }

    /// Edges from the root to a leaf.
    pub(super) fn depth(self) -> u32 {
        self.depth
    }

    pub(super) fn leaves(self) -> usize {
        1 << self.depth
    }

    pub(super) fn nodes(self) -> usize {
        2 * self.leaves() - 1
    }

    /// The number of the leaf that a node is, or none.
    pub(super) fn leaf(self, node: usize) -> Option<usize> {
        (node + 1).checked_sub(self.leaves())
    }

    /// The positions of a node's points.
    pub(super) fn range(self, node: usize) -> Range<usize> {
        let level = (node + 1).ilog2();
        let within = node + 1 - (1 << level);
        self.cut(within, level)..self.cut(within + 1, level)
    }

    /// Where part `part` of the `2^level` parts of all points begins.
    fn cut(self, part: usize, level: u32) -> usize {
        ((part as u128 * self.points as u128) >> level) as usize
    }

    /// Points of the fullest leaf.
    pub(super) fn fullest_leaf(self) -> usize {
        self.points.div_ceil(self.leaves())
    }

    /// The number of the leaf that holds a position.
    pub(super) fn leaf_at(self, position: usize) -> usize {
        let scaled = ((position as u128 + 1) << self.depth) - 1;
        (scaled / self.points.max(1) as u128) as usize
    }

    /// The nodes from the leaf that holds a position up to the root.
    pub(super) fn path(self, position: usize) -> impl Iterator<Item = usize> {
        let leaf = self.leaves() - 1 + self.leaf_at(position);
        std::iter::successors(Some(leaf), |node| (*node > 0).then(|| (node - 1) / 2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(points: usize, leaf_size: usize) -> Shape {
        Shape::new(points, NonZeroUsize::new(leaf_size).unwrap())
    }

    #[test]
    fn leaves_are_as_few_as_their_size_allows() {
        for (points, leaves) in [(0, 1), (1, 1), (16, 1), (17, 2), (32, 2), (33, 4), (1_000, 64)] {
            assert_eq!(shape(points, 16).leaves(), leaves, "{points}");
        }
        assert_eq!(shape(1_000_000, 16).depth(), 16);
    }

    proptest! {
        #[test]
        fn children_part_the_points_of_their_parent(points in 0_usize..3_000, leaf_size in 1_usize..20) {
            let shape = shape(points, leaf_size);
            prop_assert_eq!(shape.range(0), 0..points);
            for node in 0..shape.nodes() {
                if shape.leaf(node).is_some() {
                    let len = shape.range(node).len();
                    prop_assert!(len <= leaf_size && len + 1 >= shape.fullest_leaf());
                } else {
                    let (left, right) = (shape.range(2 * node + 1), shape.range(2 * node + 2));
                    prop_assert_eq!(left.end, right.start);
                    prop_assert_eq!(left.start..right.end, shape.range(node));
                }
            }
        }

        #[test]
        fn the_path_of_a_position_has_every_node_that_holds_it(
            points in 1_usize..2_000,
            leaf_size in 1_usize..20,
            part in 0.0_f64..1.0,
        ) {
            let shape = shape(points, leaf_size);
            let position = (points as f64 * part) as usize;
            let mut path: Vec<usize> = shape.path(position).collect();
            path.reverse();
            let holding: Vec<usize> =
                (0..shape.nodes()).filter(|&node| shape.range(node).contains(&position)).collect();
            prop_assert_eq!(path, holding);
        }
    }
}
