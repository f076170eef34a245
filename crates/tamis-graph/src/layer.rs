//! The layers that networks are made of: what each does to shapes, and what it costs.
//!
//! A layer names its parameters by their numbers in the layout; it owns no weights. Every layer has one
//! output, of a batch of which one sample is described here.

use std::ops::Range;

use crate::activation::Activation;
use crate::parameters::ParameterLayout;

/// The shape of one sample of a layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `[channel, height, width]`.
    Planes([usize; 3]),
    /// Values without a place.
    Features(usize),
}

impl Shape {
    /// Number of values; the largest number there is, should they be more.
    pub fn values(self) -> usize {
        match self {
            Shape::Planes(sides) => sides.into_iter().fold(1, usize::saturating_mul),
            Shape::Features(values) => values,
        }
    }

    /// Channels, or values without a place.
    pub fn channels(self) -> usize {
        match self {
            Shape::Planes([channels, _, _]) => channels,
            Shape::Features(values) => values,
        }
    }
}

/// What a convolution does, before it is known what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of the output.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one output pixel to the next.
    pub stride: [usize; 2],
    /// Rows above and below, columns left and right, that count as zeros.
    pub padding: [usize; 2],
    /// Pixels from one tap to the next.
    pub dilation: usize,
    /// Groups of channels that see each other alone.
    pub groups: usize,
    /// Whether each output channel has a bias.
    pub bias: bool,
}

impl Convolution {
    /// A square kernel of odd side that keeps the size; no bias.
    pub const fn square(outputs: usize, side: usize) -> Convolution {
        Convolution {
            outputs,
            kernel: [side; 2],
            stride: [1; 2],
            padding: [side / 2; 2],
            dilation: 1,
            groups: 1,
            bias: false,
        }
    }

    /// A square kernel of odd side for every channel by itself, with the padding that keeps the size; no
    /// bias.
    pub const fn depthwise(channels: usize, side: usize, dilation: usize) -> Convolution {
        let padding = [dilation * (side / 2); 2];
        Convolution { padding, dilation, groups: channels, ..Convolution::square(channels, side) }
    }

    /// The same at another stride.
    pub const fn stride(self, stride: usize) -> Convolution {
        Convolution { stride: [stride; 2], ..self }
    }

    /// `[height, width]` of what comes out, if anything does.
    pub(crate) fn size(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let side = |axis: usize| {
            let reach = self.dilation * (self.kernel[axis] - 1) + 1;
            let padded = size[axis] + 2 * self.padding[axis];
            Some(padded.checked_sub(reach)? / self.stride[axis] + 1)
        };
        Some([side(0)?, side(1)?])
    }
}

/// A convolution in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionLayer {
    /// What it does.
    pub convolution: Convolution,
    /// Channels that it reads.
    pub inputs: usize,
    /// Number of its weight, `[out, in / groups, row, column]`. One that several convolutions share may have
    /// more outputs than this one: it takes the first.
    pub weight: usize,
    /// Number of its bias, `[out]`, if it has one.
    pub bias: Option<usize>,
}

impl ConvolutionLayer {
    /// Values of its weight, the first of those that lie there.
    pub fn weight_values(&self) -> usize {
        let Convolution { outputs, kernel: [rows, columns], groups, .. } = self.convolution;
        let of_group = self.inputs / groups.max(1);
        [outputs, of_group, rows, columns].into_iter().fold(1, usize::saturating_mul)
    }
}

/// A window that goes over planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Rows and columns of the window.
    pub side: usize,
    /// Rows and columns from one window to the next.
    pub stride: usize,
    /// Rows and columns around the image that windows may reach into; they are not counted.
    pub padding: usize,
}

impl Pool {
    fn size(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let side =
            |size: usize| Some((size + 2 * self.padding).checked_sub(self.side)? / self.stride + 1);
        Some([side(size[0])?, side(size[1])?])
    }
}

