//! A layer at its place in a network.

use crate::layer::{Layer, Shape};

/// Place of a layer in its network; layers read only from places before their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The place as an index into [`Graph::nodes`](crate::Graph::nodes).
    pub fn index(self) -> usize {
        self.0
    }
}

/// A layer in its network.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands: the path that its parameters begin with; a name with its number if it has none.
    pub path: String,
    /// What it does.
    pub layer: Layer,
    /// What it reads, in order.
    pub inputs: Vec<NodeId>,
    /// One sample of what it gives.
    pub shape: Shape,
}

/// A layer whose result leaves the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What it is called, `logits` say.
    pub name: String,
    /// Where it stands.
    pub node: NodeId,
}
