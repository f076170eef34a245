//! A network of the DARTS space, and how it is written.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cell, Edge};

/// The two cells that a network repeats.
///
/// Its text form is what the reference prints:
/// `Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), reduce=[...],
/// reduce_concat=range(2, 6))`. Serialized as that string. Reading takes more than that, see the
/// implementation of [`FromStr`](std::str::FromStr).
///
/// ```
/// use tamis_space::darts::Genotype;
///
/// let text = "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0)], \
///             normal_concat=range(2, 3), reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1)], \
///             reduce_concat=range(2, 3))";
/// let genotype: Genotype = text.parse()?;
/// assert_eq!(genotype.normal.edges()[0].source, 1);
/// assert_eq!(genotype.to_string(), text);
/// # Ok::<(), tamis_space::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Genotype {
    /// The cell that keeps the size.
    pub normal: Cell,
    /// The cell that halves it.
    pub reduce: Cell,
}

impl Genotype {
    /// The text form of AutoDL: the edges of a node in a tuple of their own, outputs as lists, and
    /// the two fields `connectN` and `connects`, `None`.
    pub fn to_nested_string(&self) -> String {
        format!(
            "Genotype(normal=[{}], normal_concat={:?}, reduce=[{}], reduce_concat={:?}, \
             connectN=None, connects=None)",
            nested(&self.normal),
            self.normal.concat(),
            nested(&self.reduce),
            self.reduce.concat()
        )
    }
}

impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Genotype(normal=[{}], normal_concat={}, reduce=[{}], reduce_concat={})",
            pairs(self.normal.edges()),
            concat(self.normal.concat()),
            pairs(self.reduce.edges()),
            concat(self.reduce.concat())
        )
    }
}

impl From<Genotype> for String {
    fn from(genotype: Genotype) -> String {
        genotype.to_string()
    }
}

fn pairs(edges: &[Edge]) -> String {
    let pairs = edges.iter().map(|edge| format!("('{}', {})", edge.operation, edge.source));
    pairs.collect::<Vec<_>>().join(", ")
}

fn nested(cell: &Cell) -> String {
    let nodes = cell.nodes().map(|edges| format!("({})", pairs(edges)));
    nodes.collect::<Vec<_>>().join(", ")
}

/// `range(2, 6)` where the nodes are consecutive, a list such as `[3, 4, 6]` otherwise.
fn concat(nodes: &[usize]) -> String {
    let consecutive = nodes.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    match (nodes.first(), nodes.last()) {
        (Some(first), Some(last)) if consecutive => format!("range({first}, {})", last + 1),
        _ => format!("{nodes:?}"),
    }
}
