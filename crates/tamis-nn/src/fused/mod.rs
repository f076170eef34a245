//! Tamis's own kernels as operations of the tensor library, with hand-written backward passes.
//!
//! They run on the CPU in single precision. Everywhere else networks are composed of the
//! library's own operations, which are also what the tests hold the kernels against.
//!
//! Granularity: as coarse as one differentiable output allows. A search cell is one operation, so
//! nothing that its edges share (ReLU, padding, pooling, merged convolutions, outputs before
//! normalisation) ever becomes a tensor; a convolution with its ReLU and batch norm is another.
//! Which gradients are computed is decided by which parents are tracked.

mod autodiff;
mod average_2x2;
mod conv_norm;
mod darts;
mod flex;
mod nas_bench_201;

use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::mixing::MixingMatrix;
pub(crate) use conv_norm::ConvNormKind;
pub(crate) use darts::DartsKind;

/// Operations that the tensor library does not have. Called on the CPU only.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedOps: Backend {
    /// See [`nas_bench_201_cell`].
    fn nas_bench_201_cell(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        runs: Arc<[bool]>,
    ) -> FloatTensor<Self>;

    /// See [`darts_cell`].
    fn darts_cell(
        before: FloatTensor<Self>,
        last: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shares: FloatTensor<Self>,
        kind: DartsKind,
    ) -> FloatTensor<Self>;

    /// See [`average_2x2`].
    fn average_2x2(input: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`conv_norm`].
    fn conv_norm(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// See [`conv_scaled`].
    fn conv_scaled(
        input: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        kind: ConvNormKind,
    ) -> FloatTensor<Self>;
}

/// The search cell of NAS-Bench-201 on `input` `[batch, channel, height, width]`, with the weights
/// of its twelve convolutions in one flat tensor (for each edge 1x1, then 3x3) and the mixing
/// matrix `[6, 5]`.
pub(crate) fn nas_bench_201_cell(
    input: Tensor<4>,
    weights: Tensor<1>,
    mixing: MixingMatrix,
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::nas_bench_201_cell(
        input.into_dispatch(),
        weights.into_dispatch(),
        mixing.shares.into_dispatch(),
        mixing.runs,
    ))
}

/// The search cell of DARTS on two preprocessed states `[batch, channel, height, width]`, with all
/// weights of its edges in one flat tensor (edge by edge; see [`tamis_kernels::darts`]) and the
/// mixing weights `[14, 8]`. The output has four times the channels; a reduction cell halves the
/// image.
pub(crate) fn darts_cell(
    [before, last]: [Tensor<4>; 2],
    weights: Tensor<1>,
    shares: Tensor<2>,
    kind: DartsKind,
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::darts_cell(
        before.into_dispatch(),
        last.into_dispatch(),
        weights.into_dispatch(),
        shares.into_dispatch(),
        kind,
    ))
}

/// 2x2 average pooling with stride 2 of `input` `[batch, channel, height, width]`, both sides even.
pub(crate) fn average_2x2(input: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::average_2x2(input.into_dispatch()))
}

/// ReLU if asked for, convolution with `kernel` `[out, in, row, column]` (of the diagonal kind
/// `[out, in, 2, 1]`), batch norm by the batch's
/// statistics with scale and shift `[out]`. Returns the output, and the mean and biased variance
/// before normalisation, which carry no gradient.
pub(crate) fn conv_norm(
    input: Tensor<4>,
    kernel: Tensor<4>,
    [scale, shift]: [Tensor<1>; 2],
    kind: ConvNormKind,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (output, mean, variance) = Dispatch::conv_norm(
        input.into_dispatch(),
        kernel.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        kind,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// ReLU if asked for, convolution with `kernel` `[out, in, size, size]`, then scale and shift `[out]`
/// alone: for evaluation. The output carries no gradient.
pub(crate) fn conv_scaled(
    input: Tensor<4>,
    kernel: Tensor<4>,
    [scale, shift]: [Tensor<1>; 2],
    kind: ConvNormKind,
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::conv_scaled(
        input.into_dispatch(),
        kernel.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        kind,
    ))
}
