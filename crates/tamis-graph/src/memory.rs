//! How much of a network's activations is alive at once.

use crate::graph::Graph;
use crate::layer::Layer;
use crate::node::NodeId;

impl Graph {
    /// The most values of activations that one sample's forward pass holds at once, layer by layer in
    /// order, each kept until its last reader is done and no layer written over what it reads. What an
    /// engine that fuses layers holds is less.
    pub fn peak_activation_values(&self) -> usize {
        let needed = self.main();
        let mut readers = self.readers(&needed);
        let (mut alive, mut peak) = (0_usize, 0);
        for id in self.ids().filter(|id| needed[id.0]) {
            let node = self.node(id);
            alive = alive.saturating_add(node.shape.values());
            peak = peak.max(alive);
            for input in &node.inputs {
                readers[input.0] -= 1;
                if readers[input.0] == 0 {
                    alive -= self.node(*input).shape.values();
                }
            }
        }
        peak
    }

    /// How many of the needed layers read each layer, counted as often as they do; an output is read once
    /// more.
    pub fn readers(&self, needed: &[bool]) -> Vec<usize> {
        let mut readers = vec![0; self.nodes().len()];
        for (_, node) in self.nodes().iter().enumerate().filter(|(place, _)| needed[*place]) {
            node.inputs.iter().for_each(|input| readers[input.0] += 1);
        }
        for output in self.outputs().iter().filter(|output| needed[output.node.0]) {
            readers[output.node.0] += 1;
        }
        readers
    }

    /// The layer that normalises what this one gives, if nothing else reads it.
    pub fn norm_after(&self, id: NodeId) -> Option<NodeId> {
        let mut readers = self.ids().filter(|reader| self.node(*reader).inputs.contains(&id));
        let first = readers.next()?;
        let alone =
            readers.next().is_none() && self.outputs().iter().all(|output| output.node != id);
        (alone && matches!(self.node(first).layer, Layer::BatchNorm { .. })).then_some(first)
    }
}
