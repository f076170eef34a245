//! The augmentation of DARTS: pad and crop, flip, normalise, and optional cutout.
//!
//! DARTS (Liu, Simonyan, Yang, ICLR 2019; appendix A) trains on CIFAR-10 with random crops of
//! the image padded by 4 black pixels on each side and random horizontal flips; cutout (DeVries
//! and Taylor, 2017) sets a square around a uniformly random pixel, cut off at the border, to 0
//! after normalising. Here the draws of a sample are a function of (seed, epoch, sample id):
//! neither its place in a batch nor the other settings change them.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose, SampleId};

use crate::config::require;
use crate::{Error, ImageShape};

/// What is done to a training image at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Black pixels added on each side before a crop of the image's own size; 0 is off.
    pub crop_padding: usize,
    /// Mirror every other image left to right.
    pub flip: bool,
    /// Side in pixels of the square that is blanked; 0 is off.
    pub cutout: usize,
}

impl Default for Augmentation {
    fn default() -> Self {
        Augmentation { crop_padding: 4, flip: true, cutout: 0 }
    }
}

impl Augmentation {
    /// Nothing is changed at random.
    pub const NONE: Augmentation = Augmentation { crop_padding: 0, flip: false, cutout: 0 };

    /// Checks the settings against the images.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if a crop could miss the image or cutout always covers all of it.
    pub fn check(&self, shape: ImageShape) -> Result<(), Error> {
        let side = shape.height.min(shape.width);
        require("augmentation.crop_padding", self.crop_padding, 0, side - 1)?;
        require("augmentation.cutout", self.cutout, 0, 2 * side - 1)
    }

    /// What happens to one sample in one epoch.
    pub(crate) fn draw(&self, shape: ImageShape, seed: u64, epoch: u32, id: SampleId) -> Change {
        let mut stream = Key::new(seed, Purpose::Augment).epoch(epoch).id(id.0.into()).stream();
        let mut below = |n: usize| stream.below(n as u64) as usize;
        let offsets = 2 * self.crop_padding + 1;
        let (down, right) = (below(offsets), below(offsets));
        let flip = below(2) == 1 && self.flip;
        let (row, column) = (below(shape.height), below(shape.width));
        let padding = self.crop_padding as isize;
        Change {
            down: down as isize - padding,
            right: right as isize - padding,
            flip,
            blank: (self.cutout > 0).then(|| Square::around(row, column, self.cutout, shape)),
        }
    }
}

/// What happens to one image: output pixel (y, x) shows input pixel (y + down, x + right) or
/// black, then the mirror, then the blank square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) down: isize,
    pub(crate) right: isize,
    pub(crate) flip: bool,
    pub(crate) blank: Option<Square>,
}

impl Change {
    /// The image as it is.
    pub(crate) const NONE: Change = Change { down: 0, right: 0, flip: false, blank: None };
}

/// Rows and columns, ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Square {
    pub(crate) rows: (usize, usize),
    pub(crate) columns: (usize, usize),
}

impl Square {
    /// The square of `side` around a pixel, cut off at the border: from `side / 2` before the
    /// pixel to `side / 2` after it, as in the published code (so an odd side acts as the even
    /// one below it, except that 1 blanks one pixel here and none there).
    pub(crate) fn around(row: usize, column: usize, side: usize, shape: ImageShape) -> Square {
        let (before, after) = (side / 2, (side / 2).max(1));
        let span = |at: usize, end: usize| (at.saturating_sub(before), (at + after).min(end));
        Square { rows: span(row, shape.height), columns: span(column, shape.width) }
    }
}