/// Where the mixing weights of a sum stand: its inputs are options that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Number of the matrix.
    pub matrix: usize,
    /// Row of the matrix.
    pub decision: usize,
    /// Column of the first input.
    pub first: usize,
}

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The normalised image that the network is given.
    Image,
    /// A convolution.
    Convolution(ConvolutionLayer),
    /// Two 1x1 convolutions of stride 2, the second on the image without its first row and column, side by
    /// side: the convolutions of DARTS's `FactorizedReduce`. Reads images of even sides.
    FactorizedReduction {
        /// Channels that it reads.
        inputs: usize,
        /// Channels of both together.
        outputs: usize,
        /// Numbers of the weights, `[half of out, in, 1, 1]`; of an odd number the second has more.
        weights: [usize; 2],
    },
    /// Batch norm over batch, height and width; epsilon 1e-5. Its running statistics are kept.
    BatchNorm {
        /// Number of its scale, `[channel]`, which its shift follows; without them 1 and 0.
        affine: Option<usize>,
        /// Its number among the network's batch norms.
        number: usize,
    },
    /// Batch norm without scale and shift that goes by its batch always, in evaluation, too: those of
    /// search cells.
    Normalize,
    /// `max(0, x)`.
    Relu,
    /// Another function of each value.
    Activation(Activation),
    /// The largest value of a window.
    MaxPool(Pool),
    /// The mean of those pixels of a window that lie in the image.
    AveragePool(Pool),
    /// The mean of each channel.
    GlobalAverage,
    /// The channels of the first input, each times the value of the second that is its: the gate of
    /// squeeze-and-excitation (Hu, Shen and Sun, CVPR 2018).
    ScaleChannels,
    /// The sum of all inputs.
    Add,
    /// The sum of all inputs, each times a mixing weight of the caller's: what a supernet decides by. Inputs
    /// of different numbers of channels are first brought to the most that an input that runs has, by
    /// averaging neighbours (see [`averaged_channels`]), and stand before channels of zeros.
    Mix(Mix),
    /// Its input times the sum of all mixing weights of a decision, whether their options run or not: what
    /// goes around the operations of an edge whose weight they carry (PC-DARTS: Xu et al., ICLR 2020).
    Weigh {
        /// Number of the matrix.
        matrix: usize,
        /// Row of the matrix.
        decision: usize,
    },
    /// The channels of all inputs, one input after the other.
    Concatenate,
    /// Zeros in the shape of its input, or in that of every second pixel.
    Zero {
        /// 1 or 2.
        stride: usize,
    },
    /// Every second pixel of every second row, between channels of zeros: the shortcut without parameters
    /// of residual networks (He et al. 2016, option A).
    HalveAndWiden {
        /// Channels of the output; half of the new ones stand before the old, rounded down.
        outputs: usize,
    },
    /// Some channels that follow one another alone: the first, as NAS-Bench-101 fits sums to narrower
    /// vertices, or those behind, as PC-DARTS lets them pass by.
    Channels {
        /// The first of them.
        first: usize,
        /// Channels of the output.
        outputs: usize,
    },
    /// The first channel of every group, then the second of every group, and so on (Zhang et al.:
    /// "ShuffleNet", CVPR 2018).
    Shuffle {
        /// Groups of channels.
        groups: usize,
    },
    /// Every pixel four times: nearest upsampling by 2.
    Upsample,
    /// The values of all planes, one after the other.
    Flatten,
    /// Values as planes.
    Unflatten([usize; 3]),
    /// A linear layer with bias.
    Linear {
        /// Number of its weight, `[out, in]`, which its bias, `[out]`, follows.
        weight: usize,
        /// Values of the output.
        outputs: usize,
    },
    /// While training, with some probability zeros instead of a whole sample, and what is left the larger
    /// for it (Larsson, Maire and Shakhnarovich: "FractalNet", ICLR 2017).
    DropPath {
        /// Its number among the network's layers of this kind, which its draws are keyed by.
        number: usize,
    },
}

