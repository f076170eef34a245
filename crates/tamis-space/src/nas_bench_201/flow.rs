//! What of a cell works: which nodes something flows through, and the cell without the rest.

use super::{EDGES, Genotype, NODES, Operation};
use crate::Flow;

impl Genotype {
    /// Whether anything of the input reaches the output: a cell that `none` cuts through answers
    /// the same to every image.
    pub fn is_connected(&self) -> bool {
        self.reached()[NODES - 1]
    }

    /// What of the cell works.
    pub fn flow(&self) -> Flow {
        let dead_nodes = self.dead_nodes();
        if !self.is_connected() {
            Flow::Cut
        } else if dead_nodes.is_empty() {
            Flow::Whole
        } else {
            Flow::Part { dead_nodes, left: self.alive_part().to_string() }
        }
    }

    /// The nodes between input and output that nothing flows through, ascending: nothing comes in, or
    /// nothing goes on to the output.
    pub fn dead_nodes(&self) -> Vec<usize> {
        let alive = self.alive();
        (1..NODES - 1).filter(|&node| !alive[node]).collect()
    }

    /// The cell with `none` on every edge that nothing flows through from the input to the output. It
    /// is the same network; of a cell that is not connected nothing is left.
    ///
    /// ```
    /// use tamis_space::nas_bench_201::Genotype;
    ///
    /// let text = "|none~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|";
    /// let cell: Genotype = text.parse()?;
    /// assert_eq!(cell.dead_nodes(), [1, 2]);
    /// let left = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
    /// assert_eq!(cell.alive_part().to_string(), left);
    /// # Ok::<(), tamis_space::Error>(())
    /// ```
    pub fn alive_part(&self) -> Genotype {
        let alive = self.alive();
        let mut operations = self.0;
        for (operation, (source, target)) in operations.iter_mut().zip(EDGES) {
            if !(alive[source] && alive[target]) {
                *operation = Operation::None;
            }
        }
        Genotype(operations)
    }

    /// Nodes on a path from the input to the output.
    fn alive(&self) -> [bool; NODES] {
        let (reached, leads_on) = (self.reached(), self.leads_on());
        std::array::from_fn(|node| reached[node] && leads_on[node])
    }

    /// Nodes that something of the input reaches.
    fn reached(&self) -> [bool; NODES] {
        let mut reached = [false; NODES];
        reached[0] = true;
        // Sources come before targets in the order of the edges.
        for ((source, target), operation) in EDGES.into_iter().zip(self.0) {
            reached[target] |= reached[source] && operation != Operation::None;
        }
        reached
    }

    /// Nodes from which something reaches the output.
    fn leads_on(&self) -> [bool; NODES] {
        let mut leads_on = [false; NODES];
        leads_on[NODES - 1] = true;
        for ((source, target), operation) in EDGES.into_iter().zip(self.0).rev() {
            leads_on[source] |= leads_on[target] && operation != Operation::None;
        }
        leads_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_connected_exactly_when_the_input_is_in_its_isomorphism_key() {
        for genotype in Genotype::all() {
            assert_eq!(genotype.is_connected(), genotype.isomorphism_key().contains('0'));
        }
    }

    /// All paths from the input to the output whose edges are not `none`, as lists of edges.
    fn paths(genotype: &Genotype, from: usize) -> Vec<Vec<(usize, usize)>> {
        if from == NODES - 1 {
            return vec![Vec::new()];
        }
        let edges = EDGES.into_iter().zip(genotype.0);
        let open =
            edges.filter(|&(edge, operation)| edge.0 == from && operation != Operation::None);
        let onward = open.flat_map(|(edge, _)| {
            let rest = paths(genotype, edge.1).into_iter();
            rest.map(move |path| [vec![edge], path].concat())
        });
        onward.collect()
    }

    #[test]
    fn what_is_left_are_exactly_the_edges_on_a_path_from_input_to_output() {
        for genotype in Genotype::all() {
            let on_a_path = paths(&genotype, 0).concat();
            let left = genotype.alive_part();
            for ((edge, before), after) in EDGES.into_iter().zip(genotype.0).zip(left.0) {
                let expected = if on_a_path.contains(&edge) { before } else { Operation::None };
                assert_eq!(after, expected, "{genotype}, edge {edge:?}");
            }
            for node in 1..NODES - 1 {
                let passed = on_a_path.iter().any(|edge| edge.0 == node);
                assert_eq!(genotype.dead_nodes().contains(&node), !passed, "{genotype}, {node}");
            }
            assert_eq!(left.alive_part(), left);
        }
    }
}
