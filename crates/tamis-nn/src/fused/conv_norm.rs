//! Convolution and batch norm on the CPU: forward, and backward into input, kernel, scale, shift.

use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::TensorMetadata;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::flex::FlexTensor;
use tamis_kernels::Destination;
use tamis_kernels::conv_bn::{
    Affine, ConvShape, Kernel, Operands, Saved, Wants, backward, forward, scaled,
};

use super::flex::{in_order, register, tensor, values, wanted};

/// What a convolution does besides convolving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvNormKind {
    /// What the taps of the weights `[out, in, row, column]` are, in order.
    pub(crate) kernel: Kernel,
    /// From one output pixel to the next.
    pub(crate) stride: usize,
    /// Whether the input goes through a ReLU first.
    pub(crate) relu: bool,
}

/// Output, mean, biased variance, and what the backward pass needs if it was asked for.
pub(super) struct Ran {
    pub(super) outputs: [FlexTensor; 3],
    pub(super) saved: Option<Saved>,
}

/// Sizes of the convolution of an input with a kernel.
fn shape_of(input: &FlexTensor, kernel: &FlexTensor, kind: ConvNormKind) -> ConvShape {
    let (image, weights) = (input.shape().to_vec(), kernel.shape().to_vec());
    ConvShape {
        batch: image[0],
        inputs: image[1],
        outputs: weights[0],
        height: image[2],
        width: image[3],
        kernel: kind.kernel,
        stride: kind.stride,
        relu: kind.relu,
    }
}

/// What `[input, kernel, scale, shift]` are to the kernels.
fn operands([input, kernel, scale, shift]: &[FlexTensor; 4]) -> Operands<'_> {
    let affine = Affine { gamma: values(scale), beta: values(shift) };
    Operands { input: values(input), weights: values(kernel), affine: Some(affine) }
}

/// Runs forward on `[input, kernel, scale, shift]` without normalisation.
pub(super) fn run_scaled(inputs: &[FlexTensor; 4], kind: ConvNormKind) -> FlexTensor {
    let [input, kernel, ..] = inputs;
    let shape = shape_of(input, kernel, kind);
    let mut output = vec![0.0; shape.output_values()];
    scaled(&shape, &operands(inputs), Destination::Write(&mut output));
    tensor(output, &[shape.batch, shape.outputs, shape.output_height(), shape.output_width()])
}

/// Runs forward on `[input, kernel, scale, shift]`, each in order in memory.
pub(super) fn run(inputs: &[FlexTensor; 4], kind: ConvNormKind, keep: bool) -> Ran {
    let [input, kernel, ..] = inputs;
    let shape = shape_of(input, kernel, kind);
    let mut output = vec![0.0; shape.output_values()];
    let found = forward(&shape, &operands(inputs), Destination::Write(&mut output), keep);
    let output_shape = [shape.batch, shape.outputs, shape.output_height(), shape.output_width()];
    let outputs = [
        tensor(output, &output_shape),
        tensor(found.mean, &[shape.outputs]),
        tensor(found.variance, &[shape.outputs]),
    ];
    Ran { outputs, saved: found.saved }
}

#[derive(Debug)]
pub(super) struct ConvNormBackward;

/// What the backward pass needs; clones share it.
#[derive(Clone, Debug)]
pub(super) struct ConvNormState {
    pub(super) saved: Option<Arc<Saved>>,
    /// `[input, kernel, scale, shift]`, each in order in memory.
    pub(super) inputs: [FlexTensor; 4],
}

impl Backward<Flex, 4> for ConvNormBackward {
    type State = ConvNormState;

    fn backward(self, ops: Ops<ConvNormState, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = in_order(gradients.consume::<Flex>(&ops.node));
        let ConvNormState { saved, inputs } = &ops.state;
        let Some(saved) = saved else { return };
        let [input, weights, gamma, beta] = wanted(&ops);
        let wants = Wants { weights, affine: gamma || beta };
        let gradient = values(&output_gradient);
        let mut of_input = input.then(|| vec![0.0; values(&inputs[0]).len()]);
        let to_input = of_input.as_deref_mut().map(Destination::Write);
        let found = backward(saved, &operands(inputs), gradient, to_input, wants);
        let [input, kernel, scale, shift] = inputs.each_ref().map(TensorMetadata::shape);
        let found = [of_input, found.weights, found.gamma, found.beta];
        register(gradients, &ops, found, [&input, &kernel, &scale, &shift]);
    }
}
