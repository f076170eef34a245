//! Any convolution: every kernel, stride, padding, dilation and number of groups, with or without bias.
//!
//! Square ones of 1x1 and 3x3 without groups go to the kernel. For the few layers that it does not take, the
//! 2x2 convolution of an auxiliary head, say, rows of the output are sums of scaled rows of the input, so
//! that the innermost loop runs along a row.

use std::ops::Range;

use rayon::prelude::*;
use tamis_graph::{Convolution, ConvolutionLayer};
use tamis_kernels::chunks::Chunks;
use tamis_kernels::conv_bn::{self, Affine, ConvShape, Kernel, Operands};
use tamis_kernels::{Buffer, Destination};

use super::linear::{self, add_pieces, add_scaled};

/// The kernel that computes a convolution, if one does: of a square one without groups that keeps the size
/// or, at a stride of 2, halves it.
pub(crate) fn dense_kernel(of: &Convolution) -> Option<Kernel> {
    let same = Convolution::square(of.outputs, of.kernel[0]).stride(of.stride[0]);
    let known = [([1, 1], Kernel::One), ([3, 3], Kernel::Three)];
    let (_, kernel) = known.into_iter().find(|(sides, _)| *sides == of.kernel)?;
    (*of == same && of.stride[0] <= 2).then_some(kernel)
}

/// A convolution at its place.
pub(crate) struct AnyConvolution {
    layer: ConvolutionLayer,
    /// `[height, width]` of the input.
    size: [usize; 2],
    /// `[height, width]` of the output.
    output: [usize; 2],
}

impl AnyConvolution {
    pub(crate) fn new(
        layer: ConvolutionLayer,
        input: [usize; 3],
        output: [usize; 3],
    ) -> AnyConvolution {
        AnyConvolution { layer, size: [input[1], input[2]], output: [output[1], output[2]] }
    }

    /// The sizes of a convolution that a kernel has, for so many images.
    fn kernel(&self, batch: usize) -> Option<ConvShape> {
        let kernel = dense_kernel(&self.layer.convolution).filter(|_| !self.is_linear())?;
        let Convolution { outputs, stride: [stride, _], .. } = self.layer.convolution;
        let ([height, width], inputs) = (self.size, self.layer.inputs);
        Some(ConvShape { batch, inputs, outputs, height, width, kernel, stride, relu: false })
    }

    /// Of `[sample, in, height, width]`, by a weight `[out, in / groups, row, column]`.
    pub(crate) fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Buffer {
        let (values, plane) = (self.input_values(), self.output_plane());
        let outputs = self.layer.convolution.outputs;
        if self.is_linear() {
            return linear::forward(input, weight, bias.unwrap_or(&vec![0.0; outputs]));
        }
        if let Some(shape) = self.kernel(input.len() / values) {
            let mut output = Buffer::take(shape.output_values());
            let ones = vec![1.0; outputs];
            let affine = bias.map(|bias| Affine { gamma: &ones, beta: bias });
            let operands = Operands { input, weights: weight, affine };
            conv_bn::scaled(&shape, &operands, Destination::Write(&mut output));
            return output;
        }
        let mut output = Buffer::take(input.len() / values * outputs * plane);
        let samples = output.par_chunks_mut(outputs * plane).zip(input.par_chunks(values));
        samples.for_each(|(output, input)| {
            for (number, to) in output.chunks_exact_mut(plane).enumerate() {
                to.fill(bias.map_or(0.0, |bias| bias[number]));
                self.taps(number, |source, tap, at| {
                    let from = self.input_channel(input, source);
                    self.rows(tap, |[row, read], columns, start| {
                        let to = &mut to[row * self.output[1]..][columns.clone()];
                        self.read(from, read, start, weight[at], to);
                    });
                });
            }
        });
        output
    }

    /// Adds to the gradient of the weight if there is one; gives that of the input if it is `wanted`.
    pub(crate) fn backward(
        &self,
        (input, weight): (&[f32], &[f32]),
        gradient: &[f32],
        of_weight: Option<&mut [f32]>,
        wanted: bool,
    ) -> Option<Buffer> {
        let Some(shape) = self.kernel(input.len() / self.input_values()) else {
            if let Some(of_weight) = of_weight {
                self.weight_gradient(input, gradient, of_weight);
            }
            return wanted.then(|| self.input_gradient(weight, gradient));
        };
        let mut of_input = wanted.then(|| Buffer::take(input.len()));
        let to = of_input.as_deref_mut().map(Destination::Write);
        let operands = Operands { input, weights: weight, affine: None };
        let weights = of_weight.is_some();
        let found = conv_bn::convolve_backward(&shape, &operands, gradient, to, weights);
        if let (Some(of_weight), Some(found)) = (of_weight, found) {
            add_scaled(of_weight, &found, 1.0);
        }
        of_input
    }

    /// The gradient of the input.
    fn input_gradient(&self, weight: &[f32], gradient: &[f32]) -> Buffer {
        let (values, plane) = (self.input_values(), self.output_plane());
        let outputs = self.layer.convolution.outputs;
        if self.is_linear() {
            return linear::input_gradient(weight, values, gradient);
        }
        let mut input = Buffer::zeros(gradient.len() / (outputs * plane) * values);
        let samples = input.par_chunks_mut(values).zip(gradient.par_chunks(outputs * plane));
        samples.for_each(|(input, gradient)| {
            for (number, from) in gradient.chunks_exact(plane).enumerate() {
                self.taps(number, |source, tap, at| {
                    let area = self.size[0] * self.size[1];
                    let to = &mut input[source * area..][..area];
                    self.rows(tap, |[row, read], columns, start| {
                        let from = &from[row * self.output[1]..][columns.clone()];
                        let to = &mut to[read * self.size[1]..][..self.size[1]][start..];
                        let to = to.iter_mut().step_by(self.layer.convolution.stride[1]);
                        to.zip(from).for_each(|(to, from)| *to += weight[at] * from);
                    });
                });
            }
        });
        input
    }

