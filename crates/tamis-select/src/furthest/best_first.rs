//! Down to a leaf, then down again from the most promising node passed by, until a budget of leaves
//! is spent or nothing is left to gain.
//!
//! Each descent opens one node a level, so that a query costs O(leaves d log n). Opening the most
//! promising node of all each time, without going down from it, finds a little better answers with
//! the same leaves, but inner nodes always promise more than leaves: it opens thousands of them
//! before the first leaf of a large tree.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::{Best, Found, FurthestTree, Visits};

/// A node that waits to be opened. The greatest is the one that may reach furthest, of equal ones
/// that with the lowest index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) bound: f64,
    pub(super) first: u32,
    pub(super) node: usize,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        let key = |waiting: &Waiting| Reverse((waiting.first, waiting.node));
        self.bound.total_cmp(&other.bound).then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

impl FurthestTree {
    /// Goes down to a leaf from the most promising nodes first, to at most `leaves` leaves.
    pub(super) fn best_first(&self, query: &[f32], leaves: usize) -> Option<Found> {
        let (mut visits, mut best) = (Visits::default(), Best::NONE);
        let mut waiting = BinaryHeap::from_iter(self.waiting(0, query));
        for _ in 0..leaves {
            // Whoever waits behind the first may not reach further either.
            match waiting.pop() {
                Some(next) if best.may_yield_to(next.bound, next.first) => {
                    let leaf = self.descend(next.node, query, &mut waiting, &mut visits);
                    self.open_leaf(leaf, query, &mut visits, &mut best);
                }
                _ => break,
            }
        }
        best.found(visits)
    }

    /// The leaf at the end of the further children; the others wait.
    fn descend(
        &self,
        mut node: usize,
        query: &[f32],
        waiting: &mut BinaryHeap<Waiting>,
        visits: &mut Visits,
    ) -> usize {
        while self.shape.leaf(node).is_none() {
            visits.nodes += 1;
            let [nearer, further] = self.children(node, query);
            waiting.extend(nearer);
            let Some(further) = further else { break };
            node = further.node;
        }
        node
    }

    /// The children of an inner node that have points to offer, the further one last.
    pub(super) fn children(&self, node: usize, query: &[f32]) -> [Option<Waiting>; 2] {
        let mut children = [2 * node + 1, 2 * node + 2].map(|child| self.waiting(child, query));
        children.sort_unstable();
        children
    }

    /// The node with its bound, if it has points to offer.
    pub(super) fn waiting(&self, node: usize, query: &[f32]) -> Option<Waiting> {
        let first = self.first[node];
        self.has_available(node).then(|| {
            let bound = self.bounds(node).tightest(query);
            Waiting { bound, first, node }
        })
    }
}
