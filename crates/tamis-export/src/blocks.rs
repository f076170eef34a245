//! Which part of a network each layer belongs to, for readers: `cells.3`, `stages.1.blocks.0`, `stem`,
//! `classifier`.
//!
//! Layers with parameters say so by their paths. The others have none and stand where they were described:
//! between two layers of one block they are of it. Between two blocks, activations that only the second reads
//! are its own, and the rest is parted where the fewest results go across, for a block is what hands on
//! little.

use tamis_graph::{Graph, Layer, Node, NodeId};

/// The part of a path from which on it names the edges of a cell.
const EDGES: &str = "edges";

/// The block of every layer by place; nothing for the image and where there are no paths at all.
pub(crate) fn blocks(graph: &Graph) -> Vec<String> {
    let own: Vec<Option<String>> = graph.ids().map(|id| own_block(graph.node(id), id)).collect();
    let last_readers = last_readers(graph);
    let mut blocks = vec![String::new(); own.len()];
    let mut run = 1;
    while run < own.len() {
        let end = (run..own.len()).find(|&place| own[place].is_some()).unwrap_or(own.len());
        let before = blocks[run - 1].clone();
        let after = own.get(end).cloned().flatten();
        let first_after = match &after {
            None => end,
            Some(_) if before.is_empty() => run,
            Some(_) => cut(graph, run..end, &last_readers),
        };
        blocks[run..first_after].fill(before);
        if let Some(after) = after {
            blocks[first_after..=end].fill(after);
        }
        run = end + 1;
    }
    blocks
}

/// The block that a layer's path names: up to the last number before the edges, or its first part.
fn own_block(node: &Node, id: NodeId) -> Option<String> {
    let numbered = format!("{}_{}", node.layer.kind(), id.index());
    if node.layer == Layer::Image || node.path == numbered {
        return None;
    }
    let parts: Vec<&str> = node.path.split('.').take_while(|part| *part != EDGES).collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let length = parts.iter().rposition(number).map_or(1, |last| last + 1);
    Some(parts[..length.min(parts.len())].join("."))
}

/// The last place that reads each layer; its own if none does.
fn last_readers(graph: &Graph) -> Vec<usize> {
    let mut last: Vec<usize> = (0..graph.nodes().len()).collect();
    for (place, node) in graph.nodes().iter().enumerate() {
        node.inputs.iter().for_each(|input| last[input.index()] = place);
    }
    last
}

/// The first layer of a run without paths that belongs to what comes after it.
fn cut(graph: &Graph, run: std::ops::Range<usize>, last_readers: &[usize]) -> usize {
    let nodes = graph.nodes();
    let readers = |place: usize| {
        let inputs = nodes.iter().flat_map(|node| &node.inputs);
        inputs.filter(|input| input.index() == place).count()
    };
    let mut end = run.end;
    while end > run.start
        && nodes[end - 1].inputs.len() == 1
        && last_readers[end - 1] == end
        && readers(end - 1) == 1
    {
        end -= 1;
    }
    let across = |first: usize| last_readers[..first].iter().filter(|&&last| last >= first).count();
    // Of equal ones the last: what follows a sum in a block is often of the block.
    (run.start..=end).rev().min_by_key(|&first| across(first)).unwrap_or(run.start)
}

#[cfg(test)]
mod tests {
    use tamis_graph::networks::{AutoencoderShape, autoencoder, resnet};
    use tamis_space::{darts, nas_bench_201};

    use super::*;

    /// What the layers of a kind belong to, in order.
    fn of_kind(graph: &Graph, kind: &str) -> Vec<String> {
        let blocks = blocks(graph).into_iter().zip(graph.nodes());
        blocks.filter(|(_, node)| node.layer.kind() == kind).map(|(block, _)| block).collect()
    }

    #[test]
    fn sums_and_pools_of_a_cell_are_its_own_and_not_those_of_the_next() {
        let text = "|avg_pool_3x3~0|+|nor_conv_3x3~0|skip_connect~1|\
                    +|skip_connect~0|none~1|skip_connect~2|";
        let genotype: nas_bench_201::Genotype = text.parse().unwrap();
        let shape = nas_bench_201::MacroShape {
            channels: 2,
            cells: 2,
            ..nas_bench_201::MacroShape::benchmark(3, [3, 8, 8])
        };
        let graph = genotype.network(&shape).unwrap();
        let cells = ["0.cells.0", "0.cells.1", "1.cells.0", "1.cells.1", "2.cells.0", "2.cells.1"];
        let cells = cells.map(|cell| format!("stages.{cell}"));
        let mut pools = of_kind(&graph, "average_pool");
        pools.retain(|block| !block.starts_with("reductions"));
        assert_eq!(pools, cells);
        let mut sums = of_kind(&graph, "add");
        sums.retain(|block| !block.starts_with("reductions"));
        assert_eq!(
            sums,
            cells.iter().flat_map(|cell| [cell.clone(), cell.clone()]).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_darts_cell_begins_with_its_preprocessing_and_ends_with_what_it_concatenates() {
        let cell = "[('max_pool_3x3', 0), ('skip_connect', 1), ('sep_conv_3x3', 2), ('none', 1)]";
        let text = format!(
            "Genotype(normal={cell}, normal_concat=[2, 3], reduce={cell}, reduce_concat=[2, 3])"
        );
        let genotype: darts::Genotype = text.parse().unwrap();
        let shape = darts::EvalShape { channels: 2, layers: 3, ..darts::EvalShape::cifar(4) };
        let graph = genotype.network(&shape, false).unwrap();
        let cells = ["cells.0", "cells.1", "cells.2"];
        assert_eq!(of_kind(&graph, "concatenate"), cells);
        assert_eq!(of_kind(&graph, "max_pool"), cells);
        let first = |block: &str| blocks(&graph).iter().position(|found| found == block).unwrap();
        assert!(cells.iter().all(|cell| graph.nodes()[first(cell)].layer == Layer::Relu));
    }

    #[test]
    fn a_residual_block_ends_with_its_relu() {
        let graph = resnet(4, 2, [3, 8, 8], 2).unwrap();
        let blocks = blocks(&graph);
        for (place, node) in graph.nodes().iter().enumerate() {
            if node.layer == Layer::Relu && graph.nodes()[place - 1].layer == Layer::Add {
                let last = place + 3 == graph.nodes().len();
                let expected = if last { "classifier" } else { &blocks[place - 1] };
                assert_eq!(blocks[place], expected);
            }
        }
        assert_eq!(of_kind(&graph, "halve_and_widen"), ["stages.1.blocks.0", "stages.2.blocks.0"]);
    }

    #[test]
    fn every_layer_but_the_image_belongs_somewhere() {
        let shape = AutoencoderShape { image: [1, 8, 8], width: 2, latent: 3 };
        let blocks = blocks(&autoencoder(&shape).unwrap());
        assert_eq!(blocks.iter().filter(|block| block.is_empty()).count(), 1);
        assert!(blocks.contains(&"encoder.0".to_owned()) && blocks.contains(&"decoder".to_owned()));
    }
}
