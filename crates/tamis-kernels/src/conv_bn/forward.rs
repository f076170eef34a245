//! The forward pass: convolve and take moments image by image, then normalise.

use super::layout::Plan;
use super::{Affine, ConvShape, Forward, Operands, Saved};
use crate::Level;
use crate::buffer::Buffer;
use crate::elementwise::{combine, relu_in_place};
use crate::statistics::{Moments, Statistics};
use rayon::prelude::*;

/// Applies convolution and normalisation: writes `output` and returns the batch statistics, and
/// what [`super::backward`] needs if `keep`.
///
/// # Panics
/// If a slice does not have the length that `shape` says, `shape` has a zero, or its stride is
/// not one of those named there.
pub fn forward(
    shape: &ConvShape,
    operands: &Operands<'_>,
    output: &mut [f32],
    keep: bool,
) -> Forward {
    forward_at(Level::best(), shape, operands, output, keep)
}

/// [`forward`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn forward_at(
    level: Level,
    shape: &ConvShape,
    operands: &Operands<'_>,
    output: &mut [f32],
    keep: bool,
) -> Forward {
    check(shape, operands);
    assert_eq!(output.len(), shape.output_values(), "length of the output");
    let plan = Plan::new(level, *shape);
    let saved = convolve(plan, operands);
    let scales = normalising(&saved.statistics, operands.affine.as_ref());
    scale(&saved, &scales, output);
    Forward {
        mean: saved.statistics.iter().map(|of| of.mean as f32).collect(),
        variance: saved.statistics.iter().map(|of| of.variance as f32).collect(),
        saved: keep.then_some(saved),
    }
}

/// Applies the convolution and then scale and shift alone, without normalisation: how a network
/// evaluates once running statistics are folded into scale and shift.
///
/// # Panics
/// As [`forward`].
pub fn scaled(shape: &ConvShape, operands: &Operands<'_>, output: &mut [f32]) {
    scaled_at(Level::best(), shape, operands, output);
}

/// [`scaled`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn scaled_at(level: Level, shape: &ConvShape, operands: &Operands<'_>, output: &mut [f32]) {
    check(shape, operands);
    assert_eq!(output.len(), shape.output_values(), "length of the output");
    let saved = convolve(Plan::new(level, *shape), operands);
    let channels = 0..shape.outputs;
    let scales: Vec<(f32, f32)> = match operands.affine {
        Some(Affine { gamma, beta }) => channels.map(|of| (gamma[of], beta[of])).collect(),
        None => vec![(1.0, 0.0); shape.outputs],
    };
    scale(&saved, &scales, output);
}

fn check(shape: &ConvShape, operands: &Operands<'_>) {
    assert!(matches!(shape.stride, 1 | 2), "a stride of {}", shape.stride);
    assert!(shape.input_values() > 0 && shape.outputs > 0, "a convolution of no values");
    assert_eq!(operands.input.len(), shape.input_values(), "length of the input");
    assert_eq!(operands.weights.len(), shape.weights(), "length of the weights");
    if let Some(Affine { gamma, beta }) = operands.affine {
        assert_eq!(gamma.len(), shape.outputs, "length of gamma");
        assert_eq!(beta.len(), shape.outputs, "length of beta");
    }
}

fn convolve(plan: Plan, operands: &Operands<'_>) -> Saved {
    let ConvShape { batch, outputs, .. } = plan.shape;
    let chunk = plan.schedule.chunk;
    let values = plan.input_planes() * plan.geometry.flat;
    let convolved_values = outputs * plan.geometry.flat;
    let mut value = Buffer::take(batch * values);
    let mut convolved = Buffer::take(batch * convolved_values);
    let mut moments = vec![Moments::default(); batch * outputs];
    let kernel = plan.forward(operands.weights);
    let chunks = value
        .par_chunks_mut(chunk * values)
        .zip(convolved.par_chunks_mut(chunk * convolved_values))
        .zip(moments.par_chunks_mut(chunk * outputs));
    chunks.enumerate().for_each(|(number, ((value, convolved), moments))| {
        let mut bordered = plan.geometry.take_bordered(plan.input_planes());
        let of_images = value
            .chunks_exact_mut(values)
            .zip(convolved.chunks_exact_mut(convolved_values))
            .zip(moments.chunks_exact_mut(outputs));
        for (image, ((value, convolved), moments)) in (number * chunk..).zip(of_images) {
            gather(&plan, operands.input, image, value);
            plan.geometry.border(value, &mut bordered);
            kernel.apply(&bordered, convolved, plan.geometry.flat);
            for (moments, plane) in
                moments.iter_mut().zip(convolved.chunks_exact(plan.geometry.flat))
            {
                *moments = Moments::of(plan.level, plane, &plan.geometry);
            }
        }
    });
    let statistics = Statistics::of_channels(&moments, outputs, plan.geometry.pixels());
    Saved { plan, value, convolved, statistics }
}

/// Copies one image into flat planes of its phases, through the ReLU if there is one.
fn gather(plan: &Plan, input: &[f32], image: usize, to: &mut [f32]) {
    let ConvShape { inputs, height, width, .. } = plan.shape;
    let image = &input[image * inputs * height * width..][..inputs * height * width];
    for (&phase, to) in plan.phases.iter().zip(to.chunks_exact_mut(inputs * plan.geometry.flat)) {
        let channels = image.chunks_exact(height * width);
        for (rows, to) in channels.zip(to.chunks_exact_mut(plan.geometry.flat)) {
            plan.gather(rows, phase, to);
        }
    }
    if plan.shape.relu {
        relu_in_place(plan.level, to);
    }
}

/// Factor and constant of each channel that normalise it, scale and shift included.
fn normalising(statistics: &[Statistics], affine: Option<&Affine<'_>>) -> Vec<(f32, f32)> {
    let of_channels = statistics.iter().enumerate().map(|(channel, of)| {
        let (gamma, beta) = affine.map_or((1.0, 0.0), |of| (of.gamma[channel], of.beta[channel]));
        let factor = f64::from(gamma) * of.inverse_deviation();
        (factor as f32, (f64::from(beta) - factor * of.mean) as f32)
    });
    of_channels.collect()
}

/// Writes the convolution, each channel times its factor plus its constant, as plain rows.
fn scale(saved: &Saved, scales: &[(f32, f32)], output: &mut [f32]) {
    let Plan { level, ref geometry, ref shape, .. } = saved.plan;
    let image_values = shape.outputs * geometry.pixels();
    output.par_chunks_mut(image_values).enumerate().for_each(|(image, output)| {
        let mut plane = Buffer::take(geometry.flat);
        for (channel, rows) in output.chunks_exact_mut(geometry.pixels()).enumerate() {
            let (factor, constant) = scales[channel];
            let convolved = geometry.plane(&saved.convolved, image * shape.outputs + channel);
            combine(level, &mut plane, constant, &[(factor, convolved)], &geometry.mask);
            geometry.unflatten(&plane, rows);
        }
    });
}
