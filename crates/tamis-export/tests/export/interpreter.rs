//! What a network computes when it predicts, in double precision and as plainly as it can be said: one loop
//! for each layer, written from the description of the layers alone.

use tamis_export::Trained;
use tamis_graph::{Activation, Convolution, Graph, Layer, Node, Pool, Shape};

/// One sample of what a layer gives: planes, or values as planes of one pixel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    pub(crate) sides: [usize; 3],
    pub(crate) values: Vec<f64>,
}

impl Planes {
    pub(crate) fn new(sides: [usize; 3], value: impl Fn(usize, usize, usize) -> f64) -> Planes {
        let [channels, height, width] = sides;
        let mut values = Vec::with_capacity(channels * height * width);
        for channel in 0..channels {
            for row in 0..height {
                (0..width).for_each(|column| values.push(value(channel, row, column)));
            }
        }
        Planes { sides, values }
    }

    fn at(&self, channel: usize, row: usize, column: usize) -> f64 {
        let [_, height, width] = self.sides;
        self.values[(channel * height + row) * width + column]
    }

    /// Zero outside of the image.
    fn around(&self, channel: usize, row: isize, column: isize) -> f64 {
        let [_, height, width] = self.sides;
        let inside = (0..height as isize).contains(&row) && (0..width as isize).contains(&column);
        if inside { self.at(channel, row as usize, column as usize) } else { 0.0 }
    }
}

/// The main output for one normalised image.
pub(crate) fn interpret(trained: &Trained<'_>, image: &[f64]) -> Vec<f64> {
    let graph = trained.graph;
    let mut results: Vec<Planes> = Vec::new();
    for node in graph.nodes() {
        let inputs: Vec<&Planes> = node.inputs.iter().map(|id| &results[id.index()]).collect();
        let result = match node.layer {
            Layer::Image => Planes { sides: graph.image(), values: image.to_vec() },
            _ => apply(trained, node, &inputs),
        };
        let sides = match node.shape {
            Shape::Planes(sides) => sides,
            Shape::Features(values) => [values, 1, 1],
        };
        assert_eq!(result.sides, sides, "{}", node.path);
        results.push(result);
    }
    results[graph.outputs()[0].node.index()].values.clone()
}

fn apply(trained: &Trained<'_>, node: &Node, inputs: &[&Planes]) -> Planes {
    let x = inputs[0];
    let [channels, height, width] = x.sides;
    let values = |number: usize| values(trained, number);
    match node.layer {
        Layer::Image => unreachable!(),
        Layer::Convolution(layer) => {
            let bias = layer.bias.map(values);
            convolve(&layer.convolution, &values(layer.weight), bias.as_deref(), x)
        }
        Layer::FactorizedReduction { outputs, weights: [first, second], .. } => {
            let (first, second) = (values(first), values(second));
            Planes::new([outputs, height / 2, width / 2], |channel, row, column| {
                let half = outputs / 2;
                let (weights, shift, channel) = if channel < half {
                    (&first, 0, channel)
                } else {
                    (&second, 1, channel - half)
                };
                let product = |input: usize| {
                    weights[channel * channels + input]
                        * x.at(input, 2 * row + shift, 2 * column + shift)
                };
                (0..channels).map(product).sum()
            })
        }
        Layer::BatchNorm { affine, number } => {
            let (mean, variance) = (&trained.means[number], &trained.variances[number]);
            let scale = affine.map_or(vec![1.0; channels], values);
            let shift = affine.map_or(vec![0.0; channels], |scale| values(scale + 1));
            Planes::new(x.sides, |channel, row, column| {
                let centered = x.at(channel, row, column) - mean[channel];
                centered / (variance[channel] + 1e-5).sqrt() * scale[channel] + shift[channel]
            })
        }
        Layer::MaxPool(pool) => {
            pooled(x, pool, |window| window.iter().copied().fold(f64::MIN, f64::max))
        }
        Layer::AveragePool(pool) => {
            pooled(x, pool, |window| window.iter().sum::<f64>() / window.len() as f64)
        }
        Layer::GlobalAverage => Planes::new([channels, 1, 1], |channel, _, _| {
            let plane = height * width;
            x.values[channel * plane..][..plane].iter().sum::<f64>() / plane as f64
        }),
        Layer::ScaleChannels => Planes::new(x.sides, |channel, row, column| {
            x.at(channel, row, column) * inputs[1].values[channel]
        }),
        Layer::Add => Planes::new(x.sides, |channel, row, column| {
            inputs.iter().map(|input| input.at(channel, row, column)).sum()
        }),
        Layer::Concatenate => {
            let values: Vec<f64> = inputs.iter().flat_map(|input| input.values.clone()).collect();
            Planes { sides: [values.len() / (height * width), height, width], values }
        }
        Layer::Linear { weight, outputs } => {
            let (weights, bias) = (values(weight), values(weight + 1));
            Planes::new([outputs, 1, 1], |output, _, _| {
                let row = &weights[output * x.values.len()..][..x.values.len()];
                row.iter().zip(&x.values).map(|(weight, value)| weight * value).sum::<f64>()
                    + bias[output]
            })
        }
        _ => rearranged(node.layer, x),
    }
}

