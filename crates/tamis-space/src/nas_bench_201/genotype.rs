//! A cell of NAS-Bench-201: one operation on each of its six edges.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EDGES, Operation};

const OPERATIONS: usize = Operation::ALL.len();

/// The operations of a cell's edges, in the order of [`EDGES`].
///
/// Its text form is the benchmark's architecture string,
/// `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`: a group for each of the nodes 1, 2 and 3, in it the
/// operation on every earlier node `~n`. Serialized as that string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Genotype(pub [Operation; 6]);

impl Genotype {
    /// How many genotypes there are: 5^6.
    pub const COUNT: usize = OPERATIONS.pow(EDGES.len() as u32);

    /// Every genotype once, the last edge changing fastest. This is not the order of the
    /// benchmark's own index.
    pub fn all() -> impl Iterator<Item = Genotype> {
        (0..Genotype::COUNT).map(Genotype::numbered)
    }

    /// The operation on the edge from `source` to `target`, if the cell has that edge.
    pub fn operation(&self, source: usize, target: usize) -> Option<Operation> {
        self.incoming(target).find(|&(from, _)| from == source).map(|(_, operation)| operation)
    }

    /// The edges into `target`: each source node with the operation on it, sources ascending.
    pub fn incoming(&self, target: usize) -> impl Iterator<Item = (usize, Operation)> {
        let edges = EDGES.into_iter().zip(self.0);
        edges.filter(move |&(edge, _)| edge.1 == target).map(|((from, _), op)| (from, op))
    }

    /// The genotype whose operations are the digits of `number` to base 5, first edge first.
    fn numbered(number: usize) -> Genotype {
        let mut rest = number;
        let mut operations = [Operation::None; EDGES.len()];
        for operation in operations.iter_mut().rev() {
            *operation = Operation::ALL[rest % OPERATIONS];
            rest /= OPERATIONS;
        }
        Genotype(operations)
    }
}

impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut node = EDGES[0].1;
        for ((source, target), operation) in EDGES.into_iter().zip(self.0) {
            if target != node {
                f.write_str("|+")?;
                node = target;
            }
            write!(f, "|{operation}~{source}")?;
        }
        f.write_str("|")
    }
}

impl From<Genotype> for String {
    fn from(genotype: Genotype) -> String {
        genotype.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_genotypes_are_distinct_and_read_back_from_their_strings() {
        let all: BTreeSet<Genotype> = Genotype::all().collect();
        assert_eq!(all.len(), 15_625);
        for genotype in all {
            assert_eq!(genotype.to_string().parse(), Ok(genotype));
        }
    }

    #[test]
    fn an_operation_is_written_at_its_edge() {
        let [none, skip, conv1, conv3, pool] = Operation::ALL;
        let genotype = Genotype([pool, conv1, skip, none, conv3, skip]);
        let text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|\
                    +|none~0|nor_conv_3x3~1|skip_connect~2|";
        assert_eq!(genotype.to_string(), text);
        assert_eq!(genotype.operation(1, 3), Some(conv3));
        assert_eq!(genotype.operation(3, 1), None);
        assert_eq!(genotype.incoming(2).collect::<Vec<_>>(), [(0, conv1), (1, skip)]);
    }
}
