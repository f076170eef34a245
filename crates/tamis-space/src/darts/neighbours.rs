//! Genotypes that are one decision away.

use super::{Cell, Edge, Genotype, INPUTS, Operation};

impl Genotype {
    /// The genotypes that differ in one edge of one cell: in its operation or in the node that it reads, the
    /// normal cell first, edge by edge. `none` is no operation to change to, and no node reads another twice
    /// that did not before.
    pub fn neighbours(&self) -> Vec<Genotype> {
        let normal = self.normal.neighbours().into_iter();
        let normal = normal.map(|normal| Genotype { normal, ..self.clone() });
        let reduce = self.reduce.neighbours().into_iter();
        normal.chain(reduce.map(|reduce| Genotype { reduce, ..self.clone() })).collect()
    }
}

impl Cell {
    fn neighbours(&self) -> Vec<Cell> {
        let mut found = Vec::new();
        for (place, edge) in self.edges().iter().enumerate() {
            let operations = Operation::ALL.into_iter().filter(|of| *of != Operation::None);
            let operations = operations.map(|of| Edge::new(of, edge.source));
            let other = self.edges()[place ^ 1].source;
            let sources = (0..INPUTS + place / 2).filter(|&source| source != other);
            let sources = sources.map(|source| Edge { source, ..*edge });
            let changed = operations.chain(sources).filter(|changed| changed != edge);
            found.extend(changed.map(|changed| self.with_edge(place, changed)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_neighbour_is_another_valid_genotype_that_differs_in_one_edge() {
        let node = "('skip_connect', 0), ('sep_conv_3x3', 1)";
        let cell = [node; 4].join(", ");
        let text = format!(
            "Genotype(normal=[{cell}], normal_concat=range(2, 6), reduce=[{cell}], \
             reduce_concat=range(2, 6))"
        );
        let genotype: Genotype = text.parse().unwrap();
        let found: BTreeSet<String> =
            genotype.neighbours().iter().map(Genotype::to_string).collect();
        // Six other operations of 16 edges; of the nodes 2 to 5 a cell 0, 1, 2 and 3 other sources an edge.
        assert_eq!(found.len(), 16 * 6 + 2 * 2 * (1 + 2 + 3));
        assert!(!found.contains(&text));
        for text in found {
            let neighbour: Genotype = text.parse().unwrap();
            let edges = |of: &Genotype| [of.normal.edges(), of.reduce.edges()].concat();
            let pairs = edges(&neighbour).into_iter().zip(edges(&genotype));
            assert_eq!(pairs.filter(|(new, old)| new != old).count(), 1, "{text}");
            let nodes = neighbour.normal.nodes().chain(neighbour.reduce.nodes());
            assert!(nodes.into_iter().all(|edges| edges[0].source != edges[1].source), "{text}");
        }
    }
}
