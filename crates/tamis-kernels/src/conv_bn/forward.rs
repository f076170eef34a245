//! The forward pass: convolve and take moments image by image, then normalise.

use super::layout::Plan;
use super::{Affine, ConvShape, Forward, Operands, Saved, check};
use crate::Level;
use crate::batch_norm::Convolved;
use crate::destination::Destination;

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
    let convolved = convolve(&plan, operands);
    convolved.normalise(plan.outputs(), operands.affine, output);
    let [mean, variance] = convolved.statistics();
    Forward { mean, variance, saved: keep.then_some(Saved { plan, convolved }) }
}

/// Writes the output of a forward pass once more, or adds it, from what it left: the same bits, for whoever
/// did not keep them.
///
/// # Panics
/// If `output` does not have the length that the forward pass had.
pub fn again(saved: &Saved, affine: Option<Affine<'_>>, output: Destination<'_>) {
    saved.convolved.normalise(saved.plan.outputs(), affine, output);
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
    let plan = Plan::new(level, *shape);
    convolve(&plan, operands).scale(plan.outputs(), operands.affine, output);
}

fn convolve(plan: &Plan, operands: &Operands<'_>) -> Convolved {
    let geometry = &plan.geometry;
    let kernel = plan.forward(operands.weights);
    let bordered = || geometry.take_bordered(plan.input_planes());
    Convolved::new(plan.outputs(), bordered, |image, bordered, to| {
        let planes = bordered.chunks_exact_mut(geometry.bordered);
        plan.gather(operands.input, image, planes.map(|plane| geometry.inner(plane)));
        kernel.apply(bordered, to);
    })
}
