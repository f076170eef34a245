//! Cells that are one decision away.

use super::{Cell, Operation};

impl Cell {
    /// The cells that differ in the operation of one vertex, or in one of the vertices that a vertex or the
    /// output reads, as many as before; vertex by vertex, operations first.
    pub fn neighbours(&self) -> Vec<Cell> {
        let parents: Vec<Vec<usize>> =
            (1..self.vertices()).map(|vertex| self.parents(vertex).to_vec()).collect();
        let mut found = Vec::new();
        for (number, own) in parents.iter().enumerate() {
            let operations =
                Operation::ALL.into_iter().filter(|of| self.operation(number + 1) != Some(*of));
            for operation in operations.filter(|_| number < self.operations().len()) {
                let mut operations = self.operations().to_vec();
                operations[number] = operation;
                found.extend(Cell::new(operations, parents.clone()));
            }
            for (place, _) in own.iter().enumerate() {
                for parent in (0..=number).filter(|parent| !own.contains(parent)) {
                    let mut parents = parents.clone();
                    parents[number][place] = parent;
                    found.extend(Cell::new(self.operations().to_vec(), parents));
                }
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
    fn every_neighbour_has_another_operation_or_reads_another_vertex() {
        let cell: Cell = "conv3x3-bn-relu(0) maxpool3x3(0) output(1,2)".parse().unwrap();
        let found: BTreeSet<String> = cell.neighbours().iter().map(Cell::to_string).collect();
        let expected = [
            "conv1x1-bn-relu(0) maxpool3x3(0) output(1,2)",
            "maxpool3x3(0) maxpool3x3(0) output(1,2)",
            "conv3x3-bn-relu(0) conv3x3-bn-relu(0) output(1,2)",
            "conv3x3-bn-relu(0) conv1x1-bn-relu(0) output(1,2)",
            "conv3x3-bn-relu(0) maxpool3x3(1) output(1,2)",
            "conv3x3-bn-relu(0) maxpool3x3(0) output(0,2)",
            "conv3x3-bn-relu(0) maxpool3x3(0) output(0,1)",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());
    }
}
