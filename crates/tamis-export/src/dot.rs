//! A network's description as a drawing for Graphviz: layers from top to bottom, framed by block.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tamis_graph::{Convolution, Graph, Layer, Node, NodeId, Pool, Shape};

use crate::blocks::blocks;

/// A network's description in Graphviz's language: `dot -Tsvg` draws it. All layers, each with the shape of
/// what it gives; dashed those that the main output does not need. Frames are cells, blocks, or what else
/// paths name.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from(
        "digraph network {\n  rankdir=TB;\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=white, \
         fontname=\"Helvetica\", fontsize=10];\n  \
         edge [color=\"#666666\", arrowsize=0.6];\n",
    );
    let mut members: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
    for (id, block) in graph.ids().zip(blocks(graph)) {
        members.entry(block).or_default().push(id);
    }
    let needed = graph.main();
    let mut framed: Vec<_> = members.into_iter().collect();
    framed.sort_by_key(|(_, ids)| ids[0]);
    for (block, ids) in framed {
        let lines: String =
            ids.iter().map(|&id| layer(graph.node(id), id, needed[id.index()])).collect();
        text.push_str(&frame(&block, &lines));
    }
    for id in graph.ids() {
        for input in &graph.node(id).inputs {
            let _ = writeln!(text, "  n{} -> n{};", input.index(), id.index());
        }
    }
    for (number, output) in graph.outputs().iter().enumerate() {
        let name = escaped(&output.name);
        let _ = writeln!(text, "  output{number} [shape=ellipse, label=\"{name}\"];");
        let _ = writeln!(text, "  n{} -> output{number};", output.node.index());
    }
    text.push_str("}\n");
    text
}

fn frame(block: &str, lines: &str) -> String {
    if block.is_empty() {
        return lines.to_owned();
    }
    let block = escaped(block);
    format!(
        "  subgraph \"cluster_{block}\" {{\n    label=\"{block}\"; labeljust=l; fontname=\"Helvetica\"; \
         fontsize=11; color=\"#bbbbbb\"; style=rounded;\n{lines}  }}\n"
    )
}

fn layer(node: &Node, id: NodeId, needed: bool) -> String {
    let does = escaped(&what_it_does(&node.layer));
    let gives = match node.shape {
        Shape::Planes([channels, height, width]) => format!("{channels} x {height} x {width}"),
        Shape::Features(values) => values.to_string(),
    };
    let (path, number) = (escaped(&node.path), id.index());
    let style = if needed { "" } else { ", style=\"rounded,dashed\"" };
    let color = color(&node.layer);
    format!(
        "    n{number} [label=\"{does}\\n{gives}\", tooltip=\"{path}\", fillcolor=\"{color}\"{style}];\n"
    )
}

fn what_it_does(layer: &Layer) -> String {
    match *layer {
        Layer::Convolution(of) => {
            let Convolution { kernel: [rows, columns], stride, dilation, groups, .. } =
                of.convolution;
            let what = if groups == 1 { "convolution" } else { "grouped convolution" };
            let stride = [stride[0], stride[1]].into_iter().max().filter(|&most| most > 1);
            let stride = stride.map(|most| format!(" / {most}")).unwrap_or_default();
            let dilated =
                if dilation > 1 { format!(", dilation {dilation}") } else { String::new() };
            format!("{what} {rows}x{columns}{stride}{dilated}")
        }
        Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
            let Pool { side, stride, .. } = pool;
            let what = if matches!(layer, Layer::MaxPool(_)) { "max pool" } else { "average pool" };
            let stride = if stride > 1 { format!(" / {stride}") } else { String::new() };
            format!("{what} {side}x{side}{stride}")
        }
        _ => layer.kind().replace('_', " "),
    }
}

/// By family: what has weights, what normalises, what joins, what pools.
fn color(layer: &Layer) -> &'static str {
    match layer {
        Layer::Convolution(_) | Layer::FactorizedReduction { .. } | Layer::Linear { .. } => {
            "#cfe3f7"
        }
        Layer::BatchNorm { .. } | Layer::Normalize => "#e3e3e3",
        Layer::Add
        | Layer::Mix(_)
        | Layer::Weigh { .. }
        | Layer::Concatenate
        | Layer::ScaleChannels => "#fbe3b5",
        Layer::MaxPool(_) | Layer::AveragePool(_) | Layer::GlobalAverage => "#d5efd3",
        Layer::Image
        | Layer::Relu
        | Layer::Activation(_)
        | Layer::Zero { .. }
        | Layer::HalveAndWiden { .. }
        | Layer::Channels { .. }
        | Layer::Shuffle { .. }
        | Layer::Upsample
        | Layer::Flatten
        | Layer::Unflatten(_)
        | Layer::DropPath { .. } => "#ffffff",
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