impl Layer {
    /// What a layer of this kind is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Layer::Image => "image",
            Layer::Convolution(_) => "convolution",
            Layer::FactorizedReduction { .. } => "factorized_reduction",
            Layer::BatchNorm { .. } => "batch_norm",
            Layer::Normalize => "normalize",
            Layer::Relu => "relu",
            Layer::Activation(activation) => activation.name(),
            Layer::MaxPool(_) => "max_pool",
            Layer::AveragePool(_) => "average_pool",
            Layer::GlobalAverage => "global_average",
            Layer::ScaleChannels => "scale_channels",
            Layer::Add => "add",
            Layer::Mix(_) => "mix",
            Layer::Weigh { .. } => "weigh",
            Layer::Concatenate => "concatenate",
            Layer::Zero { .. } => "zero",
            Layer::HalveAndWiden { .. } => "halve_and_widen",
            Layer::Channels { .. } => "channels",
            Layer::Shuffle { .. } => "shuffle",
            Layer::Upsample => "upsample",
            Layer::Flatten => "flatten",
            Layer::Unflatten(_) => "unflatten",
            Layer::Linear { .. } => "linear",
            Layer::DropPath { .. } => "drop_path",
        }
    }

    /// Numbers of its parameters.
    pub fn parameters(&self) -> Vec<usize> {
        match *self {
            Layer::Convolution(ConvolutionLayer { weight, bias, .. }) => {
                std::iter::once(weight).chain(bias).collect()
            }
            Layer::FactorizedReduction { weights, .. } => weights.to_vec(),
            Layer::BatchNorm { affine: Some(scale), .. } => vec![scale, scale + 1],
            Layer::Linear { weight, .. } => vec![weight, weight + 1],
            _ => Vec::new(),
        }
    }

    /// The shape that comes out of the shapes that go in, or what would have been expected of them.
    pub(crate) fn shape(&self, inputs: &[Shape]) -> Result<Shape, &'static str> {
        match (self, inputs) {
            (Layer::Mix(_), [Shape::Planes(first), ..]) => widest(*first, inputs),
            (Layer::Add | Layer::Mix(_), [first, rest @ ..]) => {
                same(rest.iter().all(|shape| shape == first), *first)
            }
            (Layer::Concatenate, [Shape::Planes(first), ..]) => concatenated(*first, inputs),
            (Layer::Flatten | Layer::GlobalAverage, [Shape::Planes([channels, ..])]) => {
                let flat = matches!(self, Layer::Flatten);
                Ok(Shape::Features(if flat { inputs[0].values() } else { *channels }))
            }
            (Layer::Linear { outputs, .. }, [Shape::Features(_)]) => Ok(Shape::Features(*outputs)),
            (Layer::Relu | Layer::Activation(_) | Layer::DropPath { .. }, [shape]) => Ok(*shape),
            (Layer::ScaleChannels, [planes @ Shape::Planes(_), Shape::Features(_)]) => {
                same(inputs[1].channels() == planes.channels(), *planes)
            }
            (Layer::Unflatten(sides), [Shape::Features(values)]) => {
                let planes = Shape::Planes(*sides);
                same(planes.values() == *values, planes)
            }
            (layer, [Shape::Planes(planes)]) => layer.shape_of_planes(*planes),
            _ => Err("what a layer of its kind can read"),
        }
    }

    fn shape_of_planes(
        &self,
        [channels, height, width]: [usize; 3],
    ) -> Result<Shape, &'static str> {
        let too_small = "images at least as large as the window";
        let sized = |channels: usize, size: [usize; 2]| Shape::Planes([channels, size[0], size[1]]);
        let even = height.is_multiple_of(2) && width.is_multiple_of(2);
        match *self {
            Layer::Convolution(layer) => {
                let size = layer.convolution.size([height, width]).ok_or(too_small)?;
                Ok(sized(layer.convolution.outputs, size))
            }
            Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
                Ok(sized(channels, pool.size([height, width]).ok_or(too_small)?))
            }
            Layer::FactorizedReduction { outputs, .. } | Layer::HalveAndWiden { outputs }
                if even =>
            {
                Ok(sized(outputs, [height / 2, width / 2]))
            }
            Layer::FactorizedReduction { .. } | Layer::HalveAndWiden { .. } => {
                Err("images of even sides")
            }
            Layer::Zero { stride } => {
                Ok(sized(channels, [height.div_ceil(stride), width.div_ceil(stride)]))
            }
            Layer::Channels { first, outputs } if first.saturating_add(outputs) <= channels => {
                Ok(sized(outputs, [height, width]))
            }
            Layer::Channels { .. } => Err("at least as many channels"),
            Layer::Shuffle { groups } if groups > 0 && channels.is_multiple_of(groups) => {
                Ok(sized(channels, [height, width]))
            }
            Layer::Shuffle { .. } => Err("channels that its groups divide"),
            Layer::Upsample => Ok(sized(channels, [2 * height, 2 * width])),
            Layer::BatchNorm { .. } | Layer::Normalize | Layer::Weigh { .. } => {
                Ok(sized(channels, [height, width]))
            }
            _ => Err("what a layer of its kind can read"),
        }
    }

    /// Multiply-adds for one sample of this output: of convolutions and linear layers, the bias of the
    /// latter counted.
    pub fn macs(&self, layout: &ParameterLayout, output: Shape) -> u64 {
        let of_parameters = || -> u64 {
            let length = |number: usize| layout.parameters()[number].length() as u64;
            self.parameters().into_iter().map(length).fold(0, u64::saturating_add)
        };
        let per_pixel = match self {
            Layer::Convolution(layer) => {
                let bias = layer.bias.map_or(0, |_| layer.convolution.outputs);
                layer.weight_values().saturating_add(bias) as u64
            }
            Layer::FactorizedReduction { .. } | Layer::Linear { .. } => of_parameters(),
            _ => 0,
        };
        match output {
            Shape::Planes([_, height, width]) => {
                per_pixel.saturating_mul((height as u64).saturating_mul(width as u64))
            }
            Shape::Features(_) => per_pixel,
        }
    }
}

