//! The Gumbel-softmax that GDAS and TAS draw by: logits with noise at a temperature, and the way back.

use tamis_core::{Stream, math};

use crate::bilevel::Choices;
use crate::matrix::Matrix;

/// `(log_softmax(a) + g) / tau` with Gumbel noise `g`, minus infinity of what was dropped.
pub(super) fn tempered(choices: &Choices, tau: f64, stream: &mut Stream) -> Matrix {
    let logits = choices.log_shares();
    let values = logits.values();
    Matrix::from_fn(logits.shape(), |index| (values[index] + gumbel(stream)) / tau)
}

/// From a gradient with respect to a softmax of [`tempered`] logits, or of some of a row's, to one with
/// respect to the parameters. The logarithm of the shares inside changes nothing, since rows of the softmax's
/// gradient sum to 0.
pub(super) fn of_parameters(softmax: &Matrix, of_softmax: &Matrix, tau: f64) -> Matrix {
    let slopes = softmax.softmax_gradient(of_softmax);
    Matrix::from_fn(slopes.shape(), |index| slopes.values()[index] / tau)
}

fn gumbel(stream: &mut Stream) -> f64 {
    // Inside (0, 1], and 1 would be infinite.
    let unit = stream.unit_positive().min(1.0 - f64::EPSILON);
    -math::ln(-math::ln(unit))
}
