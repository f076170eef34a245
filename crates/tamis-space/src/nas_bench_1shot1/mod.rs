//! NAS-Bench-1shot1 (Zela, Siems and Hutter: "NAS-Bench-1Shot1: Benchmarking and Dissecting One-shot Neural
//! Architecture Search", ICLR 2020): three spaces whose cells are cells of NAS-Bench-101.
//!
//! A cell is a row of choice blocks. Each reads so many of what stands before it (the cell's input, through a
//! 1x1 convolution of its own, and the blocks before) and does one of three operations; the output reads so
//! many of input and blocks. A supernet weighs the candidates of every block that has more than it reads, the
//! operations of every block, and what the output reads.

mod supernet;

use crate::Error;
use crate::nas_bench_101::{Cell, Operation};

pub use supernet::{SuperShape, supernet};

/// One of the three spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subspace {
    /// Four blocks that read 1, 2, 2 and 2; the output reads 2.
    One,
    /// Four blocks that read 1, 1, 2 and 2; the output reads 3.
    Two,
    /// Five blocks that read 1, 1, 1, 2 and 2; the output reads 2.
    Three,
}

/// The matrices of a supernet, in this order.
pub const MATRICES: [&str; 3] = ["operations", "inputs", "outputs"];

/// The operations of a block, in the order of the matrix.
pub const OPERATIONS: [Operation; 3] =
    [Operation::MaxPool3x3, Operation::Conv3x3, Operation::Conv1x1];

impl Subspace {
    /// All, in order.
    pub const ALL: [Subspace; 3] = [Subspace::One, Subspace::Two, Subspace::Three];

    /// How many vertices each block reads.
    pub fn reads(self) -> &'static [usize] {
        match self {
            Subspace::One => &[1, 2, 2, 2],
            Subspace::Two => &[1, 1, 2, 2],
            Subspace::Three => &[1, 1, 1, 2, 2],
        }
    }

    /// How many vertices the output reads.
    pub fn output_reads(self) -> usize {
        match self {
            Subspace::Two => 3,
            Subspace::One | Subspace::Three => 2,
        }
    }

    /// Choice blocks of a cell.
    pub fn blocks(self) -> usize {
        self.reads().len()
    }

    /// The blocks, from 1, that have more candidates than they read: a row each of the matrix of inputs.
    pub fn choosing_blocks(self) -> impl Iterator<Item = usize> {
        (1..).zip(self.reads()).filter(|(block, reads)| block > *reads).map(|(block, _)| block)
    }

    /// `[decisions, options]` of each matrix. A row of inputs has as many options as there are vertices
    /// before its block; what is beyond means nothing.
    pub fn choices(self) -> [[usize; 2]; 3] {
        let most = self.choosing_blocks().last().unwrap_or(0);
        [
            [self.blocks(), OPERATIONS.len()],
            [self.choosing_blocks().count(), most],
            [1, self.blocks() + 1],
        ]
    }

    /// The cell of these preferences, larger is better: of each block the operations', of each choosing block
    /// the inputs', and the output's. Of equal ones the first wins.
    ///
    /// # Errors
    ///
    /// [`Error::Vertices`] if there are fewer preferences than decisions.
    pub fn derive(self, [operations, inputs, outputs]: [&[Vec<f64>]; 3]) -> Result<Cell, Error> {
        let few = || Error::Vertices {
            found: "fewer preferences than decisions".to_owned(),
            expected: "one for each option",
        };
        let chosen = operations.iter().take(self.blocks()).map(|row| {
            let best = best(row, OPERATIONS.len(), 1).first().copied();
            best.map(|option| OPERATIONS[option]).ok_or_else(few)
        });
        let chosen: Vec<Operation> = chosen.collect::<Result<_, _>>()?;
        let mut choosing = self.choosing_blocks().zip(inputs).peekable();
        let mut parents = Vec::new();
        for (block, &reads) in (1..).zip(self.reads()) {
            parents.push(match choosing.next_if(|(chooser, _)| *chooser == block) {
                Some((_, row)) => best(row, block, reads),
                None => (0..block).collect(),
            });
        }
        let row = outputs.first().ok_or_else(few)?;
        parents.push(best(row, self.blocks() + 1, self.output_reads()));
        Cell::new(chosen, parents)
    }
}

/// The places of the largest of the first values, ascending.
fn best(row: &[f64], candidates: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.min(row.len())).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    order.truncate(count);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_space_has_the_edges_of_the_benchmark_and_chooses_where_there_is_a_choice() {
        for space in Subspace::ALL {
            let edges: usize = space.reads().iter().sum::<usize>() + space.output_reads();
            assert_eq!(edges, 9);
        }
        assert_eq!(Subspace::One.choices(), [[4, 3], [2, 4], [1, 5]]);
        assert_eq!(Subspace::Two.choices(), [[4, 3], [3, 4], [1, 5]]);
        assert_eq!(Subspace::Three.choices(), [[5, 3], [4, 5], [1, 6]]);
    }

    #[test]
    fn the_best_candidates_are_read_and_the_best_operation_is_done() {
        let operations =
            [[0.0, 1.0, 0.5], [3.0, 1.0, 2.0], [0.0, 0.0, 0.1], [0.0, 2.0, 1.0]].map(Vec::from);
        let inputs = [[0.1, 0.3, 0.2, 9.0], [0.4, 0.1, 0.2, 0.3]].map(Vec::from);
        let outputs = [vec![0.1, 0.2, 0.9, 0.0, 0.8]];
        let cell = Subspace::One.derive([&operations, &inputs, &outputs]).unwrap();
        assert_eq!(
            cell.to_string(),
            "conv3x3-bn-relu(0) maxpool3x3(0,1) conv1x1-bn-relu(1,2) conv3x3-bn-relu(0,3) output(2,4)",
            "the fourth candidate of the third block is none"
        );
        assert!(Subspace::One.derive([&operations, &inputs, &[]]).is_err());
    }

    /// Every choice of parents, with one operation.
    fn wirings(space: Subspace) -> Vec<Vec<Vec<usize>>> {
        let reads = space.reads().iter().copied().chain([space.output_reads()]);
        let mut all = vec![Vec::new()];
        for (vertex, count) in (1..).zip(reads) {
            let choices = subsets(vertex, count);
            all = all
                .iter()
                .flat_map(|before: &Vec<Vec<usize>>| {
                    choices
                        .iter()
                        .map(move |choice| [&before[..], std::slice::from_ref(choice)].concat())
                })
                .collect();
        }
        all
    }

    fn subsets(of: usize, count: usize) -> Vec<Vec<usize>> {
        let all = (0..1_usize << of).filter(|set| set.count_ones() as usize == count);
        all.map(|set| (0..of).filter(|bit| set >> bit & 1 == 1).collect()).collect()
    }

    #[test]
    fn the_spaces_are_as_large_as_the_benchmark_s() {
        let operations = |blocks: u32| 3_usize.pow(blocks);
        // Ways to wire a cell in which every vertex leads on, times the operations of all blocks.
        for (space, labelled) in
            [(Subspace::One, 14_580), (Subspace::Two, 29_160), (Subspace::Three, 1_312_200)]
        {
            let blocks = space.blocks();
            assert_eq!(wirings(space).len() * operations(blocks as u32), labelled, "{space:?}");
            let distinct: BTreeSet<Vec<Vec<usize>>> = wirings(space).into_iter().collect();
            assert_eq!(distinct.len(), wirings(space).len());
            let same = vec![Operation::Conv3x3; blocks];
            assert!(
                wirings(space).into_iter().all(|parents| Cell::new(same.clone(), parents).is_ok())
            );
        }
    }
}
