//! The fused operations on the CPU backend, plain and inside the autodiff graph.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::ops::{Backward, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Flex, TensorMetadata};

use super::FusedOps;
use super::average_2x2::{self, AverageBackward};
use super::conv_norm::{self, ConvNormBackward, ConvNormKind, ConvNormState};
use super::darts::DartsKind;
use super::flex::in_order;
use super::{darts, nas_bench_201};

impl FusedOps for Flex {
    fn nas_bench_201_cell(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        runs: Arc<[bool]>,
    ) -> FloatTensor<Self> {
        nas_bench_201::run(&[input, weights, shares].map(in_order), &runs, false).0
    }

    fn darts_cell(
        before: FloatTensor<Self>,
        last: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        kind: DartsKind,
    ) -> FloatTensor<Self> {
        darts::run(&[before, last, weights, shares].map(in_order), &kind, false).0
    }

    fn average_2x2(input: FloatTensor<Self>) -> FloatTensor<Self> {
        average_2x2::run(&in_order(input))
    }

    fn conv_norm(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [input, kernel, scale, shift].map(in_order);
        conv_norm::run(&inputs, kind, false).outputs.into()
    }

    fn conv_scaled(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> FloatTensor<Self> {
        conv_norm::run_scaled(&[input, kernel, scale, shift].map(in_order), kind)
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn nas_bench_201_cell(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        runs: Arc<[bool]>,
    ) -> FloatTensor<Self> {
        let (input, input_node) = input.into_parts();
        let (weights, weights_node) = weights.into_parts();
        let (shares, shares_node) = shares.into_parts();
        let inputs = [input, weights, shares].map(in_order);
        let nodes = [input_node, weights_node, shares_node];
        match nas_bench_201::CellBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (output, saved) = nas_bench_201::run(&inputs, &runs, true);
                let [input, weights, shares] = inputs;
                let input_shape = input.shape().to_vec();
                let saved = saved.map(Arc::new);
                let state = nas_bench_201::CellState { saved, weights, shares, input_shape };
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(nas_bench_201::run(&inputs, &runs, false).0)
            }
        }
    }

    fn darts_cell(
        before: FloatTensor<Self>,
        last: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        kind: DartsKind,
    ) -> FloatTensor<Self> {
        let (before, before_node) = before.into_parts();
        let (last, last_node) = last.into_parts();
        let (weights, weights_node) = weights.into_parts();
        let (shares, shares_node) = shares.into_parts();
        let inputs = [before, last, weights, shares].map(in_order);
        let nodes = [before_node, last_node, weights_node, shares_node];
        match darts::CellBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (output, saved) = darts::run(&inputs, &kind, true);
                let [before, _, weights, shares] = inputs;
                let state_shape = before.shape().to_vec();
                let saved = saved.map(Arc::new);
                prepared.finish(darts::CellState { saved, weights, shares, state_shape }, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(darts::run(&inputs, &kind, false).0),
        }
    }

    fn average_2x2(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let (input, node) = input.into_parts();
        let shape = input.shape().to_vec();
        let output = average_2x2::run(&in_order(input));
        match AverageBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(shape, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn conv_norm(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (input, input_node) = input.into_parts();
        let (kernel, kernel_node) = kernel.into_parts();
        let (scale, scale_node) = scale.into_parts();
        let (shift, shift_node) = shift.into_parts();
        let inputs = [input, kernel, scale, shift].map(in_order);
        let nodes = [input_node, kernel_node, scale_node, shift_node];
        let prepared = ConvNormBackward.prepare::<C>(nodes).compute_bound().stateful();
        let keep = matches!(prepared, OpsKind::Tracked(_));
        let conv_norm::Ran { outputs: [output, mean, variance], saved } =
            conv_norm::run(&inputs, kind, keep);
        let output = match prepared {
            OpsKind::UnTracked(prepared) => prepared.finish(output),
            OpsKind::Tracked(prepared) => {
                let saved = saved.map(Arc::new);
                prepared.finish(ConvNormState { saved, inputs }, output)
            }
        };
        (
            output,
            <Self as AutodiffBackend>::from_inner(mean),
            <Self as AutodiffBackend>::from_inner(variance),
        )
    }

    fn conv_scaled(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> FloatTensor<Self> {
        let inputs = [input, kernel, scale, shift].map(|tensor| in_order(tensor.into_parts().0));
        <Self as AutodiffBackend>::from_inner(conv_norm::run_scaled(&inputs, kind))
    }
}
