//! Layers that move or scale planes without sums over channels.

use rayon::prelude::*;
use tamis_graph::Activation;
use tamis_kernels::Buffer;

use crate::values::PIECE;

/// `max(0, x)`.
pub(crate) fn relu(input: &[f32]) -> Buffer {
    let mut output = Buffer::take(input.len());
    output.par_chunks_mut(PIECE).zip(input.par_chunks(PIECE)).for_each(|(to, from)| {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from.max(0.0));
    });
    output
}

/// The gradient where the ReLU's output is positive, zeros elsewhere.
pub(crate) fn relu_backward(output: &[f32], gradient: &mut [f32]) {
    gradient.par_chunks_mut(PIECE).zip(output.par_chunks(PIECE)).for_each(|(to, output)| {
        to.iter_mut()
            .zip(output)
            .for_each(|(to, &value)| *to = if value > 0.0 { *to } else { 0.0 });
    });
}

/// A function of each value.
pub(crate) fn activation(input: &[f32], activation: Activation) -> Buffer {
    match activation {
        Activation::Relu6 => mapped(input, |x| Activation::Relu6.value(x)),
        Activation::HardSwish => mapped(input, |x| Activation::HardSwish.value(x)),
        Activation::HardSigmoid => mapped(input, |x| Activation::HardSigmoid.value(x)),
    }
}

/// Its gradient, given what went into the function.
pub(crate) fn activation_backward(input: &[f32], activation: Activation, gradient: &mut [f32]) {
    match activation {
        Activation::Relu6 => sloped(input, gradient, |x| Activation::Relu6.slope(x)),
        Activation::HardSwish => sloped(input, gradient, |x| Activation::HardSwish.slope(x)),
        Activation::HardSigmoid => sloped(input, gradient, |x| Activation::HardSigmoid.slope(x)),
    }
}

fn mapped(input: &[f32], value: impl Fn(f32) -> f32 + Sync) -> Buffer {
    let mut output = Buffer::take(input.len());
    output.par_chunks_mut(PIECE).zip(input.par_chunks(PIECE)).for_each(|(to, from)| {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = value(from));
    });
    output
}

fn sloped(input: &[f32], gradient: &mut [f32], slope: impl Fn(f32) -> f32 + Sync) {
    gradient.par_chunks_mut(PIECE).zip(input.par_chunks(PIECE)).for_each(|(to, from)| {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to *= slope(from));
    });
}

/// Every value times a factor.
pub(crate) fn scaled(input: &[f32], factor: f32) -> Buffer {
    let mut output = Buffer::take(input.len());
    output.par_chunks_mut(PIECE).zip(input.par_chunks(PIECE)).for_each(|(to, from)| {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = factor * from);
    });
    output
}

/// Every plane times its scale, `[sample, channel]`.
pub(crate) fn scale_channels(input: &[f32], scales: &[f32], plane: usize) -> Buffer {
    let mut output = Buffer::take(input.len());
    let planes = output.par_chunks_mut(plane).zip(input.par_chunks(plane)).zip(scales);
    planes.for_each(|((to, from), &scale)| {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = scale * from);
    });
    output
}

/// The sum of the products of two inputs over each plane.
pub(crate) fn plane_products(a: &[f32], b: &[f32], plane: usize) -> Buffer {
    let product = |(a, b): (&[f32], &[f32])| {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
    };
    let mut output = Buffer::take(a.len() / plane);
    let planes = output.par_iter_mut().zip(a.par_chunks(plane).zip(b.par_chunks(plane)));
    planes.for_each(|(to, planes)| *to = product(planes));
    output
}

/// The mean of each plane.
pub(crate) fn global_average(input: &[f32], plane: usize) -> Buffer {
    let mean = |plane: &[f32]| {
        (plane.iter().map(|&value| f64::from(value)).sum::<f64>() / plane.len() as f64) as f32
    };
    let mut output = Buffer::take(input.len() / plane);
    output.par_iter_mut().zip(input.par_chunks(plane)).for_each(|(to, plane)| *to = mean(plane));
    output
}

/// Spreads each plane's gradient evenly.
pub(crate) fn global_average_backward(gradient: &[f32], plane: usize) -> Buffer {
    let mut to = Buffer::take(gradient.len() * plane);
    let planes = to.par_chunks_mut(plane).zip(gradient.par_iter());
    planes.for_each(|(to, &slope)| to.fill(slope / plane as f32));
    to
}

/// The values of several inputs side by side, each given with its values a sample.
pub(crate) fn concatenate(inputs: &[(&[f32], usize)], batch: usize) -> Buffer {
    let all = inputs.iter().map(|(_, values)| values).sum::<usize>();
    let mut output = Buffer::take(batch * all);
    output.par_chunks_mut(all.max(1)).enumerate().for_each(|(sample, mut output)| {
        for &(input, values) in inputs {
            let (own, rest) = output.split_at_mut(values);
            own.copy_from_slice(&input[sample * values..][..values]);
            output = rest;
        }
    });
    output
}

