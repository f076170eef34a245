//! Batch norm by itself, where no convolution stands before it.

use rayon::prelude::*;
use tamis_kernels::Buffer;
use tamis_kernels::chunks::Chunks;

use super::{EPSILON, unbias};
use crate::batch::Moments;

/// Scale and shift of each channel; 1 and 0 if absent.
pub(crate) type Affine<'a> = Option<[&'a [f32]; 2]>;

/// Mean and biased variance of every channel of a batch.
pub(crate) struct Normalised {
    mean: Vec<f64>,
    inverse_deviation: Vec<f64>,
}

/// Normalises by the batch's statistics: the result, what the backward pass needs, and the moments with the
/// unbiased variance.
pub(crate) fn forward(
    input: &[f32],
    [channels, plane]: [usize; 2],
    affine: Affine<'_>,
) -> (Buffer, Normalised, Moments) {
    let sums: Vec<[f64; 2]> = (0..channels)
        .into_par_iter()
        .map(|channel| moments(input, [channels, plane], channel))
        .collect();
    let count = input.len() / channels;
    let inverse = |variance: f64| 1.0 / (variance + EPSILON).sqrt();
    let normalised = Normalised {
        mean: sums.iter().map(|sums| sums[0]).collect(),
        inverse_deviation: sums.iter().map(|sums| inverse(sums[1])).collect(),
    };
    let scales: Vec<[f32; 2]> = (0..channels)
        .map(|channel| {
            let factor = gamma(affine, channel) * normalised.inverse_deviation[channel];
            let shift = affine.map_or(0.0, |[_, beta]| f64::from(beta[channel]));
            [factor as f32, (shift - factor * normalised.mean[channel]) as f32]
        })
        .collect();
    let moments = Moments {
        mean: normalised.mean.clone(),
        variance: sums.iter().map(|sums| sums[1] * unbias(count)).collect(),
    };
    (scaled(input, plane, &scales), normalised, moments)
}

/// Factor and constant of each channel that normalise by given moments.
pub(crate) fn folded(moments: &Moments, affine: Affine<'_>) -> Vec<[f32; 2]> {
    let channels = moments.mean.iter().zip(&moments.variance).enumerate();
    let of_channel = channels.map(|(channel, (mean, variance))| {
        let factor = gamma(affine, channel) / (variance + EPSILON).sqrt();
        let shift = affine.map_or(0.0, |[_, beta]| f64::from(beta[channel]));
        [factor as f32, (shift - factor * mean) as f32]
    });
    of_channel.collect()
}

/// The gradient of the input; adds to those of scale and shift.
pub(crate) fn backward(
    (input, normalised): (&[f32], &Normalised),
    plane: usize,
    affine: Affine<'_>,
    gradient: &[f32],
    of_affine: Option<&mut [f32]>,
) -> Buffer {
    let channels = normalised.mean.len();
    let count = (input.len() / channels) as f64;
    let sums: Vec<[f64; 2]> = (0..channels)
        .into_par_iter()
        .map(|channel| products((input, gradient), [channels, plane], channel, normalised))
        .collect();
    if let Some(of_affine) = of_affine {
        let (scale, shift) = of_affine.split_at_mut(channels);
        for (channel, [sum, product]) in sums.iter().enumerate() {
            scale[channel] += *product as f32;
            shift[channel] += *sum as f32;
        }
    }
    let mut to = Buffer::take(input.len());
    let planes =
        to.par_chunks_mut(plane).zip(input.par_chunks(plane)).zip(gradient.par_chunks(plane));
    planes.enumerate().for_each(|(number, ((to, input), gradient))| {
        let channel = number % channels;
        let (mean, inverse) = (normalised.mean[channel], normalised.inverse_deviation[channel]);
        let factor = gamma(affine, channel) * inverse;
        let [sum, product] = sums[channel];
        // `factor * (g - sum / n - (x - mean) / deviation * product / n)`, as one sum of two products.
        let slope = factor * product * inverse / count;
        let constant = slope * mean - factor * sum / count;
        let (factor, slope, constant) = (factor as f32, slope as f32, constant as f32);
        for ((to, &value), &gradient) in to.iter_mut().zip(input).zip(gradient) {
            *to = factor * gradient - slope * value + constant;
        }
    });
    to
}

fn gamma(affine: Affine<'_>, channel: usize) -> f64 {
    affine.map_or(1.0, |[gamma, _]| f64::from(gamma[channel]))
}

/// The plane of one channel of an image.
fn plane_of(values: &[f32], [channels, plane]: [usize; 2], [image, channel]: [usize; 2]) -> &[f32] {
    &values[(image * channels + channel) * plane..][..plane]
}

/// The sum of numbers, every fourth in a lane of its own, so that additions need not wait for each other.
fn in_lanes(values: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; 4];
    values.enumerate().for_each(|(at, value)| lanes[at % 4] += value);
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// Mean and biased variance of one channel.
fn moments(input: &[f32], shape: [usize; 2], channel: usize) -> [f64; 2] {
    let chunks = Chunks::of(input.len() / (shape[0] * shape[1]));
    let count = (input.len() / shape[0]) as f64;
    let values =
        |image| plane_of(input, shape, [image, channel]).iter().map(|&value| f64::from(value));
    let mean = chunks.total(|image| in_lanes(values(image))) / count;
    let square = |value: f64| (value - mean) * (value - mean);
    [mean, chunks.total(|image| in_lanes(values(image).map(square))) / count]
}

/// `sum(g)` and `sum(g (x - mean)) / deviation` of one channel.
fn products(
    (input, gradient): (&[f32], &[f32]),
    shape: [usize; 2],
    channel: usize,
    normalised: &Normalised,
) -> [f64; 2] {
    let mean = normalised.mean[channel];
    let chunks = Chunks::of(input.len() / (shape[0] * shape[1]));
    let plane = |of, image| plane_of(of, shape, [image, channel]).iter();
    let slopes = |image| plane(gradient, image).map(|&slope| f64::from(slope));
    let product = chunks.total(|image| {
        let pairs = slopes(image).zip(plane(input, image));
        in_lanes(pairs.map(|(slope, &value)| slope * (f64::from(value) - mean)))
    });
    let sum = chunks.total(|image| in_lanes(slopes(image)));
    [sum, product * normalised.inverse_deviation[channel]]
}

/// Multiplies every channel with a factor and adds a constant.
pub(crate) fn scaled(input: &[f32], plane: usize, scales: &[[f32; 2]]) -> Buffer {
    let mut output = Buffer::take(input.len());
    let planes = output.par_chunks_mut(plane).zip(input.par_chunks(plane)).enumerate();
    planes.for_each(|(number, (output, input))| {
        let [factor, constant] = scales[number % scales.len()];
        output.iter_mut().zip(input).for_each(|(to, &value)| *to = factor * value + constant);
    });
    output
}
