//! Sums over pixels, of which means and deviations are made. They are of integers, so they are exact and
//! do not depend on the order in which images are added.

use serde::{Deserialize, Serialize};

use crate::ImageShape;

/// Sums over all pixels of each channel, pixels as 0 to 255; empty of no images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelSums {
    /// Of the pixels.
    pub(crate) sums: Vec<u64>,
    /// Of their squares.
    pub(crate) squares: Vec<u64>,
}

impl ChannelSums {
    /// With another image, `[channel, height, width]`.
    pub(crate) fn add(&mut self, image: &[u8], shape: ImageShape) {
        self.sums.resize(shape.channels, 0);
        self.squares.resize(shape.channels, 0);
        let sums = self.sums.iter_mut().zip(&mut self.squares);
        for ((sum, squares), plane) in sums.zip(image.chunks_exact(shape.plane())) {
            *sum += plane.iter().map(|&pixel| u64::from(pixel)).sum::<u64>();
            *squares += plane.iter().map(|&pixel| u64::from(pixel) * u64::from(pixel)).sum::<u64>();
        }
    }

    /// Whether they may be those of so many images.
    pub(crate) fn may_be_of(&self, samples: usize, shape: ImageShape) -> bool {
        let pixels = samples as u128 * shape.plane() as u128;
        let may_be = |(&sum, &squares): (&u64, &u64)| {
            let (sum, squares) = (u128::from(sum), u128::from(squares));
            // The variance is not negative, and no pixel is above 255.
            sum * sum <= pixels * squares && squares <= 255 * sum
        };
        let lengths = [self.sums.len(), self.squares.len()];
        lengths == [shape.channels; 2] && self.sums.iter().zip(&self.squares).all(may_be)
    }

    /// Those of the images of both.
    pub(crate) fn join(mut self, other: ChannelSums) -> ChannelSums {
        let channels = self.sums.len().max(other.sums.len());
        let both = [(&mut self.sums, other.sums), (&mut self.squares, other.squares)];
        for (all, more) in both {
            all.resize(channels, 0);
            all.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        self
    }
}