    /// Adds to the gradient of the weight.
    fn weight_gradient(&self, input: &[f32], gradient: &[f32], of_weight: &mut [f32]) {
        let (values, plane) = (self.input_values(), self.output_plane());
        if self.is_linear() {
            return linear::weight_gradient((input, values), gradient, of_weight);
        }
        let of_sample = self.layer.convolution.outputs * plane;
        let (chunks, each) = (Chunks::of(input.len() / values), of_weight.len());
        let mut pieces = vec![0.0; chunks.count() * each];
        pieces.par_chunks_exact_mut(each).enumerate().for_each(|(number, piece)| {
            for sample in chunks.images(number) {
                let input = &input[sample * values..][..values];
                self.add_products(input, &gradient[sample * of_sample..][..of_sample], piece);
            }
        });
        add_pieces(&pieces, of_weight);
    }

    /// Adds to the gradient of the bias.
    pub(crate) fn bias_gradient(&self, gradient: &[f32], of_bias: &mut [f32]) {
        let planes = gradient.chunks_exact(self.output_plane());
        let sums: Vec<f32> = planes.map(|plane| plane.iter().sum()).collect();
        linear::bias_gradient(&sums, of_bias);
    }

    fn add_products(&self, input: &[f32], gradient: &[f32], of_weight: &mut [f32]) {
        for (number, of_output) in gradient.chunks_exact(self.output_plane()).enumerate() {
            self.taps(number, |source, tap, at| {
                let from = self.input_channel(input, source);
                self.rows(tap, |[row, read], columns, start| {
                    let gradient = &of_output[row * self.output[1]..][columns.clone()];
                    let from = &from[read * self.size[1]..][..self.size[1]][start..];
                    of_weight[at] += product(gradient, from, self.layer.convolution.stride[1]);
                });
            });
        }
    }

    /// `to += factor * row`, from column `start` on at this stride.
    fn read(&self, plane: &[f32], row: usize, start: usize, factor: f32, to: &mut [f32]) {
        let from = &plane[row * self.size[1]..][..self.size[1]][start..];
        match self.layer.convolution.stride[1] {
            1 => add_scaled(to, from, factor),
            stride => {
                let from = from.iter().step_by(stride);
                to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
            }
        }
    }

    /// Whether the kernel covers the whole image: rows of one pixel would be slow.
    fn is_linear(&self) -> bool {
        let Convolution { kernel, padding, groups, dilation, .. } = self.layer.convolution;
        kernel == self.size && padding == [0, 0] && groups == 1 && dilation == 1
    }

    fn input_channel<'a>(&self, input: &'a [f32], channel: usize) -> &'a [f32] {
        let area = self.size[0] * self.size[1];
        &input[channel * area..][..area]
    }

    fn input_values(&self) -> usize {
        self.layer.inputs * self.size[0] * self.size[1]
    }

    fn output_plane(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Calls for every tap of one output channel: input channel, `[row, column]` of the kernel, place in
    /// the weight.
    fn taps(&self, output: usize, mut each: impl FnMut(usize, [usize; 2], usize)) {
        let Convolution { outputs, kernel: [rows, columns], groups, .. } = self.layer.convolution;
        let of_group = self.layer.inputs / groups;
        let group = output / (outputs / groups);
        for input in 0..of_group {
            for tap in 0..rows * columns {
                let at = (output * of_group + input) * rows * columns + tap;
                each(group * of_group + input, [tap / columns, tap % columns], at);
            }
        }
    }

    /// Calls for every output row that a tap reads something for: `[output row, input row]`, the output's
    /// columns, and the input's column of the first of them.
    fn rows(&self, tap: [usize; 2], mut each: impl FnMut([usize; 2], Range<usize>, usize)) {
        let Convolution { stride, .. } = self.layer.convolution;
        let columns = self.inside(tap[1], 1);
        if columns.is_empty() {
            return;
        }
        let start =
            columns.start * stride[1] + self.offset(tap[1]) - self.layer.convolution.padding[1];
        for row in self.inside(tap[0], 0) {
            let read = row * stride[0] + self.offset(tap[0]) - self.layer.convolution.padding[0];
            each([row, read], columns.clone(), start);
        }
    }

    fn offset(&self, tap: usize) -> usize {
        tap * self.layer.convolution.dilation
    }

    /// The outputs along an axis whose tap lies inside the input.
    fn inside(&self, tap: usize, axis: usize) -> Range<usize> {
        let Convolution { stride, padding, .. } = self.layer.convolution;
        let offset = self.offset(tap);
        let first = padding[axis].saturating_sub(offset).div_ceil(stride[axis]);
        let end = (self.size[axis] + padding[axis]).saturating_sub(offset).div_ceil(stride[axis]);
        first..end.min(self.output[axis]).max(first)
    }
}

/// `sum of a[k] * b[k stride]`, in eight running sums.
fn product(a: &[f32], b: &[f32], stride: usize) -> f32 {
    const LANES: usize = 8;
    if stride != 1 {
        return a.iter().zip(b.iter().step_by(stride)).map(|(a, b)| a * b).sum();
    }
    let b = &b[..a.len()];
    let mut sums = [0.0_f32; LANES];
    let (whole, other) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = whole.remainder().iter().zip(other.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in whole.zip(other) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}
