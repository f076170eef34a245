//! The operations of the DARTS space, in operations of the tensor library.
//!
//! Every batch norm is by batch statistics, without parameters. Weights come as a cursor over the
//! cell's parameters in the order in which [`describe`] named them.

use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Tensor, activation::relu};

use crate::layers::{Builder, Forward, convolve, normalize};

/// A separable or dilated convolution: ReLU, depthwise, 1x1, batch norm; separable ones twice.
pub(super) struct Depthwise {
    pub(super) name: &'static str,
    pub(super) kernel: usize,
    pub(super) dilation: usize,
}

/// The convolutions of an edge, in the order of their weights and of the operations' columns.
pub(super) const DEPTHWISE: [Depthwise; 4] = [
    Depthwise { name: "sep_conv_3x3", kernel: 3, dilation: 1 },
    Depthwise { name: "sep_conv_5x5", kernel: 5, dilation: 1 },
    Depthwise { name: "dil_conv_3x3", kernel: 3, dilation: 2 },
    Depthwise { name: "dil_conv_5x5", kernel: 5, dilation: 2 },
];

impl Depthwise {
    /// Separable convolutions are applied twice, the second time with stride 1.
    fn twice(&self) -> bool {
        self.dilation == 1
    }

    /// Number of weight tensors.
    pub(super) fn weights(&self) -> usize {
        if self.twice() { 4 } else { 2 }
    }

    pub(super) fn describe(&self, builder: &mut Builder, edge: &str, channels: usize) {
        let Depthwise { name, kernel, .. } = *self;
        let numbers: &[&str] = if self.twice() { &["1", "2"] } else { &[""] };
        for number in numbers {
            let path = format!("{edge}.{name}");
            builder.conv(format!("{path}.depthwise{number}"), [channels, 1, kernel, kernel]);
            builder.conv(format!("{path}.pointwise{number}"), [channels, channels, 1, 1]);
        }
    }

    /// `activated` is the input after its ReLU; `first` numbers the first weight.
    pub(super) fn forward(
        &self,
        activated: Tensor<4>,
        stride: usize,
        first: usize,
        pass: &Forward,
    ) -> Tensor<4> {
        let once = |activated: Tensor<4>, stride: usize, first: usize| {
            let depthwise = self.depthwise(activated, stride, pass.leaves.take::<4>(first));
            normalize(convolve(depthwise, pass.leaves.take::<4>(first + 1), 1, 1), pass)
        };
        let output = once(activated, stride, first);
        if self.twice() { once(relu(output), 1, first + 2) } else { output }
    }

    fn depthwise(&self, input: Tensor<4>, stride: usize, weight: Tensor<4>) -> Tensor<4> {
        let channels = input.dims()[1];
        let padding = self.dilation * (self.kernel - 1) / 2;
        let options = ConvOptions::new([stride; 2], [padding; 2], [self.dilation; 2], channels);
        conv2d(input, weight, None, options)
    }
}

/// 3x3 maximum with padding 1, then batch norm.
pub(super) fn max_pool(input: Tensor<4>, stride: usize, pass: &Forward) -> Tensor<4> {
    let options = MaxPoolOptions::new([3, 3]).with_stride([stride; 2]).with_padding([1, 1]);
    normalize(max_pool2d(input, options), pass)
}

/// 2x2 maximum with stride 2.
pub(super) fn max_2x2(input: Tensor<4>) -> Tensor<4> {
    max_pool2d(input, MaxPoolOptions::new([2, 2]).with_stride([2, 2]))
}

/// 3x3 average with padding 1 that is not counted, then batch norm.
pub(super) fn average_pool(input: Tensor<4>, stride: usize, pass: &Forward) -> Tensor<4> {
    let options = AvgPoolOptions::new([3, 3]).with_stride([stride; 2]).with_padding([1, 1]);
    normalize(avg_pool2d(input, options.with_count_include_pad(false)), pass)
}

/// Halves the image: two 1x1 convolutions with stride 2, the second on the image without its first
/// row and column, side by side, then batch norm.
pub(super) fn factorized_reduce(
    activated: Tensor<4>,
    weights: [Tensor<4>; 2],
    pass: &Forward,
) -> Tensor<4> {
    let [_, _, height, width] = activated.dims();
    let [first, second] = weights;
    let halve =
        |input, weight| conv2d(input, weight, None, ConvOptions::new([2; 2], [0; 2], [1; 2], 1));
    let [batch, channels, _, _] = activated.dims();
    let shifted = activated.clone().slice([0..batch, 0..channels, 1..height, 1..width]);
    let halves = vec![halve(activated, first), halve(shifted, second)];
    normalize(Tensor::cat(halves, 1), pass)
}
