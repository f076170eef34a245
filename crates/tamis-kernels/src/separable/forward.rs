//! The forward pass: convolve and take moments image by image, then normalise.

use super::layout::Plan;
use super::{Forward, Operands, Saved, SeparableShape, check};
use crate::Level;
use crate::batch_norm::Convolved;
use crate::buffer::Buffer;
use crate::destination::Destination;
use crate::stage::StageKernel;

/// Applies both convolutions and normalisation: writes `output`, or adds to it, and returns the batch
/// statistics, and what [`super::backward`] needs if `keep`.
///
/// # Panics
/// If a slice does not have the length that `shape` says, or `shape` is not supported.
pub fn forward(
    shape: &SeparableShape,
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
    shape: &SeparableShape,
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

/// Applies both convolutions and then scale and shift alone, without normalisation: how a network
/// evaluates once running statistics are folded into scale and shift.
///
/// # Panics
/// As [`forward`].
pub fn scaled(shape: &SeparableShape, operands: &Operands<'_>, output: Destination<'_>) {
    scaled_at(Level::best(), shape, operands, output);
}

/// [`scaled`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn scaled_at(
    level: Level,
    shape: &SeparableShape,
    operands: &Operands<'_>,
    output: Destination<'_>,
) {
    check(shape, operands);
    let plan = Plan::new(level, *shape);
    convolve(&plan, operands).scale(plan.outputs(), operands.affine, output);
}

fn convolve(plan: &Plan, operands: &Operands<'_>) -> Convolved {
    let weights = [operands.depthwise, operands.pointwise];
    let kernel = StageKernel::new(plan.planes(), &plan.stage(), weights);
    // What lies after the pixels of a plane between the two must be zero.
    let between = || Buffer::zeros(plan.shape.inputs * plan.geometry.flat);
    let scratch = || (plan.take_channel(), between());
    Convolved::new(plan.outputs(), scratch, |image, (framed, between), to| {
        for (channel, rows) in plan.channels(operands.input, image).enumerate() {
            plan.frame_channel(rows, framed);
            kernel.channel(channel, &framed.framed, between);
        }
        kernel.mix(between, to);
    })
}
