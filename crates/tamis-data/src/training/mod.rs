//! The augmentation of a single network's training: more than a search needs.
//!
//! What happens to a training image, in this order:
//!
//! 1. [`RandAugment`] and 2. [`ColorJitter`] work on the bytes as they were read, before a crop
//!    brings in a black border that would shift what equalising, stretching and contrast measure;
//! 3. [`RandomResizedCrop`], or 4. the padded crop, then the mirror: as in the published training
//!    code of AutoAugment and RandAugment on CIFAR, geometry comes after the operations;
//! 5. normalising;
//! 6. cutout after normalising, so that 0 is the mean colour and not black (DeVries and Taylor);
//! 7. [mixup](Mixed) last: it is the only step that needs more than one image.
//!
//! Steps 1 to 6 are a function of (seed, epoch, sample id), mixup is one of (seed, epoch, step),
//! and every step has random streams of its own: no setting changes another one's draws. Crop,
//! mirror and cutout are those of [`Augmentation`] to the bit. Which images are in which batch,
//! and what a network makes of mixed labels, is decided elsewhere.

mod affine;
mod blend;
mod color_jitter;
mod hue;
mod mixup;
mod occasion;
mod operation;
mod rand_augment;
mod resized_crop;
mod tables;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use color_jitter::ColorJitter;
pub use mixup::Mixed;
pub(crate) use occasion::Occasion;
pub use rand_augment::RandAugment;
pub use resized_crop::RandomResizedCrop;

use crate::config::{require, setting};
use crate::{Augmentation, Error, ImageShape};

/// What is done at random to the images that train a single network. The order is that of the
/// fields, except that cutout comes after normalising and mixup last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingAugmentation {
    /// Operations drawn from a list of fourteen.
    pub rand_augment: RandAugment,
    /// Brightness, contrast, saturation and hue.
    pub color_jitter: ColorJitter,
    /// A part of the image, scaled to its size, instead of a padded crop.
    pub random_resized_crop: Option<RandomResizedCrop>,
    /// Black pixels added on each side before a crop of the image's own size; 0 is off.
    pub crop_padding: usize,
    /// Mirror every other image left to right.
    pub flip: bool,
    /// Side in pixels of the square that is blanked; 0 is off.
    pub cutout: usize,
    /// Parameter alpha of mixup: the images of a batch are mixed in pairs, with a weight from
    /// Beta(alpha, alpha).
    pub mixup: Option<f64>,
}

impl Default for TrainingAugmentation {
    fn default() -> Self {
        Augmentation::default().into()
    }
}

impl From<Augmentation> for TrainingAugmentation {
    /// The same and nothing more.
    fn from(augmentation: Augmentation) -> Self {
        let Augmentation { crop_padding, flip, cutout } = augmentation;
        TrainingAugmentation {
            rand_augment: RandAugment::default(),
            color_jitter: ColorJitter::default(),
            random_resized_crop: None,
            crop_padding,
            flip,
            cutout,
            mixup: None,
        }
    }
}

impl TrainingAugmentation {
    /// Nothing is changed at random.
    pub fn none() -> TrainingAugmentation {
        Augmentation::NONE.into()
    }

    /// The part that a search has too.
    pub(crate) fn basic(&self) -> Augmentation {
        let &TrainingAugmentation { crop_padding, flip, cutout, .. } = self;
        Augmentation { crop_padding, flip, cutout }
    }

    /// Checks the settings against the images.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] names the first setting that is outside its range or does not fit: a
    /// crop that could miss the image, a cutout larger than the image, a padded and a resized
    /// crop at once, operations on colours of images that have neither 1 nor 3 channels.
    pub fn check(&self, shape: ImageShape) -> Result<(), Error> {
        self.basic().check(shape)?;
        require("augmentation.cutout", self.cutout, 0, shape.height.min(shape.width))?;
        self.rand_augment.check()?;
        self.color_jitter.check()?;
        if let Some(crop) = self.random_resized_crop {
            crop.check()?;
            let key = "augmentation.crop_padding";
            if self.crop_padding > 0 {
                let expected = "0, since augmentation.random_resized_crop takes its place";
                return Err(setting(key, self.crop_padding, expected));
            }
        }
        self.mixup.map_or(Ok(()), mixup::check)?;
        if self.changes_colours() && ![1, 3].contains(&shape.channels) {
            let key = "augmentation.color_jitter";
            let key = if self.rand_augment.is_off() { key } else { "augmentation.rand_augment" };
            return Err(setting(key, format!("images of {shape}"), "1 or 3 channels"));
        }
        Ok(())
    }

    fn changes_colours(&self) -> bool {
        !self.rand_augment.is_off() || !self.color_jitter.is_off()
    }

    /// What is done to the bytes of one image, `[channel, height, width]`, in one epoch, before
    /// the padded crop; the same bytes if nothing is.
    pub(crate) fn on_bytes<'a>(
        &self,
        pixels: Cow<'a, [u8]>,
        shape: ImageShape,
        occasion: Occasion,
    ) -> Cow<'a, [u8]> {
        if !self.changes_colours() && self.random_resized_crop.is_none() {
            return pixels;
        }
        let mut pixels = pixels.into_owned();
        self.rand_augment.apply(&mut pixels, shape, occasion);
        self.color_jitter.apply(&mut pixels, shape, occasion);
        if let Some(crop) = self.random_resized_crop {
            crop.apply(&mut pixels, shape, occasion);
        }
        Cow::Owned(pixels)
    }
}
