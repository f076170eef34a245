//! A dense convolution and its batch norm, after a ReLU if there is one, by the kernel that does all at once.

use std::borrow::Cow;

use tamis_graph::{Graph, Layer};
use tamis_kernels::Buffer;
use tamis_kernels::Destination;
use tamis_kernels::conv_bn::{self, ConvShape, Kernel, Operands, Saved, Wants};

use super::{Fused, WeightGradient, Weights, batch_norm, followed, sides};
use crate::batch::Moments;

/// A convolution and a batch norm at their place.
pub(crate) struct ConvNorm<'a> {
    shape: ConvShape,
    convolution: Layer,
    /// `[out, in, tap]`.
    kernel: Cow<'a, [f32]>,
    affine: Option<[&'a [f32]; 2]>,
    scale: Option<usize>,
}

impl<'a> ConvNorm<'a> {
    pub(crate) fn new(
        weights: Weights<'a>,
        [conv, norm]: [usize; 2],
        relu: bool,
        batch: usize,
    ) -> ConvNorm<'a> {
        let convolution = weights.graph.nodes()[conv].layer;
        let scale = affine_of(weights.graph, norm);
        ConvNorm {
            shape: shape_of(weights.graph, conv, relu, batch),
            convolution,
            kernel: kernel_of(&convolution, weights),
            affine: scale.map(|scale| [weights.of(scale), weights.of(scale + 1)]),
            scale,
        }
    }

    /// Adds to the gradients of the parameters and, if wanted, gives that of the input.
    pub(crate) fn backward(
        &self,
        (input, saved): (&[f32], &Saved),
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
        of_input: Option<Destination<'_>>,
    ) {
        let wanted = of_weights.wanted();
        let wants = Wants { weights: wanted, affine: wanted && self.scale.is_some() };
        let found = conv_bn::backward(saved, &self.operands(input), gradient, of_input, wants);
        if let Some(kernel) = found.weights {
            self.add_kernel(&kernel, of_weights);
        }
        if let Some(scale) = self.scale.filter(|_| wanted) {
            let affine = [(scale, found.gamma), (scale + 1, found.beta)];
            for (number, gradient) in affine.into_iter().filter_map(|(at, of)| Some((at, of?))) {
                add(of_weights.of(number), &gradient);
            }
        }
    }

    /// The output of the forward pass once more.
    pub(crate) fn again(&self, saved: &Saved) -> Buffer {
        let mut output = Buffer::take(self.output_values());
        let affine = self.affine.map(|[gamma, beta]| conv_bn::Affine { gamma, beta });
        conv_bn::again(saved, affine, Destination::Write(&mut output));
        output
    }

    fn operands<'b>(&'b self, input: &'b [f32]) -> Operands<'b> {
        let affine = self.affine.map(|[gamma, beta]| conv_bn::Affine { gamma, beta });
        Operands { input, weights: &self.kernel, affine }
    }

    /// Adds the gradient of the kernel to those of the weights that it was made of.
    fn add_kernel(&self, kernel: &[f32], of_weights: &mut WeightGradient<'_>) {
        match self.convolution {
            Layer::Convolution(layer) => add(of_weights.of_convolution(&layer), kernel),
            Layer::FactorizedReduction { outputs, weights, .. } => {
                let half = 2 * (outputs / 2) * self.shape.inputs;
                for (tap, (weight, kernel)) in
                    weights.iter().zip([&kernel[..half], &kernel[half..]]).enumerate()
                {
                    let taps = kernel.iter().skip(tap).step_by(2);
                    of_weights.of(*weight).iter_mut().zip(taps).for_each(|(to, from)| *to += from);
                }
            }
            _ => {}
        }
    }
}

impl Fused for ConvNorm<'_> {
    type Saved = Saved;

    fn output_values(&self) -> usize {
        self.shape.output_values()
    }

    fn forward(&self, input: &[f32], output: Destination<'_>) -> (Option<Self::Saved>, Moments) {
        let found = conv_bn::forward(&self.shape, &self.operands(input), output, true);
        let count = self.output_values() / self.shape.outputs;
        (found.saved, followed(&found.mean, &found.variance, count))
    }

    fn evaluate(&self, input: &[f32], moments: &Moments, output: Destination<'_>) {
        let scales = batch_norm::folded(moments, self.affine);
        let (gamma, beta): (Vec<f32>, Vec<f32>) = scales.iter().map(|of| (of[0], of[1])).unzip();
        let affine = Some(conv_bn::Affine { gamma: &gamma, beta: &beta });
        let operands = Operands { affine, ..self.operands(input) };
        conv_bn::scaled(&self.shape, &operands, output);
    }
}

/// `to += from`.
pub(crate) fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// Number of a batch norm's scale.
pub(crate) fn affine_of(graph: &Graph, norm: usize) -> Option<usize> {
    match graph.nodes()[norm].layer {
        Layer::BatchNorm { affine, .. } => affine,
        _ => None,
    }
}

fn shape_of(graph: &Graph, conv: usize, relu: bool, batch: usize) -> ConvShape {
    let node = &graph.nodes()[conv];
    let [inputs, height, width] = sides(graph.node(node.inputs[0]).shape);
    let (kernel, stride) = match node.layer {
        Layer::Convolution(layer) if layer.convolution.kernel == [3, 3] => {
            (Kernel::Three, layer.convolution.stride[0])
        }
        Layer::Convolution(layer) => (Kernel::One, layer.convolution.stride[0]),
        _ => (Kernel::Diagonal, 2),
    };
    let outputs = node.shape.channels();
    ConvShape { batch, inputs, outputs, height, width, kernel, stride, relu }
}

/// The kernel; of a factorized reduction two 1x1 kernels as one of two taps, each of which reads one and
/// has 0 for the other.
fn kernel_of<'a>(convolution: &Layer, weights: Weights<'a>) -> Cow<'a, [f32]> {
    match *convolution {
        Layer::Convolution(layer) => Cow::Borrowed(weights.of_convolution(&layer)),
        Layer::FactorizedReduction { weights: numbers, .. } => {
            let upper = weights.of(numbers[0]).iter().flat_map(|&value| [value, 0.0]);
            let lower = weights.of(numbers[1]).iter().flat_map(|&value| [0.0, value]);
            upper.chain(lower).collect()
        }
        _ => Cow::Borrowed(&[]),
    }
}
