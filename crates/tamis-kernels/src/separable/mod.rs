//! A depthwise convolution, and a 1x1 convolution after it if there is one, followed by batch normalisation
//! with the statistics of the batch.
//!
//! `output = gamma * (y - mean) / sqrt(variance + 1e-5) + beta` with `y` the 1x1 convolution of the
//! depthwise convolution of the input or of its ReLU, neither with a bias; gamma 1 and beta 0 if there
//! is no affine part. It is one half of DARTS's separable convolution and the whole of its dilated one;
//! without the 1x1 convolution it is the middle of a mobile network's block.
//! The search cell, which shares work among its edges, is [`crate::darts`]; this is one layer.
//!
//! The border keeps the size, divided by a stride of 1 or 2, rounded up. Running statistics are left to
//! the caller, who is given the mean and the biased variance; [`scaled`] evaluates by them, folded into
//! scale and shift.

mod backward;
mod forward;
mod layout;

use crate::batch_norm::Convolved;
use crate::frame::MARGIN;
use layout::Plan;

pub use crate::batch_norm::{Affine, Wants};
pub use backward::backward;
pub use forward::{forward, forward_at, scaled, scaled_at};

/// Sizes of a separable convolution with normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeparableShape {
    /// Images.
    pub batch: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Rows and columns of the depthwise kernel: 3, 5 or 7.
    pub size: usize,
    /// Rows and columns from one tap of it to the next: 1 or 2.
    pub dilation: usize,
    /// Rows and columns from one output to the next: 1 or 2.
    pub stride: usize,
    /// Whether the input goes through a ReLU first.
    pub relu: bool,
    /// Whether there is a 1x1 convolution; else there are as many outputs as inputs.
    pub pointwise: bool,
}

impl SeparableShape {
    /// Whether these are sizes that the kernels have: those named above, except 7x7 with a dilation of
    /// 2 and a stride of 1, which reaches beyond the margin of their planes; as many outputs as inputs where
    /// nothing mixes channels.
    pub fn is_supported(&self) -> bool {
        let mixed = self.pointwise || self.outputs == self.inputs;
        let values = self.input_values() > 0 && self.outputs > 0 && mixed;
        let known = matches!(self.size, 3 | 5 | 7)
            && matches!(self.dilation, 1 | 2)
            && matches!(self.stride, 1 | 2);
        values && known && (self.size - 1) * self.dilation / 2 <= MARGIN * self.stride
    }

    /// Floats of the input, `[batch, inputs, height, width]`.
    pub fn input_values(&self) -> usize {
        self.batch * self.inputs * self.height * self.width
    }

    /// Rows of the output.
    pub fn output_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Columns of the output.
    pub fn output_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Floats of the output, `[batch, outputs, output_height, output_width]`.
    pub fn output_values(&self) -> usize {
        self.batch * self.outputs * self.output_height() * self.output_width()
    }

    /// Floats of the depthwise weights, `[inputs, tap]`, taps along rows.
    pub fn depthwise_weights(&self) -> usize {
        self.inputs * self.size * self.size
    }

    /// Floats of the 1x1 weights, `[outputs, inputs]`; 0 if there is no such convolution.
    pub fn pointwise_weights(&self) -> usize {
        if self.pointwise { self.outputs * self.inputs } else { 0 }
    }
}

/// What the operation is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// `[batch, inputs, height, width]`.
    pub input: &'a [f32],
    /// `[inputs, tap]`.
    pub depthwise: &'a [f32],
    /// `[outputs, inputs]`; empty if there is no 1x1 convolution.
    pub pointwise: &'a [f32],
    /// Scale and shift after normalisation, if any.
    pub affine: Option<Affine<'a>>,
}

/// What a forward pass leaves besides the output.
#[derive(Debug)]
pub struct Forward {
    /// Mean of each output channel before normalisation, over batch, height and width.
    pub mean: Vec<f32>,
    /// Biased variance of the same.
    pub variance: Vec<f32>,
    /// What [`backward`] needs, if it was asked for.
    pub saved: Option<Saved>,
}

/// What the backward pass needs besides the operands: as much memory as the output. It returns to the
/// crate's pool on drop.
#[derive(Debug)]
pub struct Saved {
    plan: Plan,
    convolved: Convolved,
}

/// The gradients that were wanted, laid out as the operands.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// Of the depthwise weights.
    pub depthwise: Option<Vec<f32>>,
    /// Of the 1x1 weights.
    pub pointwise: Option<Vec<f32>>,
    /// Of gamma.
    pub gamma: Option<Vec<f32>>,
    /// Of beta.
    pub beta: Option<Vec<f32>>,
}

fn check(shape: &SeparableShape, operands: &Operands<'_>) {
    assert!(shape.is_supported(), "sizes that there are no kernels for: {shape:?}");
    assert_eq!(operands.input.len(), shape.input_values(), "length of the input");
    let (depthwise, pointwise) = (shape.depthwise_weights(), shape.pointwise_weights());
    assert_eq!(operands.depthwise.len(), depthwise, "length of the depthwise weights");
    assert_eq!(operands.pointwise.len(), pointwise, "length of the 1x1 weights");
    if let Some(affine) = operands.affine {
        affine.check(shape.outputs);
    }
}
