//! The NAS-Bench-201 cell on the CPU: forward, and backward into input, weights and shares.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use tamis_kernels::nas_bench_201::{CellShape, Operands, Saved, Wants, backward, forward};

use super::flex::{in_order, register, tensor, values, wanted};

/// Runs forward on `[input, weights, shares]`, each in order in memory; `runs` is `[edge, operation]` or
/// empty.
pub(super) fn run(
    inputs: &[FlexTensor; 3],
    runs: &[bool],
    keep: bool,
) -> (FlexTensor, Option<Saved>) {
    let [input, weights, shares] = inputs;
    let shape = input.shape().to_vec();
    let cell = CellShape { batch: shape[0], channels: shape[1], height: shape[2], width: shape[3] };
    let operands =
        Operands { input: values(input), weights: values(weights), shares: values(shares), runs };
    let mut output = vec![0.0; cell.values()];
    let saved = forward(&cell, &operands, &mut output, keep);
    (tensor(output, &shape), saved)
}

#[derive(Debug)]
pub(super) struct CellBackward;

/// What the backward pass needs; clones share it.
#[derive(Clone, Debug)]
pub(super) struct CellState {
    pub(super) saved: Option<Arc<Saved>>,
    pub(super) weights: FlexTensor,
    pub(super) shares: FlexTensor,
    pub(super) input_shape: Vec<usize>,
}

impl Backward<Flex, 3> for CellBackward {
    type State = CellState;

    fn backward(self, ops: Ops<CellState, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = in_order(gradients.consume::<Flex>(&ops.node));
        let CellState { saved, weights, shares, input_shape } = &ops.state;
        let Some(saved) = saved else { return };
        let [input, of_weights, of_shares] = wanted(&ops);
        let wants = Wants { input, weights: of_weights, shares: of_shares };
        let gradient = values(&output_gradient);
        let found = backward(saved, values(weights), values(shares), gradient, wants);
        let (weights, shares) = (weights.shape(), shares.shape());
        let found = [found.input, found.weights, found.shares];
        register(gradients, &ops, found, [input_shape, &weights, &shares]);
    }
}