fn rearranged(layer: Layer, x: &Planes) -> Planes {
    let [channels, height, width] = x.sides;
    match layer {
        Layer::Relu => {
            Planes { values: x.values.iter().map(|value| value.max(0.0)).collect(), ..x.clone() }
        }
        Layer::Activation(of) => {
            let value = |&value: &f64| match of {
                Activation::Relu6 => value.clamp(0.0, 6.0),
                Activation::HardSwish => value * (value + 3.0).clamp(0.0, 6.0) / 6.0,
                Activation::HardSigmoid => (value + 3.0).clamp(0.0, 6.0) / 6.0,
            };
            Planes { values: x.values.iter().map(value).collect(), ..x.clone() }
        }
        Layer::DropPath { .. } => x.clone(),
        Layer::Zero { stride } => {
            Planes::new([channels, height.div_ceil(stride), width.div_ceil(stride)], |_, _, _| 0.0)
        }
        Layer::HalveAndWiden { outputs } => {
            let before = (outputs - channels) / 2;
            Planes::new([outputs, height / 2, width / 2], |channel, row, column| {
                let inside = (before..before + channels).contains(&channel);
                if inside { x.at(channel - before, 2 * row, 2 * column) } else { 0.0 }
            })
        }
        Layer::Channels { first, outputs } => {
            Planes::new([outputs, height, width], |channel, row, column| {
                x.at(first + channel, row, column)
            })
        }
        Layer::Shuffle { groups } => Planes::new(x.sides, |channel, row, column| {
            x.at(channel % groups * (channels / groups) + channel / groups, row, column)
        }),
        Layer::Upsample => {
            Planes::new([channels, 2 * height, 2 * width], |channel, row, column| {
                x.at(channel, row / 2, column / 2)
            })
        }
        Layer::Flatten => Planes { sides: [x.values.len(), 1, 1], ..x.clone() },
        Layer::Unflatten(sides) => Planes { sides, ..x.clone() },
        other => unreachable!("{}", other.kind()),
    }
}

fn convolve(what: &Convolution, weights: &[f64], bias: Option<&[f64]>, x: &Planes) -> Planes {
    let &Convolution { outputs, kernel, stride, padding, dilation, groups, .. } = what;
    let side = |axis: usize| {
        let reach = dilation * (kernel[axis] - 1) + 1;
        (x.sides[axis + 1] + 2 * padding[axis] - reach) / stride[axis] + 1
    };
    let (of_group, outputs_of_group) = (x.sides[0] / groups, outputs / groups);
    Planes::new([outputs, side(0), side(1)], |output, row, column| {
        let mut sum = bias.map_or(0.0, |bias| bias[output]);
        for input in 0..of_group {
            for (i, j) in (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j))) {
                let weight = weights[((output * of_group + input) * kernel[0] + i) * kernel[1] + j];
                let row = (row * stride[0] + i * dilation) as isize - padding[0] as isize;
                let column = (column * stride[1] + j * dilation) as isize - padding[1] as isize;
                sum += weight * x.around(output / outputs_of_group * of_group + input, row, column);
            }
        }
        sum
    })
}

/// What `of` makes of those pixels of each window that lie in the image.
fn pooled(x: &Planes, Pool { side, stride, padding }: Pool, of: impl Fn(&[f64]) -> f64) -> Planes {
    let [channels, height, width] = x.sides;
    let count = |length: usize| (length + 2 * padding - side) / stride + 1;
    Planes::new([channels, count(height), count(width)], |channel, row, column| {
        let inside = |at: usize, length: usize| {
            (at * stride..at * stride + side)
                .filter(move |&at| at >= padding && at < length + padding)
        };
        let rows = inside(row, height);
        let pixels = rows.flat_map(|row| inside(column, width).map(move |column| (row, column)));
        let window: Vec<f64> =
            pixels.map(|(row, column)| x.at(channel, row - padding, column - padding)).collect();
        of(&window)
    })
}

fn values(trained: &Trained<'_>, number: usize) -> Vec<f64> {
    let parameter = &Graph::parameters(trained.graph).parameters()[number];
    trained.weights[parameter.range()].iter().map(|&value| f64::from(value)).collect()
}
