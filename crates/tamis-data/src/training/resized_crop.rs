//! A random part of the image, scaled to the image's size.
//!
//! The crop of Inception (Szegedy and others, Going deeper with convolutions, 2015) as torchvision
//! draws it: ten tries at a part of a random area and ratio, else the largest centred part whose
//! ratio is allowed. A part is never larger than the image, so that scaling is plain bilinear
//! interpolation and nothing aliases.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use serde::{Deserialize, Serialize};
use tamis_core::{Purpose, Stream};

use super::occasion::Occasion;
use crate::config::{require_number, setting};
use crate::{Error, ImageShape};

const TRIES: usize = 10;

/// Which parts of an image are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// Least and largest share of the image's area, uniform in between.
    pub scale: [f64; 2],
    /// Least and largest width over height, their logarithm uniform in between.
    pub ratio: [f64; 2],
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        RandomResizedCrop { scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] }
    }
}

impl RandomResizedCrop {
    pub(super) fn check(self) -> Result<(), Error> {
        let key = "augmentation.random_resized_crop.scale";
        check_range(key, self.scale)?;
        require_number(key, self.scale[1], 0.0, 1.0)?;
        check_range("augmentation.random_resized_crop.ratio", self.ratio)
    }

    pub(super) fn apply(self, pixels: &mut [u8], shape: ImageShape, occasion: Occasion) {
        self.draw(shape, &mut occasion.stream(Purpose::ResizedCrop)).enlarge(pixels, shape);
    }

    fn draw(self, shape: ImageShape, stream: &mut Stream) -> Part {
        let [least, largest] = self.ratio.map(f64::ln);
        for _ in 0..TRIES {
            let area = shape.plane() as f64 * stream.uniform(self.scale[0], self.scale[1]);
            let ratio = stream.uniform(least, largest).exp();
            let width = (area * ratio).sqrt().round() as usize;
            let height = (area / ratio).sqrt().round() as usize;
            if (1..=shape.width).contains(&width) && (1..=shape.height).contains(&height) {
                let mut below = |n: usize| stream.below(n as u64 + 1) as usize;
                let top = below(shape.height - height);
                let left = below(shape.width - width);
                return Part { top, left, height, width };
            }
        }
        self.centre(shape)
    }

    /// The largest centred part whose ratio is allowed.
    fn centre(self, shape: ImageShape) -> Part {
        let ImageShape { height, width, .. } = shape;
        let ratio = width as f64 / height as f64;
        let [least, largest] = self.ratio;
        let (height, width) = if ratio < least {
            (((width as f64 / least).round() as usize).clamp(1, height), width)
        } else if ratio > largest {
            (height, ((height as f64 * largest).round() as usize).clamp(1, width))
        } else {
            (height, width)
        };
        let (top, left) = ((shape.height - height) / 2, (shape.width - width) / 2);
        Part { top, left, height, width }
    }
}

/// Refuses what is no range of positive numbers.
fn check_range(key: &'static str, [least, largest]: [f64; 2]) -> Result<(), Error> {
    if least > 0.0 && least <= largest && largest.is_finite() {
        return Ok(());
    }
    let found = format!("{least} to {largest}");
    Err(setting(key, found, "two positive numbers, the smaller one first"))
}

/// A part of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Part {
    /// Scales the part to the size of the image, `[channel, height, width]`, in place.
    pub(super) fn enlarge(self, pixels: &mut [u8], shape: ImageShape) {
        let (width, height) = (shape.width as u32, shape.height as u32);
        for plane in pixels.chunks_exact_mut(shape.plane()) {
            let value = |x: u32, y: u32| {
                plane[(self.top + y as usize) * shape.width + self.left + x as usize]
            };
            let part = GrayImage::from_fn(self.width as u32, self.height as u32, |x, y| {
                Luma([value(x, y)])
            });
            let scaled = imageops::resize(&part, width, height, FilterType::Triangle);
            plane.copy_from_slice(scaled.as_raw());
        }
    }
}
