//! The DARTS cell on the CPU: forward, and backward into both states, weights and shares.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use tamis_kernels::darts::{CellShape, Operands, Saved, Wants, backward, forward};
use tamis_space::darts::{INPUTS, NODES};

use super::flex::{in_order, register, tensor, values, wanted};

/// What a cell is besides its tensors.
#[derive(Clone, Debug)]
pub(crate) struct DartsKind {
    /// Whether it halves the image.
    pub(crate) reduction: bool,
    /// One in so many channels goes through the operations.
    pub(crate) partial: usize,
    /// Which operations run, `[edge, operation]`, or empty: then all do.
    pub(crate) runs: Arc<[bool]>,
}

/// Runs forward on `[state 0, state 1, weights, shares]`, each in order in memory.
pub(super) fn run(
    inputs: &[FlexTensor; 4],
    kind: &DartsKind,
    keep: bool,
) -> (FlexTensor, Option<Saved>) {
    let [before, last, weights, shares] = inputs;
    let shape = before.shape().to_vec();
    let (batch, channels, height, width) = (shape[0], shape[1], shape[2], shape[3]);
    let DartsKind { reduction, partial, .. } = *kind;
    let cell = CellShape { batch, channels, height, width, reduction, partial };
    let operands = Operands {
        states: [values(before), values(last)],
        weights: values(weights),
        shares: values(shares),
        runs: &kind.runs,
    };
    let mut output = vec![0.0; cell.output_values()];
    let saved = forward(&cell, &operands, &mut output, keep);
    let shape = [batch, (NODES - INPUTS) * channels, cell.output_height(), cell.output_width()];
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
    pub(super) state_shape: Vec<usize>,
}

impl Backward<Flex, 4> for CellBackward {
    type State = CellState;

    fn backward(self, ops: Ops<CellState, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = in_order(gradients.consume::<Flex>(&ops.node));
        let CellState { saved, weights, shares, state_shape } = &ops.state;
        let Some(saved) = saved else { return };
        let [before, last, of_weights, of_shares] = wanted(&ops);
        let wants = Wants { states: [before, last], weights: of_weights, shares: of_shares };
        let gradient = values(&output_gradient);
        let found = backward(saved, values(weights), values(shares), gradient, wants);
        let [before, last] = found.states;
        let found = [before, last, found.weights, found.shares];
        let (weights, shares) = (weights.shape(), shares.shape());
        register(gradients, &ops, found, [state_shape, state_shape, &weights, &shares]);
    }
}
