//! Convolutions in ONNX, with the batch norm that they take in if they do.

use tamis_graph::{Convolution, ConvolutionLayer, Node, NodeId};

use super::Form;
use super::messages::Attribute;
use super::values::{integer, integers};
use super::weights::weight;
use crate::fold::{Affine, Filters};

/// What a convolution is written with.
struct Place<'a> {
    /// Path of its weight.
    path: &'a str,
    input: &'a str,
    /// What its result is called.
    name: &'a str,
}

impl Form<'_> {
    pub(super) fn convolution(
        &mut self,
        node: &Node,
        layer: ConvolutionLayer,
        norm: Option<NodeId>,
        input: &str,
        name: &str,
    ) -> String {
        let bias = layer.bias.map(|bias| self.network.values(bias).to_vec());
        let filters = Filters { bias, ..self.filters(layer.weight) };
        let filters = match norm.and_then(|norm| self.affine(norm)) {
            Some(affine) => filters.then(&affine),
            None => filters,
        };
        let place = Place { path: &node.path, input, name };
        self.convolve(&place, &filters, attributes(&layer.convolution))
    }

    /// Both halves, the second of the image without its first row and column.
    pub(super) fn factorized_reduction(
        &mut self,
        node: &Node,
        weights: [usize; 2],
        norm: Option<NodeId>,
        input: &str,
        name: &str,
    ) -> String {
        let affine = norm.and_then(|norm| self.affine(norm));
        let shifted = format!("{}.shifted", node.path);
        let shifted = self.slice(node, [1, 1], input, &shifted);
        let mut from = 0;
        let mut halves = Vec::with_capacity(weights.len());
        for (number, (parameter, input)) in weights.into_iter().zip([input, &shifted]).enumerate() {
            let filters = self.filters(parameter);
            let channels = from..from + filters.shape[0];
            from = channels.end;
            let halving = Convolution::square(filters.shape[0], 1).stride(2);
            let filters = match &affine {
                Some(affine) => filters.then(&affine.part(channels)),
                None => filters,
            };
            let path = format!("{}.conv{}", node.path, number + 1);
            let place = Place { path: &path, input, name: &path };
            halves.push(self.convolve(&place, &filters, attributes(&halving)));
        }
        self.concatenate(&halves, name)
    }

    fn convolve(
        &mut self,
        place: &Place<'_>,
        filters: &Filters,
        attributes: Vec<Attribute>,
    ) -> String {
        let Place { path, input, name } = *place;
        let (writer, int8) = (&mut self.writer, self.options.int8);
        let weights =
            weight(writer, &format!("{path}.weight"), &filters.shape, &filters.weights, int8);
        let bias = filters.bias.as_ref();
        let bias = bias.map(|bias| writer.floats(&format!("{path}.bias"), &[bias.len()], bias));
        let inputs: Vec<&str> = [input, &weights].into_iter().chain(bias.as_deref()).collect();
        writer.node("Conv", &inputs, name, attributes)
    }

    fn filters(&self, number: usize) -> Filters {
        let shape = self.network.shape(number).to_vec();
        Filters { shape, weights: self.network.values(number).to_vec(), bias: None }
    }

    fn affine(&self, norm: NodeId) -> Option<Affine> {
        Affine::of(&self.network, self.network.node(norm))
    }
}

fn attributes(convolution: &Convolution) -> Vec<Attribute> {
    let &Convolution { kernel, stride, padding: [rows, columns], dilation, groups, .. } =
        convolution;
    let pair = |values: [usize; 2]| values.map(|value| value as i64);
    vec![
        integers("kernel_shape", &pair(kernel)),
        integers("strides", &pair(stride)),
        integers("pads", &[rows, columns, rows, columns].map(|side| side as i64)),
        integers("dilations", &[dilation as i64; 2]),
        integer("group", groups as i64),
    ]
}
