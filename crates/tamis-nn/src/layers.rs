//! The layers that networks are made of, as functions of an activation and the pass's weights.
//!
//! A layer here is a small value that remembers the numbers of its parameters; it owns no
//! weights. Activations are `[batch, channel, height, width]`. Convolutions have no bias.

use std::cell::RefCell;

use burn::tensor::module::{avg_pool2d, batch_norm, batch_norm_train, conv2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions};
use burn::tensor::{Tensor, activation::relu};
use tamis_graph::{Init, ParameterLayout};
use tamis_kernels::conv_bn::Kernel;

use crate::fused::{self, ConvNormKind, conv_norm, conv_scaled};
use crate::leaves::Leaves;
use crate::mixing::MixingMatrix;
use crate::statistics::{Mode, Statistics};

/// Added to the variance before its root is taken, everywhere.
pub(crate) const BATCH_NORM_EPSILON: f64 = 1e-5;

/// What a forward pass carries along.
pub(crate) struct Forward<'a> {
    pub(crate) leaves: Leaves<'a>,
    /// The mixing matrices of the network.
    pub(crate) mixing: Vec<MixingMatrix>,
    pub(crate) mode: Mode<'a>,
    /// Whether the fused operations can be used.
    pub(crate) fused: bool,
    /// Whether no gradient is wanted of anything.
    pub(crate) inference: bool,
    /// Mean and variance of each tracked batch norm, in the order of the layers' numbers.
    pub(crate) moments: RefCell<Vec<(Tensor<1>, Tensor<1>)>>,
}

/// Describes a network: names parameters as it adds them, and counts batch norms.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) layout: ParameterLayout,
    pub(crate) norm_channels: Vec<usize>,
}

impl Builder {
    pub(crate) fn conv(&mut self, path: String, shape: [usize; 4]) -> usize {
        let [_, inputs, height, width] = shape;
        let bound = 1.0 / ((inputs * height * width) as f64).sqrt();
        self.layout.push(format!("{path}.weight"), &shape, Init::Uniform { bound })
    }

    /// A batch norm with scale and shift, whose statistics are tracked for evaluation.
    pub(crate) fn norm(&mut self, path: &str, channels: usize) -> Norm {
        let scale = self.layout.push(format!("{path}.weight"), &[channels], Init::Constant(1.0));
        self.layout.push(format!("{path}.bias"), &[channels], Init::Constant(0.0));
        self.norm_channels.push(channels);
        Norm { scale, number: self.norm_channels.len() - 1 }
    }

    pub(crate) fn conv_norm(&mut self, path: &str, shape: [usize; 4], stride: usize) -> ConvNorm {
        let conv = self.conv(format!("{path}.conv"), shape);
        ConvNorm {
            conv,
            norm: self.norm(&format!("{path}.bn"), shape[0]),
            kernel: shape[2],
            stride,
        }
    }

    pub(crate) fn linear(&mut self, path: &str, inputs: usize, outputs: usize) -> Linear {
        let init = Init::Uniform { bound: 1.0 / (inputs as f64).sqrt() };
        let weight = self.layout.push(format!("{path}.weight"), &[outputs, inputs], init);
        Linear { weight, bias: self.layout.push(format!("{path}.bias"), &[outputs], init) }
    }
}

/// Batch norm with scale and shift (its shift is the parameter after its scale).
pub(crate) struct Norm {
    scale: usize,
    number: usize,
}

impl Norm {
    pub(crate) fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let [scale, shift] = self.affine(pass);
        if let Mode::Evaluate(statistics) = pass.mode {
            let (mean, variance) = statistics.of(self.number);
            let (mean, variance) = (pass.leaves.fixed(mean), pass.leaves.fixed(variance));
            return batch_norm(input, scale, shift, mean, variance, BATCH_NORM_EPSILON);
        }
        let normalized = batch_norm_train(input, scale, shift, BATCH_NORM_EPSILON);
        self.track(normalized.mean, normalized.variance, &normalized.output, pass);
        normalized.output
    }

    /// Scale and shift that do to an input what evaluation by `statistics` does:
    /// `scale / sqrt(variance + epsilon)` and `shift - mean * ` that.
    fn folded(&self, statistics: &Statistics, pass: &Forward) -> [Tensor<1>; 2] {
        let [scale, shift] = self.affine(pass);
        let (mean, variance) = statistics.of(self.number);
        let inverse = variance.iter().map(|value| 1.0 / (value + BATCH_NORM_EPSILON).sqrt());
        let factor = scale * pass.leaves.fixed(inverse.collect());
        [factor.clone(), shift - factor * pass.leaves.fixed(mean)]
    }

    fn affine(&self, pass: &Forward) -> [Tensor<1>; 2] {
        [pass.leaves.take::<1>(self.scale), pass.leaves.take::<1>(self.scale + 1)]
    }

    /// Notes the moments of a batch whose biased variance is given, for running statistics.
    fn track(&self, mean: Tensor<1>, variance: Tensor<1>, output: &Tensor<4>, pass: &Forward) {
        let [batch, _, height, width] = output.dims();
        let unbiased = variance * unbias(batch * height * width);
        pass.moments.borrow_mut().push((mean, unbiased));
    }
}

