//! Each layer as the operators of ONNX that do the same.

use tamis_graph::{Activation, Layer, Node, NodeId, Pool, Shape};

use super::Form;
use super::values::{float, floats_tensor, integer, integers, tensor, text};
use super::weights::weight;
use crate::fold::EPSILON;

/// The rest of an axis, however long it is.
pub(super) const TO_THE_END: i64 = i64::MAX;

impl Form<'_> {
    /// Writes a layer, and the batch norm that it takes in if it does; returns what the result is called.
    pub(super) fn write_layer(&mut self, node: &Node, norm: Option<NodeId>, name: &str) -> String {
        let inputs = self.network.inputs(node).into_iter().map(|id| self.names[&id].clone());
        let inputs: Vec<String> = inputs.collect();
        let input = inputs.first().map_or("", String::as_str);
        let plain = |form: &mut Self, operator: &str| {
            form.writer.node(operator, &[input], name, Vec::new())
        };
        match node.layer {
            // Named when the input was written.
            Layer::Image => name.to_owned(),
            Layer::Convolution(layer) => self.convolution(node, layer, norm, input, name),
            Layer::FactorizedReduction { weights, .. } => {
                self.factorized_reduction(node, weights, norm, input, name)
            }
            Layer::BatchNorm { affine, number } => {
                self.batch_norm(node, affine, number, input, name)
            }
            Layer::Relu => plain(self, "Relu"),
            Layer::Activation(activation) => self.activation(node, activation, input, name),
            Layer::ScaleChannels => self.scale_channels(node, &inputs, name),
            Layer::DropPath { .. } => plain(self, "Identity"),
            Layer::MaxPool(pool) => self.writer.node("MaxPool", &[input], name, window(pool)),
            Layer::AveragePool(pool) => {
                let counted = integer("count_include_pad", 0);
                let attributes = window(pool).into_iter().chain([counted]).collect();
                self.writer.node("AveragePool", &[input], name, attributes)
            }
            Layer::GlobalAverage => {
                let pooled = format!("{}.pooled", node.path);
                let pooled = self.writer.node("GlobalAveragePool", &[input], &pooled, Vec::new());
                self.writer.node("Flatten", &[&pooled], name, vec![integer("axis", 1)])
            }
            // What supernets alone have is refused before anything is written.
            Layer::Add | Layer::Mix(_) | Layer::Weigh { .. } | Layer::Normalize => {
                self.sum(&inputs, name)
            }
            Layer::Concatenate => self.concatenate(&inputs, name),
            Layer::Zero { .. } => self.zero(node, input, name),
            Layer::HalveAndWiden { .. } => self.halve_and_widen(node, input, name),
            Layer::Channels { first, outputs } => {
                self.channels(node, [first, first + outputs], input, name)
            }
            Layer::Shuffle { groups } => self.shuffle(node, groups, input, name),
            Layer::Upsample => self.upsample(node, input, name),
            Layer::Flatten => self.writer.node("Flatten", &[input], name, vec![integer("axis", 1)]),
            Layer::Unflatten([channels, height, width]) => {
                let sides = [-1, channels as i64, height as i64, width as i64];
                let shape = self.writer.integers(&format!("{}.shape", node.path), &sides);
                self.writer.node("Reshape", &[input, &shape], name, Vec::new())
            }
            Layer::Linear { weight, .. } => self.linear(weight, input, name),
        }
    }

    fn activation(
        &mut self,
        node: &Node,
        activation: Activation,
        input: &str,
        name: &str,
    ) -> String {
        let plain = |form: &mut Self, operator: &str| {
            form.writer.node(operator, &[input], name, Vec::new())
        };
        match activation {
            Activation::HardSwish => plain(self, "HardSwish"),
            Activation::HardSigmoid => {
                let slope = vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)];
                self.writer.node("HardSigmoid", &[input], name, slope)
            }
            Activation::Relu6 => {
                let [least, most] = [("least", 0.0), ("most", 6.0)].map(|(what, value)| {
                    self.writer.floats(&format!("{}.{what}", node.path), &[], &[value])
                });
                self.writer.node("Clip", &[input, &least, &most], name, Vec::new())
            }
        }
    }

    /// Planes times values that get two axes of one pixel first.
    fn scale_channels(&mut self, node: &Node, inputs: &[String], name: &str) -> String {
        let part = |what: &str| format!("{}.{what}", node.path);
        let axes = self.writer.integers(&part("axes"), &[2, 3]);
        let scales =
            self.writer.node("Unsqueeze", &[&inputs[1], &axes], &part("scales"), Vec::new());
        self.writer.node("Mul", &[&inputs[0], &scales], name, Vec::new())
    }

    fn batch_norm(
        &mut self,
        node: &Node,
        affine: Option<usize>,
        number: usize,
        input: &str,
        name: &str,
    ) -> String {
        let trained = *self.network.trained();
        let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let (mean, variance) = (single(&trained.means[number]), single(&trained.variances[number]));
        let channels = mean.len();
        let scale = affine.map_or(vec![1.0; channels], |scale| self.network.values(scale).to_vec());
        let shift =
            affine.map_or(vec![0.0; channels], |scale| self.network.values(scale + 1).to_vec());
        let mut constant = |what: &str, values: &[f32]| {
            self.writer.floats(&format!("{}.{what}", node.path), &[channels], values)
        };
        let constants = [
            constant("weight", &scale),
            constant("bias", &shift),
            constant("running_mean", &mean),
            constant("running_var", &variance),
        ];
        let inputs: Vec<&str> =
            std::iter::once(input).chain(constants.iter().map(String::as_str)).collect();
        let attributes = vec![float("epsilon", EPSILON as f32)];
        self.writer.node("BatchNormalization", &inputs, name, attributes)
    }

    fn sum(&mut self, inputs: &[String], name: &str) -> String {
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let operator = if inputs.len() == 2 { "Add" } else { "Sum" };
        self.writer.node(operator, &inputs, name, Vec::new())
    }

    pub(super) fn concatenate(&mut self, inputs: &[String], name: &str) -> String {
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.writer.node("Concat", &inputs, name, vec![integer("axis", 1)])
    }

    /// Zeros for as many images as come in, whatever is in those.
    fn zero(&mut self, node: &Node, input: &str, name: &str) -> String {
        let part = |what: &str| format!("{}.{what}", node.path);
        let sides = match node.shape {
            Shape::Planes(sides) => sides.to_vec(),
            Shape::Features(values) => vec![values],
        };
        let sides: Vec<i64> = sides.into_iter().map(|side| side as i64).collect();
        let sides = self.writer.integers(&part("sides"), &sides);
        let first = vec![integer("start", 0), integer("end", 1)];
        let batch = self.writer.node("Shape", &[input], &part("batch"), first);
        let shape = [batch.as_str(), sides.as_str()];
        let shape = self.writer.node("Concat", &shape, &part("shape"), vec![integer("axis", 0)]);
        let value = tensor("value", floats_tensor("", &[1], &[0.0]));
        self.writer.node("ConstantOfShape", &[&shape], name, vec![value])
    }

    fn halve_and_widen(&mut self, node: &Node, input: &str, name: &str) -> String {
        let part = |what: &str| format!("{}.{what}", node.path);
        let inputs = self.network.node(node.inputs[0]).shape.channels();
        let more = node.shape.channels() - inputs;
        let (before, after) = ((more / 2) as i64, (more - more / 2) as i64);
        let halved = self.slice(node, [0, 2], input, &part("halved"));
        let pads = self.writer.integers(&part("pads"), &[0, before, 0, 0, 0, after, 0, 0]);
        self.writer.node("Pad", &[&halved, &pads], name, Vec::new())
    }

    /// From this row and column on, every so manyth.
    pub(super) fn slice(
        &mut self,
        node: &Node,
        [start, step]: [i64; 2],
        input: &str,
        name: &str,
    ) -> String {
        let mut constant = |what: &str, value: [i64; 2]| {
            self.writer.integers(&format!("{}.{what}", node.path), &value)
        };
        let starts = constant("starts", [start; 2]);
        let ends = constant("ends", [TO_THE_END; 2]);
        let axes = constant("axes", [2, 3]);
        let steps = constant("steps", [step; 2]);
        self.writer.node("Slice", &[input, &starts, &ends, &axes, &steps], name, Vec::new())
    }

    fn channels(
        &mut self,
        node: &Node,
        [first, end]: [usize; 2],
        input: &str,
        name: &str,
    ) -> String {
        let mut constant = |what: &str, value: i64| {
            self.writer.integers(&format!("{}.{what}", node.path), &[value])
        };
        let (starts, ends) = (constant("starts", first as i64), constant("ends", end as i64));
        let axes = constant("axes", 1);
        self.writer.node("Slice", &[input, &starts, &ends, &axes], name, Vec::new())
    }

    /// Groups become members and members groups.
    fn shuffle(&mut self, node: &Node, groups: usize, input: &str, name: &str) -> String {
        let part = |what: &str| format!("{}.{what}", node.path);
        let Shape::Planes(sides) = node.shape else { return input.to_owned() };
        let [channels, height, width] = sides.map(|side| side as i64);
        let groups = groups as i64;
        let apart = [-1, groups, channels / groups, height * width];
        let apart = self.writer.integers(&part("groups"), &apart);
        let apart = self.writer.node("Reshape", &[input, &apart], &part("apart"), Vec::new());
        let order = vec![integers("perm", &[0, 2, 1, 3])];
        let turned = self.writer.node("Transpose", &[&apart], &part("turned"), order);
        let sides = self.writer.integers(&part("sides"), &[-1, channels, height, width]);
        self.writer.node("Reshape", &[&turned, &sides], name, Vec::new())
    }

    fn upsample(&mut self, node: &Node, input: &str, name: &str) -> String {
        let scales = format!("{}.scales", node.path);
        let scales = self.writer.floats(&scales, &[4], &[1.0, 1.0, 2.0, 2.0]);
        let attributes = vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ];
        // No region of interest.
        self.writer.node("Resize", &[input, "", &scales], name, attributes)
    }

    fn linear(&mut self, number: usize, input: &str, name: &str) -> String {
        let parameters = self.network.trained().graph.parameters().parameters();
        let (path, shape) = (&parameters[number].path, self.network.shape(number));
        let values = self.network.values(number);
        let weights = weight(&mut self.writer, path, shape, values, self.options.int8);
        let (path, shape) = (&parameters[number + 1].path, self.network.shape(number + 1));
        let bias = self.writer.floats(path, shape, self.network.values(number + 1));
        self.writer.node("Gemm", &[input, &weights, &bias], name, vec![integer("transB", 1)])
    }
}

fn window(Pool { side, stride, padding }: Pool) -> Vec<super::messages::Attribute> {
    let [side, stride, padding] = [side, stride, padding].map(|length| length as i64);
    vec![
        integers("kernel_shape", &[side; 2]),
        integers("strides", &[stride; 2]),
        integers("pads", &[padding; 4]),
    ]
}
