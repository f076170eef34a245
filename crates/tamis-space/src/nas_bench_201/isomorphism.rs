//! Which cells of NAS-Bench-201 are the same network.
//!
//! The benchmark's own rule, kept as it is because its count of 6,466 unique cells is the one that
//! papers use: node strings are built from the input up, an edge is `#` if its operation is `none`
//! or its source's string is `#`, the source's string if it is a skip, and `(source)@operation`
//! otherwise; a node joins its sorted edges with `+`. The rule does not see all equalities: a zero
//! term stays in the sum (so `#+#` is not `#`) and a skipped sum is not merged into the sum that
//! takes it. Merging both leaves 4,930 networks.

use super::{Genotype, NODES, Operation};

impl Genotype {
    /// A string that is equal for cells that are the same network by the benchmark's rule.
    ///
    /// ```
    /// use tamis_space::nas_bench_201::Genotype;
    ///
    /// let through_node_1 = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|";
    /// let straight = "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
    /// let key = |text: &str| text.parse().map(|genotype: Genotype| genotype.isomorphism_key());
    /// assert_eq!(key(through_node_1)?, key(straight)?);
    /// # Ok::<(), tamis_space::Error>(())
    /// ```
    pub fn isomorphism_key(&self) -> String {
        let mut nodes = vec!["0".to_owned()];
        for target in 1..NODES {
            let mut edges: Vec<String> = self
                .incoming(target)
                .map(|(source, operation)| edge_key(operation, &nodes[source]))
                .collect();
            edges.sort_unstable();
            nodes.push(edges.join("+"));
        }
        nodes.swap_remove(NODES - 1)
    }
}

fn edge_key(operation: Operation, source: &str) -> String {
    match operation {
        Operation::None => "#".to_owned(),
        _ if source == "#" => "#".to_owned(),
        Operation::SkipConnect => source.to_owned(),
        other => format!("({source})@{other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn key(text: &str) -> String {
        text.parse::<Genotype>().unwrap().isomorphism_key()
    }

    #[test]
    fn the_space_has_6466_unique_cells_as_the_benchmark_says() {
        let keys: BTreeSet<String> = Genotype::all().map(|cell| cell.isomorphism_key()).collect();
        assert_eq!(keys.len(), 6_466);
    }

    #[test]
    fn an_operation_behind_a_dead_node_does_not_count() {
        let pool = "|none~0|+|none~0|none~1|+|skip_connect~0|avg_pool_3x3~1|none~2|";
        let conv = "|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|";
        assert_eq!(key(pool), "#+#+0");
        assert_eq!(key(pool), key(conv));
    }

    #[test]
    fn different_operations_give_different_keys() {
        let pool = "|avg_pool_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|";
        let conv = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|";
        assert_eq!(key(pool), "#+#+(0)@avg_pool_3x3");
        assert_ne!(key(pool), key(conv));
    }
}