/// What turns the variance over `count` values into the unbiased estimate that running
/// statistics follow.
pub(crate) fn unbias(count: usize) -> f64 {
    count as f64 / (count as f64 - 1.0).max(1.0)
}

/// Convolution without bias, then batch norm.
pub(crate) struct ConvNorm {
    conv: usize,
    norm: Norm,
    kernel: usize,
    stride: usize,
}

impl ConvNorm {
    pub(crate) fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        self.run(input, pass, false)
    }

    /// ReLU first, as cells and residual blocks have it.
    pub(crate) fn forward_after_relu(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        self.run(input, pass, true)
    }

    fn run(&self, input: Tensor<4>, pass: &Forward, relu_first: bool) -> Tensor<4> {
        let weight = pass.leaves.take::<4>(self.conv);
        let kernel = if self.kernel == 1 { Kernel::One } else { Kernel::Three };
        let kind = ConvNormKind { kernel, stride: self.stride, relu: relu_first };
        match pass.mode {
            Mode::Train if pass.fused => {
                let affine = self.norm.affine(pass);
                let (output, mean, variance) = conv_norm(input, weight, affine, kind);
                self.norm.track(mean, variance, &output, pass);
                return output;
            }
            Mode::Evaluate(statistics) if pass.fused && pass.inference => {
                return conv_scaled(input, weight, self.norm.folded(statistics, pass), kind);
            }
            _ => {}
        }
        let input = if relu_first { relu(input) } else { input };
        self.norm.forward(convolve(input, weight, self.kernel, self.stride), pass)
    }
}

/// Linear classifier.
pub(crate) struct Linear {
    weight: usize,
    bias: usize,
}

impl Linear {
    /// From features `[batch, in]` to logits `[batch, out]`.
    pub(crate) fn forward(&self, input: Tensor<2>, pass: &Forward) -> Tensor<2> {
        let weight = pass.leaves.take::<2>(self.weight).transpose();
        input.matmul(weight) + pass.leaves.take::<1>(self.bias).unsqueeze()
    }
}

/// Convolution with "same" padding for odd kernels.
pub(crate) fn convolve(
    input: Tensor<4>,
    weight: Tensor<4>,
    kernel: usize,
    stride: usize,
) -> Tensor<4> {
    let padding = (kernel - 1) / 2;
    let options = ConvOptions::new([stride; 2], [padding; 2], [1, 1], 1);
    conv2d(input, weight, None, options)
}

/// ReLU, convolution and batch norm as [`normalize`] in one fused operation, on a network that can
/// use those.
pub(crate) fn relu_conv_normalize(
    input: Tensor<4>,
    weight: Tensor<4>,
    (kernel, stride): (Kernel, usize),
    pass: &Forward,
) -> Tensor<4> {
    let affine = [1.0, 0.0].map(|value| pass.leaves.constant(value, weight.dims()[0]));
    conv_norm(input, weight, affine, ConvNormKind { kernel, stride, relu: true }).0
}

/// Batch norm by batch statistics, without scale and shift, not tracked.
pub(crate) fn normalize(input: Tensor<4>, pass: &Forward) -> Tensor<4> {
    let channels = input.dims()[1];
    let (one, zero) = (pass.leaves.constant(1.0, channels), pass.leaves.constant(0.0, channels));
    batch_norm_train(input, one, zero, BATCH_NORM_EPSILON).output
}

/// 3x3 average pooling, stride 1; the divisor counts pixels inside the image only.
pub(crate) fn average_3x3(input: Tensor<4>) -> Tensor<4> {
    let options = AvgPoolOptions::new([3, 3]).with_stride([1, 1]).with_padding([1, 1]);
    avg_pool2d(input, options.with_count_include_pad(false))
}

/// 2x2 average pooling, stride 2, of images with even sides.
pub(crate) fn average_2x2(input: Tensor<4>, pass: &Forward) -> Tensor<4> {
    if pass.fused {
        return fused::average_2x2(input);
    }
    avg_pool2d(input, AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
}

/// Mean over height and width: `[batch, channel]`.
pub(crate) fn global_average(input: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = input.dims();
    input.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
}