/// A part of the values, such as those of a gradient that belong to one of the concatenated: so many a
/// sample, after so many others.
pub(crate) fn part(gradient: &[f32], [values, before, all]: [usize; 3]) -> Buffer {
    let mut to = Buffer::take(gradient.len() / all * values);
    let samples = to.par_chunks_mut(values.max(1)).zip(gradient.par_chunks(all));
    samples.for_each(|(to, from)| to.copy_from_slice(&from[before..][..values]));
    to
}

/// The gradient of values of which so many of a sample went on, after so many others, of all there are.
pub(crate) fn part_backward(gradient: &[f32], [kept, before, all]: [usize; 3]) -> Buffer {
    let mut to = Buffer::take(gradient.len() / kept.max(1) * all);
    let samples = to.par_chunks_mut(all).zip(gradient.par_chunks(kept.max(1)));
    samples.for_each(|(to, from)| {
        to[..before].fill(0.0);
        to[before..][..kept].copy_from_slice(from);
        to[before + kept..].fill(0.0);
    });
    to
}

/// The first plane of every group, then the second of every group, and so on: groups of so many planes.
pub(crate) fn shuffle(input: &[f32], [groups, of_group]: [usize; 2], plane: usize) -> Buffer {
    let channels = groups * of_group;
    let mut output = Buffer::take(input.len());
    output.par_chunks_mut(plane).enumerate().for_each(|(number, to)| {
        let (sample, place) = (number / channels, number % channels);
        let from = place % groups * of_group + place / groups;
        to.copy_from_slice(&input[(sample * channels + from) * plane..][..plane]);
    });
    output
}

/// Multiplies every sample with its factor.
pub(crate) fn scale_samples(values: &mut [f32], factors: &[f32]) {
    let each = values.len() / factors.len().max(1);
    values.par_chunks_mut(each.max(1)).zip(factors).for_each(|(values, factor)| {
        values.iter_mut().for_each(|value| *value *= factor);
    });
}

/// Every second pixel of every second row, between channels of zeros; see `Layer::HalveAndWiden`.
pub(crate) fn halve_and_widen(
    input: &[f32],
    [channels, height, width]: [usize; 3],
    outputs: usize,
) -> Buffer {
    let (batch, half) = (input.len() / (channels * height * width), height / 2 * (width / 2));
    let mut output = Buffer::zeros(batch * outputs * half);
    let before = (outputs - channels) / 2;
    let samples =
        output.par_chunks_mut(outputs * half).zip(input.par_chunks(channels * height * width));
    samples.for_each(|(output, input)| {
        let planes = output[before * half..].chunks_exact_mut(half);
        for (to, from) in planes.zip(input.chunks_exact(height * width)) {
            let pixels = from.chunks_exact(width).step_by(2).flat_map(|row| row.iter().step_by(2));
            to.iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
        }
    });
    output
}

/// Gradient of the input of [`halve_and_widen`].
pub(crate) fn halve_and_widen_backward(
    gradient: &[f32],
    [channels, height, width]: [usize; 3],
    outputs: usize,
) -> Buffer {
    let half = height / 2 * (width / 2);
    let batch = gradient.len() / (outputs * half);
    let mut to = Buffer::zeros(batch * channels * height * width);
    let before = (outputs - channels) / 2;
    let samples =
        to.par_chunks_mut(channels * height * width).zip(gradient.par_chunks(outputs * half));
    samples.for_each(|(to, gradient)| {
        let planes =
            to.chunks_exact_mut(height * width).zip(gradient[before * half..].chunks_exact(half));
        for (to, from) in planes {
            let rows = to.chunks_exact_mut(width).step_by(2);
            let pixels = rows.flat_map(|row| row.iter_mut().step_by(2));
            pixels.zip(from).for_each(|(to, from)| *to = *from);
        }
    });
    to
}

/// Every pixel four times.
pub(crate) fn upsample(input: &[f32], width: usize) -> Buffer {
    let mut output = Buffer::take(4 * input.len());
    let rows = output.par_chunks_mut(4 * width).zip(input.par_chunks(width));
    rows.for_each(|(two, row)| {
        let (upper, lower) = two.split_at_mut(2 * width);
        for (pair, value) in upper.chunks_exact_mut(2).zip(row) {
            pair.fill(*value);
        }
        lower.copy_from_slice(upper);
    });
    output
}

/// Gradient of the input of [`upsample`], whose rows have `width` pixels: the sum of the four.
pub(crate) fn upsample_backward(gradient: &[f32], width: usize) -> Buffer {
    let mut to = Buffer::take(gradient.len() / 4);
    let rows = to.par_chunks_mut(width).zip(gradient.par_chunks(4 * width));
    rows.for_each(|(row, two)| {
        let (upper, lower) = two.split_at(2 * width);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        for (to, (upper, lower)) in row.iter_mut().zip(pairs) {
            *to = upper[0] + upper[1] + lower[0] + lower[1];
        }
    });
    to
}
