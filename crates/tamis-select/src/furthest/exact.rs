//! The exact answer by branch and bound: down into the further child first, back only where a
//! further point might still be.
//!
//! The pile of nodes stays as small as the tree is deep, where a queue ordered by promise grows
//! with every node that cannot be pruned; in many dimensions that is most of them.

use super::{Best, Found, FurthestTree, Visits};

impl FurthestTree {
    /// The furthest available point, of equal ones that with the lowest index.
    pub(super) fn exact(&self, query: &[f32]) -> Option<Found> {
        let (mut visits, mut best) = (Visits::default(), Best::NONE);
        let mut pile = Vec::from_iter(self.waiting(0, query));
        while let Some(next) = pile.pop() {
            if !best.may_yield_to(next.bound, next.first) {
                continue;
            }
            if self.shape.leaf(next.node).is_some() {
                self.open_leaf(next.node, query, &mut visits, &mut best);
            } else {
                visits.nodes += 1;
                pile.extend(self.children(next.node, query).into_iter().flatten());
            }
        }
        best.found(visits)
    }
}
