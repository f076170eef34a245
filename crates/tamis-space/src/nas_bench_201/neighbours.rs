//! Cells that are one operation away.

use super::{Genotype, Operation};

impl Genotype {
    /// The cells that differ in the operation of one edge, edge by edge, operations in their order. `none` is
    /// no operation to change to: 18 of a cell that has none.
    pub fn neighbours(&self) -> Vec<Genotype> {
        let mut found = Vec::new();
        for (edge, own) in self.0.iter().enumerate() {
            let others =
                Operation::ALL.into_iter().filter(|of| of != own && *of != Operation::None);
            for operation in others {
                let mut operations = self.0;
                operations[edge] = operation;
                found.push(Genotype(operations));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_neighbour_differs_on_one_edge_and_none_is_never_put_in() {
        let [none, skip, conv1, conv3, pool] = Operation::ALL;
        for (cell, count) in [([conv3; 6], 18), ([none, skip, conv1, conv3, pool, none], 20)] {
            let found: BTreeSet<Genotype> = Genotype(cell).neighbours().into_iter().collect();
            assert_eq!(found.len(), count);
            for neighbour in found {
                let pairs = neighbour.0.into_iter().zip(cell);
                let changed: Vec<_> = pairs.filter(|(new, old)| new != old).collect();
                assert_eq!(changed.len(), 1, "{neighbour}");
                assert_ne!(changed[0].0, none);
            }
        }
    }
}
