//! The forward pass: convolve and take moments image by image, then normalise.

use super::layout::Plan;
use super::{Affine, ConvShape, Forward, Operands, Saved, check};
use crate::Level;
use crate::buffer::Buffer;
use crate::destination::Destination;
use crate::elementwise::combine;
use crate::phases::Phase;
use crate::statistics::{Moments, Statistics};
use rayon::prelude::*;

/// Applies convolution and normalisation: writes `output`, or adds to it, and returns the batch
/// statistics, and what [`super::backward`] needs if `keep`.
///
/// # Panics
/// If a slice does not have the length that `shape` says, `shape` has a zero, or its stride is
/// not one of those named there.
pub fn forward(
    shape: &ConvShape,
    operands: &Operands<'_>,
    output: Destination<'_>,
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
    output: Destination<'_>,
    keep: bool,
) -> Forward {
    check(shape, operands);
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
pub fn scaled(shape: &ConvShape, operands: &Operands<'_>, output: Destination<'_>) {
    scaled_at(Level::best(), shape, operands, output);
}

/// [`scaled`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn scaled_at(
    level: Level,
    shape: &ConvShape,
    operands: &Operands<'_>,
    output: Destination<'_>,
) {
    check(shape, operands);
    let saved = convolve(Plan::new(level, *shape), operands);
    let channels = 0..shape.outputs;
    let scales: Vec<(f32, f32)> = match operands.affine {
        Some(Affine { gamma, beta }) => channels.map(|of| (gamma[of], beta[of])).collect(),
        None => vec![(1.0, 0.0); shape.outputs],
    };
    scale(&saved, &scales, output);
}

fn convolve(plan: Plan, operands: &Operands<'_>) -> Saved {
    let ConvShape { batch, outputs, .. } = plan.shape;
    let geometry = &plan.geometry;
    let chunk = plan.schedule.chunk;
    let values = outputs * geometry.flat;
    let mut convolved = Buffer::take(batch * values);
    let mut moments = vec![Moments::default(); batch * outputs];
    let kernel = plan.forward(operands.weights);
    let chunks =
        convolved.par_chunks_mut(chunk * values).zip(moments.par_chunks_mut(chunk * outputs));
    chunks.enumerate().for_each(|(number, (convolved, moments))| {
        let mut bordered = geometry.take_bordered(plan.input_planes());
        let of_images = convolved.chunks_exact_mut(values).zip(moments.chunks_exact_mut(outputs));
        for (image, (convolved, moments)) in (number * chunk..).zip(of_images) {
            let planes = bordered.chunks_exact_mut(geometry.bordered);
            plan.gather(operands.input, image, planes.map(|plane| geometry.inner(plane)));
            kernel.apply(&bordered, convolved, geometry.flat);
            for (moments, plane) in moments.iter_mut().zip(convolved.chunks_exact(geometry.flat)) {
                *moments = Moments::of(plan.level, plane, geometry);
            }
        }
    });
    let statistics = Statistics::of_channels(&moments, outputs, geometry.pixels());
    Saved { plan, convolved, statistics }
}

/// Factor and constant of each channel that normalise it, scale and shift included.
fn normalising(statistics: &[Statistics], affine: Option<&Affine<'_>>) -> Vec<(f32, f32)> {
    let of_channel = |(channel, of): (usize, &Statistics)| {
        let (gamma, beta) = affine.map_or((1.0, 0.0), |of| (of.gamma[channel], of.beta[channel]));
        let factor = f64::from(gamma) * of.inverse_deviation();
        (factor as f32, (f64::from(beta) - factor * of.mean) as f32)
    };
    statistics.iter().enumerate().map(of_channel).collect()
}

/// Writes or adds the convolution, each channel times its factor plus its constant, as plain rows.
fn scale(saved: &Saved, scales: &[(f32, f32)], output: Destination<'_>) {
    let Plan { level, ref geometry, ref shape, .. } = saved.plan;
    let (output, keep) = output.open();
    assert_eq!(output.len(), shape.output_values(), "length of the output");
    let image_values = shape.outputs * geometry.pixels();
    output.par_chunks_mut(image_values).enumerate().for_each(|(image, output)| {
        let mut plane = Buffer::take(geometry.flat);
        for (channel, rows) in output.chunks_exact_mut(geometry.pixels()).enumerate() {
            let (factor, constant) = scales[channel];
            let convolved = geometry.plane(&saved.convolved, image * shape.outputs + channel);
            combine(level, &mut plane, constant, &[(factor, convolved)], &geometry.mask);
            let from = (geometry.stride, &plane[..]);
            Phase::WHOLE.scatter(from, (geometry.width, rows), keep);
        }
    });
}
