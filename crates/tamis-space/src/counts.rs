//! What a network costs: parameters and multiply-adds of one image.
//!
//! The arithmetic of counting, the same for every space; which layers a network has is said by the
//! modules of the spaces. Sizes are nominal: nothing is measured here.

use std::iter::Sum;
use std::ops::{Add, Mul};

use serde::{Deserialize, Serialize};

/// Parameters and multiply-adds of a network or of a part of one.
///
/// The rule is that of NAS-Bench-201: convolutions and the classifier count, batch norm, pooling
/// and sums take no multiply-adds. Sums and products stop at `u64::MAX` instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Trainable parameters.
    pub params: u64,
    /// Multiply-adds of one forward pass of one image.
    pub macs: u64,
}

impl Counts {
    /// A convolution without bias: a square `kernel`, `[channels in, channels out]`, and the
    /// `[height, width]` of what comes out.
    pub(crate) fn conv(kernel: usize, channels: [usize; 2], out: [usize; 2]) -> Counts {
        Counts::conv_of_taps(kernel.saturating_mul(kernel), channels, out)
    }

    /// A convolution without bias whose kernel has so many `taps`, square or not.
    pub(crate) fn conv_of_taps(taps: usize, channels: [usize; 2], out: [usize; 2]) -> Counts {
        let params = product(&[taps, channels[0], channels[1]]);
        Counts { params, macs: params.saturating_mul(product(&out)) }
    }

    /// Batch norm: a scale and a shift for each channel if it is `affine`, otherwise nothing.
    pub(crate) fn norm(channels: usize, affine: bool) -> Counts {
        let params = if affine { product(&[2, channels]) } else { 0 };
        Counts { params, macs: 0 }
    }

    /// A linear layer with bias: (in + 1) * out of both.
    pub(crate) fn classifier(channels: usize, classes: usize) -> Counts {
        let params = product(&[channels.saturating_add(1), classes]);
        Counts { params, macs: params }
    }
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts {
            params: self.params.saturating_add(other.params),
            macs: self.macs.saturating_add(other.macs),
        }
    }
}

impl Mul<usize> for Counts {
    type Output = Counts;

    fn mul(self, times: usize) -> Counts {
        let times = times as u64;
        Counts { params: self.params.saturating_mul(times), macs: self.macs.saturating_mul(times) }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Counts>>(counts: I) -> Counts {
        counts.fold(Counts::default(), Counts::add)
    }
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_too_large_for_a_count_stops_at_the_largest_count() {
        let huge = Counts::conv(3, [usize::MAX, 2], [4, 4]);
        assert_eq!(huge + huge, Counts { params: u64::MAX, macs: u64::MAX });
        assert_eq!(Counts::classifier(usize::MAX, 2).params, u64::MAX);
    }
}
