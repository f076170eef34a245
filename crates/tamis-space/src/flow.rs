//! What of an architecture works: where anything flows from the input to the output.

/// What of an architecture works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// All of it.
    Whole,
    /// A part: some nodes get nothing, or lead nowhere.
    Part {
        /// Those nodes, by their numbers in the cell.
        dead_nodes: Vec<usize>,
        /// The text of the architecture without what is dead: the same network.
        left: String,
    },
    /// Nothing: no path leads to the output.
    Cut,
}
