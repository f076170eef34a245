//! The benchmark's name for a cell: cells that differ only in the order of their vertices have one name.
//!
//! Every vertex begins with the MD5 of its numbers of edges out and in and its label, and goes on, as many
//! times as there are vertices, to that of the sorted names of what it reads, of what reads it, and its own;
//! the cell's name is the MD5 of the sorted names (section S.1 of the paper; lists are written as Python
//! writes them).

use md5::{Digest, Md5};

use super::{Cell, Operation};

impl Cell {
    /// The benchmark's name for the cell, 32 hexadecimal digits: that of the cell without dead vertices.
    /// Absent if nothing flows through it.
    pub fn hash(&self) -> Option<String> {
        Some(hash_of_living(&self.pruned()?))
    }
}

fn hash_of_living(cell: &Cell) -> String {
    let vertices = cell.vertices();
    let neighbours = |vertex: usize, reads: bool| {
        let edge = move |other: usize| match reads {
            true => cell.has_edge(other, vertex),
            false => cell.has_edge(vertex, other),
        };
        (0..vertices).filter(move |&other| edge(other))
    };
    let mut names: Vec<String> = (0..vertices)
        .map(|vertex| {
            let [out, into] = [false, true].map(|reads| neighbours(vertex, reads).count());
            digest(&format!("({out}, {into}, {})", label(cell, vertex)))
        })
        .collect();
    for _ in 0..vertices {
        let next = |vertex: usize| {
            let of = |reads: bool| {
                let mut of: Vec<&str> =
                    neighbours(vertex, reads).map(|other| names[other].as_str()).collect();
                of.sort_unstable();
                of.concat()
            };
            digest(&format!("{}|{}|{}", of(true), of(false), names[vertex]))
        };
        names = (0..vertices).map(next).collect();
    }
    names.sort_unstable();
    digest(&format!("['{}']", names.join("', '")))
}

/// The input is -1, the output -2, operations count from 0.
fn label(cell: &Cell, vertex: usize) -> i64 {
    match cell.operation(vertex) {
        Some(operation) => {
            Operation::ALL.iter().position(|&of| of == operation).map_or(-2, |number| number as i64)
        }
        None if vertex == 0 => -1,
        None => -2,
    }
}

fn digest(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_benchmark() {
        for (text, name) in [
            (
                "conv3x3-bn-relu(0) maxpool3x3(1) conv3x3-bn-relu(2) conv3x3-bn-relu(0) \
                 conv1x1-bn-relu(0,3,4) output(2,5)",
                "00005c142e6f48ac74fdcf73e3439874",
            ),
            (
                "conv1x1-bn-relu(0) conv1x1-bn-relu(1) conv3x3-bn-relu(2) conv1x1-bn-relu(3) \
                 conv3x3-bn-relu(3,4) output(3,5)",
                "0000718c96730a92ea6d5242f8ce77e2",
            ),
        ] {
            assert_eq!(text.parse::<Cell>().unwrap().hash().as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn neither_the_order_of_vertices_nor_dead_ones_change_the_name() {
        let hash = |text: &str| text.parse::<Cell>().unwrap().hash();
        let one = hash("conv3x3-bn-relu(0) maxpool3x3(0) output(1,2)");
        assert_eq!(hash("maxpool3x3(0) conv3x3-bn-relu(0) output(1,2)"), one);
        assert_eq!(hash("maxpool3x3(0) conv3x3-bn-relu(0) conv1x1-bn-relu(1) output(1,2)"), one);
        assert_ne!(hash("conv1x1-bn-relu(0) maxpool3x3(0) output(1,2)"), one);
        assert_eq!(hash("maxpool3x3(0) output()"), None);
    }
}
