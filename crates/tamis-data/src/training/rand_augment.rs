//! RandAugment: some operations, drawn anew for every image, all of one magnitude.
//!
//! Cubuk, Zoph, Shlens and Le (RandAugment: Practical automated data augmentation with a reduced
//! search space, 2020) replace a learned policy by two numbers, N operations of magnitude M. The
//! operations themselves are in `operation`.

use serde::{Deserialize, Serialize};
use tamis_core::Purpose;

use super::occasion::Occasion;
use super::operation::{LARGEST_MAGNITUDE, Operation};
use crate::config::require;
use crate::{Error, ImageShape};

/// How many operations an image gets, and how strong they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandAugment {
    /// Operations an image, each drawn from fourteen, the same perhaps twice; 0 is off.
    pub operations: usize,
    /// Strength of every operation, 0 to 30.
    pub magnitude: usize,
}

impl Default for RandAugment {
    fn default() -> Self {
        RandAugment { operations: 0, magnitude: 9 }
    }
}

impl RandAugment {
    pub(super) fn is_off(self) -> bool {
        self.operations == 0
    }

    pub(super) fn check(self) -> Result<(), Error> {
        require("augmentation.rand_augment.operations", self.operations, 0, 100)?;
        require("augmentation.rand_augment.magnitude", self.magnitude, 0, LARGEST_MAGNITUDE)
    }

    pub(super) fn apply(self, pixels: &mut [u8], shape: ImageShape, occasion: Occasion) {
        for (operation, sign) in self.draw(occasion) {
            operation.apply(pixels, shape, self.magnitude, sign);
        }
    }

    /// The operations with their directions, 1 or -1. Every operation draws one, even if it has
    /// none.
    fn draw(self, occasion: Occasion) -> impl Iterator<Item = (Operation, f64)> {
        let mut stream = occasion.stream(Purpose::RandAugment);
        (0..self.operations).map(move |_| {
            let operation = Operation::ALL[stream.below(Operation::ALL.len() as u64) as usize];
            (operation, if stream.chance(0.5) { -1.0 } else { 1.0 })
        })
    }
}

#[cfg(test)]
mod tests {
    use tamis_core::SampleId;

    use super::*;

    fn draws(operations: usize, id: u32) -> Vec<(Operation, f64)> {
        let occasion = Occasion { seed: 3, epoch: 1, id: SampleId(id) };
        RandAugment { operations, magnitude: 9 }.draw(occasion).collect()
    }

    #[test]
    fn all_operations_are_equally_likely_in_both_directions_and_at_every_place() {
        let mut counts = [[[0_u32; 2]; 14]; 2];
        for id in 0..14_000 {
            for (place, (operation, sign)) in draws(2, id).into_iter().enumerate() {
                counts[place][operation as usize][usize::from(sign > 0.0)] += 1;
            }
        }
        let mut counts = counts.as_flattened().as_flattened().iter();
        assert!(counts.all(|count| (400..600).contains(count)), "{counts:?}");
    }

    #[test]
    fn further_operations_do_not_change_the_first() {
        assert_eq!(draws(5, 7)[..2], draws(2, 7));
        assert_eq!(draws(0, 7), []);
    }

    #[test]
    fn the_draws_of_a_seed_are_part_of_the_format() {
        assert_eq!(draws(4, 7), PINNED);
    }

    const PINNED: [(Operation, f64); 4] = [
        (Operation::Solarize, -1.0),
        (Operation::Identity, 1.0),
        (Operation::Sharpness, -1.0),
        (Operation::Contrast, 1.0),
    ];
}
