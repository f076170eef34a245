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
