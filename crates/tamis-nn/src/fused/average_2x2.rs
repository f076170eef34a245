//! 2x2 average pooling on the CPU, and its backward pass.

use burn::backend::Flex;
use burn::backend::TensorMetadata;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::flex::FlexTensor;
use tamis_kernels::average_2x2::{backward, forward};

use super::flex::{in_order, register, tensor, values};

/// Runs forward on `[batch, channel, height, width]`, in order in memory.
pub(super) fn run(input: &FlexTensor) -> FlexTensor {
    let shape = input.shape().to_vec();
    let mut output = vec![0.0; shape.iter().product::<usize>() / 4];
    forward(values(input), shape[3], &mut output);
    tensor(output, &[shape[0], shape[1], shape[2] / 2, shape[3] / 2])
}

#[derive(Debug)]
pub(super) struct AverageBackward;

impl Backward<Flex, 1> for AverageBackward {
    /// The shape of the input.
    type State = Vec<usize>;

    fn backward(self, ops: Ops<Vec<usize>, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = in_order(gradients.consume::<Flex>(&ops.node));
        let mut found = vec![0.0; ops.state.iter().product()];
        backward(values(&output_gradient), ops.state[3], &mut found);
        register(gradients, &ops, [Some(found)], [&ops.state]);
    }
}
