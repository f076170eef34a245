//! A network: layers, what each reads, and which of them are its outputs.

use std::collections::BTreeSet;

use crate::block::Block;
use crate::counts::Counts;
use crate::layer::{Layer, Mix, Shape};
use crate::node::{Node, NodeId, Output};
use crate::parameters::ParameterLayout;

/// A network, described. The first output is the main one; layers that only others need, those of an
/// auxiliary head, say, are no part of its counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    pub(crate) image: [usize; 3],
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) parameters: ParameterLayout,
    pub(crate) norms: Vec<usize>,
    pub(crate) drop_paths: usize,
}

impl Graph {
    /// `[channel, height, width]` of the images that it reads.
    pub fn image(&self) -> [usize; 3] {
        self.image
    }

    /// The layers, each after what it reads.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One layer.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The places of all layers, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// What leaves it, the main output first.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Layers that belong together, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<NodeId> {
        self.outputs.iter().find(|output| output.name == name).map(|output| output.node)
    }

    /// Where each parameter lies.
    pub fn parameters(&self) -> &ParameterLayout {
        &self.parameters
    }

    /// Channels of each batch norm, by its number.
    pub fn norms(&self) -> &[usize] {
        &self.norms
    }

    /// How many layers drop paths.
    pub fn drop_paths(&self) -> usize {
        self.drop_paths
    }

    /// Which layers these outputs need, by place.
    pub fn needed(&self, outputs: &[NodeId]) -> Vec<bool> {
        self.needed_where(outputs, |_, _| true)
    }

    /// Which layers these outputs need if of the options of a mixed sum only some run, by place:
    /// `runs(mix, option)` of the option's column.
    pub fn needed_where(&self, outputs: &[NodeId], runs: impl Fn(Mix, usize) -> bool) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for output in outputs {
            needed[output.0] = true;
        }
        for (place, node) in self.nodes.iter().enumerate().rev() {
            if !needed[place] {
                continue;
            }
            for (number, input) in node.inputs.iter().enumerate() {
                let read = match node.layer {
                    Layer::Mix(mix) => runs(mix, mix.first + number),
                    _ => true,
                };
                needed[input.0] |= read;
            }
        }
        needed
    }

    /// How many channels of each layer, the first ones, something that runs gives, by place: the others are
    /// zeros for want of a wider option in a mixed sum before. Values without a place all count.
    pub fn widths_where(&self, runs: impl Fn(Mix, usize) -> bool) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of_inputs = node.inputs.iter().map(|input| widths[input.0]);
            let width = match (node.layer, node.shape) {
                (_, Shape::Features(values)) => values,
                (Layer::Mix(mix), _) => {
                    let running =
                        of_inputs.enumerate().filter(|(number, _)| runs(mix, mix.first + number));
                    running.map(|(_, width)| width).max().unwrap_or(0)
                }
                (
                    Layer::Add
                    | Layer::Relu
                    | Layer::MaxPool(_)
                    | Layer::AveragePool(_)
                    | Layer::Weigh { .. }
                    | Layer::DropPath { .. },
                    _,
                ) => of_inputs.max().unwrap_or(0),
                (_, shape) => shape.channels(),
            };
            widths.push(width);
        }
        widths
    }

    /// Which layers the main output needs, by place.
    pub fn main(&self) -> Vec<bool> {
        self.needed(&self.outputs.first().map(|output| output.node).into_iter().collect::<Vec<_>>())
    }

    /// Parameters and multiply-adds of all layers but those that only other outputs than the main one need.
    /// What no output needs counts: benchmarks count it.
    pub fn counts(&self) -> Counts {
        let others: Vec<NodeId> = self.outputs.iter().skip(1).map(|output| output.node).collect();
        let counted = self.main().into_iter().zip(self.needed(&others));
        self.counts_where(&counted.map(|(main, other)| main || !other).collect::<Vec<_>>())
    }

    /// Parameters and multiply-adds of what these outputs need.
    pub fn counts_for(&self, outputs: &[NodeId]) -> Counts {
        self.counts_where(&self.needed(outputs))
    }

    fn counts_where(&self, needed: &[bool]) -> Counts {
        let counted = || self.nodes.iter().zip(needed).filter(|(_, needed)| **needed);
        let length = |number: usize| self.parameters.parameters()[number].length() as u64;
        // What several layers share is there once.
        let parameters: BTreeSet<usize> =
            counted().flat_map(|(node, _)| node.layer.parameters()).collect();
        let macs = counted().map(|(node, _)| node.layer.macs(&self.parameters, node.shape));
        Counts {
            params: parameters.into_iter().map(length).fold(0, u64::saturating_add),
            macs: macs.fold(0, u64::saturating_add),
        }
    }
}
