//! Furthest neighbours: which of many points lies furthest from a given one.
//!
//! The curriculum of DDS-NAS ([`crate::dds`]) exchanges an image for the most dissimilar one of its
//! class; how similar two images are is the distance of their embeddings. Libraries of nearest
//! neighbours do not answer that question, so the tree is made here.
//!
//! * [`FurthestTree`]: boxes around halves of halves of the points, with counts of the points that
//!   are still available. [`Effort::Greedy`] goes down once and never looks back, in O(d log n);
//!   [`Effort::BestFirst`] goes down a given number of times; [`Effort::Exact`] leaves out only what
//!   cannot hold the answer.
//! * [`brute_force`]: all distances, the oracle of the others.
//! * [`ClassTrees`]: one tree a class, by sample id.
//!
//! The tree is that of the specification of DDS-NAS as far as it is known: a kd-tree, searched
//! approximately in logarithmic time. The paper's own details are not known; the box bound, the
//! split at the median of the widest dimension and the greedy descent are a reconstruction.
//!
//! Distances are Euclidean, accumulated in `f64` dimension by dimension. Equal distances go to the
//! lowest index, so that the exact answer does not depend on the tree's shape. Embeddings come from
//! outside: nothing here knows images, files or clocks.

mod best_first;
mod bound;
mod brute;
mod build;
mod classes;
mod error;
mod exact;
mod leaf;
mod points;
mod shape;
mod tree;

use std::num::NonZeroUsize;

pub use brute::brute_force;
pub use classes::{ClassTrees, Replacement};
pub use error::PointsError;
pub use points::Points;
pub use tree::FurthestTree;

/// Points of a leaf, unless asked otherwise.
pub const LEAF_SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// How hard to look for the furthest point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Once down the tree, always into the child that may reach further. O(d log n), approximate.
    Greedy,
    /// Down the tree a given number of times, from the most promising node passed by each time.
    /// O(leaves d log n), approximate.
    BestFirst {
        /// Leaves to look into.
        leaves: NonZeroUsize,
    },
    /// Until no other point can be further (branch and bound).
    Exact,
}

/// The answer to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Index of the point.
    pub point: usize,
    /// Its Euclidean distance from the query.
    pub distance: f64,
    /// What it took to find it.
    pub visits: Visits,
}

/// What a query looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// Nodes that were opened, leaves among them.
    pub nodes: usize,
    /// Points in the leaves that were opened.
    pub points: usize,
}

/// The furthest point so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    squared: f64,
    point: u32,
}

impl Best {
    /// Nearer than any point.
    const NONE: Best = Best { squared: -1.0, point: u32::MAX };

    /// Takes a point that is further, or as far with a lower index.
    fn offer(&mut self, squared: f64, point: u32) {
        if squared > self.squared || (squared == self.squared && point < self.point) {
            *self = Best { squared, point };
        }
    }

    /// Whether points no further than `bound` and with no lower index than `first` might be taken.
    fn may_yield_to(&self, bound: f64, first: u32) -> bool {
        bound > self.squared || (bound == self.squared && first < self.point)
    }

    /// The answer, if there was any point.
    fn found(self, visits: Visits) -> Option<Found> {
        let Best { squared, point } = self;
        (squared >= 0.0).then(|| Found { point: point as usize, distance: squared.sqrt(), visits })
    }
}
