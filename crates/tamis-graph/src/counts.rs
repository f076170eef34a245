//! What a network costs: parameters and multiply-adds of one image.
//!
//! The arithmetic of counting, the same for every network. Sizes are nominal: nothing is measured here.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_too_large_for_a_number_stop_at_the_largest_one() {
        let most = Counts { params: u64::MAX, macs: u64::MAX };
        assert_eq!(most + Counts { params: 1, macs: 7 }, most);
        assert_eq!(Counts { params: u64::MAX / 2 + 1, macs: u64::MAX } * 2, most);
    }
}