/// The channels whose mean an output channel is where `from` channels become `to`: PyTorch's adaptive average
/// pooling, along the channels.
pub fn averaged_channels(output: usize, [from, to]: [usize; 2]) -> Range<usize> {
    output * from / to..((output + 1) * from).div_ceil(to)
}

fn same(fits: bool, shape: Shape) -> Result<Shape, &'static str> {
    if fits { Ok(shape) } else { Err("as many values in each") }
}

fn widest(
    [mut channels, height, width]: [usize; 3],
    inputs: &[Shape],
) -> Result<Shape, &'static str> {
    for shape in inputs {
        match shape {
            Shape::Planes([own, rows, columns]) if [*rows, *columns] == [height, width] => {
                channels = channels.max(*own);
            }
            _ => return Err("images of one size"),
        }
    }
    Ok(Shape::Planes([channels, height, width]))
}

fn concatenated([_, height, width]: [usize; 3], inputs: &[Shape]) -> Result<Shape, &'static str> {
    let mut channels = 0_usize;
    for shape in inputs {
        match shape {
            Shape::Planes([more, rows, columns]) if [*rows, *columns] == [height, width] => {
                channels = channels.saturating_add(*more);
            }
            _ => return Err("images of one size"),
        }
    }
    Ok(Shape::Planes([channels, height, width]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged_as_by_adaptive_pooling() {
        let windows = |from: usize, to: usize| -> Vec<Range<usize>> {
            (0..to).map(|output| averaged_channels(output, [from, to])).collect()
        };
        // By hand: from floor(o * from / to) to ceil((o + 1) * from / to).
        assert_eq!(windows(4, 6), [0..1, 0..2, 1..2, 2..3, 2..4, 3..4]);
        assert_eq!(windows(3, 4), [0..1, 0..2, 1..3, 2..3]);
        assert_eq!(windows(5, 2), [0..3, 2..5]);
        assert_eq!(windows(3, 3), [0..1, 1..2, 2..3]);
    }
}
