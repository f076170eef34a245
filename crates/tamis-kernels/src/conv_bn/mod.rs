//! A dense convolution followed by batch normalisation with the statistics of the batch.
//!
//! `output = gamma * (y - mean) / sqrt(variance + 1e-5) + beta` with `y` the convolution, without
//! bias, of the input or of its ReLU; gamma 1 and beta 0 if there is no affine part. Stems, residual
//! blocks and plain residual networks are made of it.
//!
//! Kernels are those of [`Kernel`] with a border that keeps the size, divided by a stride of 1 or 2,
//! rounded up. Running statistics are left to the caller, who is given the mean and the biased
//! variance; [`scaled`] evaluates by them, folded into scale and shift. Without an affine part that is the
//! convolution alone, whose gradients [`convolve_backward`] has.

mod backward;
mod forward;
mod layout;

use crate::batch_norm::Convolved;
use layout::Plan;

pub use crate::batch_norm::{Affine, Wants};
pub use backward::{backward, convolve_backward, convolve_backward_at};
pub use forward::{again, forward, forward_at, scaled, scaled_at};

/// Which pixels of the input an output pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 1x1: the pixel at its own place.
    One,
    /// 3x3: the pixel and those around it.
    Three,
    /// The pixel, and the one to the right of and below it. With stride 2 and half of the weights 0
    /// these are the two 1x1 convolutions of DARTS's factorised reduction.
    Diagonal,
}

impl Kernel {
    /// How many pixels of a channel it reads.
    pub fn taps(self) -> usize {
        self.places().len()
    }

    /// Row and column of each tap in the order of the weights, from the tap at the upper left.
    pub(crate) fn places(self) -> &'static [[usize; 2]] {
        match self {
            Kernel::One => &[[0, 0]],
            Kernel::Three => {
                &[[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]
            }
            Kernel::Diagonal => &[[0, 0], [1, 1]],
        }
    }

    /// Rows above, and columns to the left of, the pixel at the output's own place.
    pub(crate) fn border(self) -> usize {
        usize::from(self == Kernel::Three)
    }
}

/// Sizes of a convolution with normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
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
    /// The pixels that are read.
    pub kernel: Kernel,
    /// Rows and columns from one output to the next: 1 or 2.
    pub stride: usize,
    /// Whether the input goes through a ReLU first.
    pub relu: bool,
}

impl ConvShape {
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

    /// Floats of the weights, `[outputs, inputs, tap]`, taps along rows.
    pub fn weights(&self) -> usize {
        self.outputs * self.inputs * self.kernel.taps()
    }
}

/// What the operation is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// `[batch, inputs, height, width]`.
    pub input: &'a [f32],
    /// `[outputs, inputs, tap]`.
    pub weights: &'a [f32],
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

/// What the backward pass needs besides the operands. Memory returns to the crate's pool on drop.
#[derive(Debug)]
pub struct Saved {
    plan: Plan,
    convolved: Convolved,
}

/// The gradients that were wanted, laid out as the operands.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// Of the weights.
    pub weights: Option<Vec<f32>>,
    /// Of gamma.
    pub gamma: Option<Vec<f32>>,
    /// Of beta.
    pub beta: Option<Vec<f32>>,
}

fn check(shape: &ConvShape, operands: &Operands<'_>) {
    assert!(matches!(shape.stride, 1 | 2), "a stride of {}", shape.stride);
    assert!(shape.input_values() > 0 && shape.outputs > 0, "a convolution of no values");
    assert_eq!(operands.input.len(), shape.input_values(), "length of the input");
    assert_eq!(operands.weights.len(), shape.weights(), "length of the weights");
    if let Some(affine) = operands.affine {
        affine.check(shape.outputs);
    }
}
