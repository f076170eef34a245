//! A cell: an operation on each vertex, and what each reads.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Flow};

/// Vertices that a cell has at most, input and output among them.
pub(super) const MOST_VERTICES: usize = 7;
/// Edges that a cell has at most.
pub(super) const MOST_EDGES: usize = 9;

/// What a vertex does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// 3x3 convolution, batch norm, ReLU.
    Conv3x3,
    /// 1x1 convolution, batch norm, ReLU.
    Conv1x1,
    /// 3x3 maximum pooling.
    MaxPool3x3,
}

impl Operation {
    /// All, in the order in which the benchmark numbers them.
    pub const ALL: [Operation; 3] = [Operation::Conv3x3, Operation::Conv1x1, Operation::MaxPool3x3];

    /// Its name in the benchmark.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Conv3x3 => "conv3x3-bn-relu",
            Operation::Conv1x1 => "conv1x1-bn-relu",
            Operation::MaxPool3x3 => "maxpool3x3",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A cell. Vertex 0 is its input, the last one its output; each reads vertices before it.
///
/// Its text form is a word a vertex, `OPERATION(VERTEX,VERTEX)`, the last one `output(VERTEX,…)`.
/// Serialized as that text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cell {
    /// Of the vertices between input and output.
    operations: Vec<Operation>,
    /// Of these and of the output what each reads, ascending.
    parents: Vec<Vec<usize>>,
}

impl Cell {
    /// A cell of these operations and of what each of their vertices, and then the output, reads.
    ///
    /// # Errors
    ///
    /// [`Error::Vertices`] if there are more vertices or edges than the benchmark's cells have, a vertex
    /// reads one that is not before it or reads one twice, or the lists do not fit each other.
    pub fn new(operations: Vec<Operation>, mut parents: Vec<Vec<usize>>) -> Result<Cell, Error> {
        let refuse =
            |found: String, expected: &'static str| Err(Error::Vertices { found, expected });
        if operations.len() + 2 > MOST_VERTICES {
            return refuse(format!("{} vertices", operations.len() + 2), "at most 7");
        }
        if parents.len() != operations.len() + 1 {
            return refuse(
                format!("{} lists of what is read", parents.len()),
                "one a vertex but the input",
            );
        }
        for (number, read) in (1..).zip(&mut parents) {
            read.sort_unstable();
            let twice = read.windows(2).any(|pair| pair[0] == pair[1]);
            if twice || read.iter().any(|&parent| parent >= number) {
                return refuse(
                    format!("vertex {number} that reads {read:?}"),
                    "vertices before it, each once",
                );
            }
        }
        let edges = parents.iter().map(Vec::len).sum::<usize>();
        if edges > MOST_EDGES {
            return refuse(format!("{edges} edges"), "at most 9");
        }
        Ok(Cell { operations, parents })
    }

    /// The operations of the vertices between input and output, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a vertex; input and output have none.
    pub fn operation(&self, vertex: usize) -> Option<Operation> {
        self.operations.get(vertex.checked_sub(1)?).copied()
    }

    /// Vertices, input and output among them.
    pub fn vertices(&self) -> usize {
        self.operations.len() + 2
    }

    /// What a vertex reads, ascending; the input reads nothing.
    pub fn parents(&self, vertex: usize) -> &[usize] {
        vertex.checked_sub(1).map_or(&[], |number| &self.parents[number])
    }

    /// Whether one vertex reads another.
    pub(super) fn has_edge(&self, from: usize, to: usize) -> bool {
        self.parents(to).contains(&from)
    }

    /// Whether each vertex is on a way from the input to the output.
    fn living(&self) -> Vec<bool> {
        let last = self.vertices() - 1;
        let (mut reached, mut leads) = (vec![false; last + 1], vec![false; last + 1]);
        (reached[0], leads[last]) = (true, true);
        for vertex in 1..=last {
            reached[vertex] = self.parents(vertex).iter().any(|&parent| reached[parent]);
        }
        for vertex in (1..=last).rev() {
            if leads[vertex] {
                self.parents(vertex).iter().for_each(|&parent| leads[parent] = true);
            }
        }
        reached.into_iter().zip(leads).map(|(reached, leads)| reached && leads).collect()
    }

    /// The cell without the vertices that are on no way from the input to the output; `None` if there is no
    /// such way.
    pub fn pruned(&self) -> Option<Cell> {
        let living = self.living();
        if !living[self.vertices() - 1] {
            return None;
        }
        let numbers: Vec<usize> = living
            .iter()
            .scan(0, |next, &lives| {
                let number = *next;
                *next += usize::from(lives);
                Some(number)
            })
            .collect();
        let kept = |vertex: &usize| living[*vertex];
        let vertices: Vec<usize> = (1..self.vertices()).filter(kept).collect();
        let operations = vertices.iter().filter_map(|&vertex| self.operation(vertex));
        let parents = vertices.iter().map(|&vertex| {
            self.parents(vertex)
                .iter()
                .filter(|parent| kept(parent))
                .map(|&of| numbers[of])
                .collect()
        });
        Some(Cell { operations: operations.collect(), parents: parents.collect() })
    }

    /// What of it works.
    pub fn flow(&self) -> Flow {
        let living = self.living();
        let dead_nodes: Vec<usize> = (0..living.len()).filter(|&vertex| !living[vertex]).collect();
        match self.pruned() {
            None => Flow::Cut,
            Some(_) if dead_nodes.is_empty() => Flow::Whole,
            Some(left) => Flow::Part { dead_nodes, left: left.to_string() },
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.operations.iter().map(|operation| operation.name()).chain(["output"]);
        for (number, (name, parents)) in names.zip(&self.parents).enumerate() {
            let space = if number == 0 { "" } else { " " };
            let parents: Vec<String> = parents.iter().map(usize::to_string).collect();
            write!(f, "{space}{name}({})", parents.join(","))?;
        }
        Ok(())
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> String {
        cell.to_string()
    }
}

impl TryFrom<String> for Cell {
    type Error = Error;

    fn try_from(text: String) -> Result<Cell, Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_no_way_through_the_cell_is_dead_and_the_rest_is_left() {
        let cell: Cell =
            "conv3x3-bn-relu(0) maxpool3x3() conv1x1-bn-relu(1,2) conv3x3-bn-relu(1) output(3)"
                .parse()
                .unwrap();
        let left = "conv3x3-bn-relu(0) conv1x1-bn-relu(1) output(2)".to_owned();
        assert_eq!(cell.flow(), Flow::Part { dead_nodes: vec![2, 4], left: left.clone() });
        assert_eq!(left.parse::<Cell>().unwrap().flow(), Flow::Whole);
        assert_eq!("maxpool3x3(0) output()".parse::<Cell>().unwrap().flow(), Flow::Cut);
        assert_eq!("output(0)".parse::<Cell>().unwrap().pruned().unwrap().vertices(), 2);
    }

    #[test]
    fn what_the_benchmark_has_no_cells_of_is_refused() {
        let refused = |text: &str| text.parse::<Cell>().unwrap_err().to_string();
        assert!(refused("maxpool3x3(1) output(1)").contains("vertex 1 that reads [1]"));
        assert!(refused("maxpool3x3(0,0) output(1)").contains("each once"));
        let many = "maxpool3x3(0) ".repeat(6) + "output(1)";
        assert!(refused(&many).contains("8 vertices, expected at most 7"));
        let dense = "maxpool3x3(0) maxpool3x3(0,1) maxpool3x3(0,1,2) output(0,1,2,3)";
        assert!(refused(dense).contains("10 edges, expected at most 9"));
    }
}
