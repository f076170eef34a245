//! The graph of an ONNX model while it is written: nodes and constants under names that are taken once.
//!
//! A name that is taken a second time is noted, and [`Writer::finish`] refuses the graph, so that writing
//! layers needs no error handling of its own.

use std::collections::BTreeSet;

use super::messages::{Attribute, Graph, Node, Tensor};
use super::values::{bytes_tensor, floats_tensor, integers_tensor};
use crate::error::Error;

#[derive(Default)]
pub(super) struct Writer {
    graph: Graph,
    names: BTreeSet<String>,
    /// The first name that was taken twice.
    clash: Option<String>,
}

impl Writer {
    /// Takes a name for what comes from outside.
    pub(super) fn take(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) && self.clash.is_none() {
            self.clash = Some(name.to_owned());
        }
    }

    /// A node and the name of its one output, which is its own.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attribute: Vec<Attribute>,
    ) -> String {
        self.take(output);
        let input = inputs.iter().map(|&input| input.to_owned()).collect();
        let (op_type, name) = (operator.to_owned(), output.to_owned());
        self.graph.node.push(Node { input, output: vec![name.clone()], name, op_type, attribute });
        output.to_owned()
    }

    /// Constants of single precision.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.constant(floats_tensor(name, shape, values))
    }

    /// Constants of a byte each.
    pub(super) fn bytes(&mut self, name: &str, shape: &[usize], values: &[i8]) -> String {
        self.constant(bytes_tensor(name, shape, values))
    }

    /// A shape, axes and the like.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.constant(integers_tensor(name, values))
    }

    fn constant(&mut self, tensor: Tensor) -> String {
        let name = tensor.name.clone();
        self.take(&name);
        self.graph.initializer.push(tensor);
        name
    }

    /// The graph, without its inputs and outputs.
    pub(super) fn finish(self) -> Result<Graph, Error> {
        match self.clash {
            None => Ok(self.graph),
            Some(name) => {
                let expected = "another name for each input, layer and parameter";
                Err(Error::Name { form: "ONNX", name, expected })
            }
        }
    }
}
