//! The forward pass as Python: one method for each block, which `forward` calls one after the other.
//!
//! A method returns what others read, so that everything else is freed when it ends. What only the next
//! statement reads is called `x`, everything else by the number of its layer.

use std::fmt::Write as _;

use tamis_graph::{Layer, NodeId};

use super::layers::{expression, sides};
use super::names::{RUN, joined};
use super::tree::Module;
use crate::blocks::blocks;
use crate::checked::Checked;

/// Layers of one block that follow each other.
struct Run {
    /// Path of the block.
    block: String,
    /// Name of the method.
    method: String,
    layers: Vec<NodeId>,
}

/// The forward pass of a network in the making.
pub(super) struct Forward<'a> {
    network: &'a Checked<'a>,
    tree: &'a Module,
    runs: Vec<Run>,
}

impl<'a> Forward<'a> {
    pub(super) fn new(network: &'a Checked<'a>, tree: &'a Module) -> Forward<'a> {
        let blocks = blocks(network.trained().graph);
        let mut runs: Vec<Run> = Vec::new();
        let layers = network.layers().filter(|(_, node)| node.layer != Layer::Image);
        for (id, _) in layers {
            let block = &blocks[id.index()];
            match runs.last_mut() {
                Some(run) if run.block == *block => run.layers.push(id),
                _ => {
                    let method = method(block, &runs);
                    runs.push(Run { block: block.clone(), method, layers: vec![id] });
                }
            }
        }
        Forward { network, tree, runs }
    }

    /// The body of `forward`, `images` being what the layers read.
    pub(super) fn body(&self) -> String {
        let mut text = String::new();
        for run in &self.runs {
            let (reads, gives) =
                (self.variables(&self.reads(run)), self.variables(&self.gives(run)));
            let _ = writeln!(text, "        {gives} = self.{}({reads})", run.method);
        }
        let _ = writeln!(text, "        return {}", self.variable(self.network.output()));
        text
    }

    /// The methods of the blocks.
    pub(super) fn methods(&self) -> String {
        self.runs.iter().map(|run| self.method(run)).collect()
    }

    fn method(&self, run: &Run) -> String {
        let (reads, gives) = (self.reads(run), self.gives(run));
        let shapes = |ids: &[NodeId]| {
            let shapes = ids.iter().map(|&id| format!("[{}]", sides(self.network.node(id).shape)));
            shapes.collect::<Vec<_>>().join(", ")
        };
        let what = if run.block.is_empty() { "all" } else { &run.block };
        let mut text = format!(
            "\n    def {}(self, {}):\n        \"\"\"{what}: {} to {}\"\"\"\n",
            run.method,
            self.variables(&reads),
            shapes(&reads),
            shapes(&gives),
        );
        let alias = self.tree.access(&run.block).filter(|_| self.tree.is_group(&run.block));
        let lines: String =
            run.layers.iter().map(|&id| self.statement(id, alias.as_deref())).collect();
        if let Some(alias) = alias.filter(|_| lines.contains("block")) {
            let _ = writeln!(text, "        block = {alias}");
        }
        let _ = writeln!(text, "{lines}        return {}", self.variables(&gives));
        text
    }

    fn statement(&self, id: NodeId, alias: Option<&str>) -> String {
        let node = self.network.node(id);
        let inputs = self.network.inputs(node);
        let read = inputs.first().map(|&input| self.network.node(input).shape);
        let inputs: Vec<String> = inputs.into_iter().map(|input| self.variable(input)).collect();
        let module = |end: &str| {
            let path = format!("{}{end}", node.path);
            let access = self.tree.access(&path).unwrap_or(path);
            match alias.and_then(|alias| access.strip_prefix(alias)) {
                Some(rest) => format!("block{rest}"),
                None => access,
            }
        };
        format!("        {} = {}\n", self.variable(id), expression(node, &inputs, read, module))
    }

    /// What a layer's result is called.
    fn variable(&self, id: NodeId) -> String {
        if self.network.node(id).layer == Layer::Image {
            return "images".to_owned();
        }
        match self.network.readers(id) {
            &[reader] if self.runs.iter().any(|run| follow(run, id, reader)) => "x".to_owned(),
            _ => format!("x{}", id.index()),
        }
    }

    fn variables(&self, ids: &[NodeId]) -> String {
        ids.iter().map(|&id| self.variable(id)).collect::<Vec<_>>().join(", ")
    }

    /// What a run reads of what was before it.
    fn reads(&self, run: &Run) -> Vec<NodeId> {
        let inputs = run.layers.iter().flat_map(|&id| self.network.inputs(self.network.node(id)));
        let mut reads: Vec<NodeId> = inputs.filter(|input| !run.layers.contains(input)).collect();
        reads.sort();
        reads.dedup();
        reads
    }

    /// What others read of a run.
    fn gives(&self, run: &Run) -> Vec<NodeId> {
        let outside = |id: &&NodeId| {
            **id == self.network.output()
                || self.network.readers(**id).iter().any(|reader| !run.layers.contains(reader))
        };
        run.layers.iter().filter(outside).copied().collect()
    }
}

/// Whether two layers stand one after the other in a run.
fn follow(run: &Run, first: NodeId, second: NodeId) -> bool {
    run.layers.windows(2).any(|pair| pair == [first, second])
}

/// The name of a block's method; what is cut in two has a number.
fn method(block: &str, runs: &[Run]) -> String {
    let name = if block.is_empty() { "network".to_owned() } else { joined(block) };
    let plain = format!("{RUN}{name}");
    let taken = |name: &String| runs.iter().any(|run| run.method == *name);
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(plain)
}
