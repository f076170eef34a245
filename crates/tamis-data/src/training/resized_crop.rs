//! A random part of the image, scaled to the image's size.
//!
//! The crop of Inception (Szegedy and others, Going deeper with convolutions, 2015) as torchvision
//! draws it: ten tries at a part of a random area and ratio, else the largest centred part whose
//! ratio is allowed. A part is never larger than the image, so that scaling is plain bilinear
//! interpolation and nothing aliases.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use serde::{Deserialize, Serialize};
use tamis_core::{Purpose, Stream, math};

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
            let ratio = math::exp(stream.uniform(least, largest));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Key;

    use super::*;

    fn draw(crop: RandomResizedCrop, (height, width): (usize, usize), id: u64) -> Part {
        let shape = ImageShape { channels: 1, height, width };
        crop.draw(shape, &mut Key::new(0, Purpose::Test).id(id).stream())
    }

    #[test]
    fn parts_have_the_areas_and_ratios_of_the_settings_and_reach_every_border() {
        let crop = RandomResizedCrop { scale: [0.25, 0.5], ratio: [0.5, 2.0] };
        let parts: Vec<Part> = (0..4_000).map(|id| draw(crop, (200, 200), id)).collect();
        let mean = |value: fn(&Part) -> f64| parts.iter().map(value).sum::<f64>() / 4_000.0;
        let area = |part: &Part| (part.height * part.width) as f64 / 40_000.0;
        assert!(parts.iter().all(|part| (0.245..0.505).contains(&area(part))));
        assert!((mean(|part| (part.height * part.width) as f64 / 40_000.0) - 0.375).abs() < 0.01);
        assert!(mean(|part| (part.width as f64 / part.height as f64).ln()).abs() < 0.05);
        assert!(parts.iter().any(|part| part.width > 19 * part.height / 10));
        assert!(parts.iter().any(|part| part.top == 0 && part.left > 0));
        assert!(parts.iter().any(|part| part.left + part.width == 200));
    }

    #[test]
    fn images_too_narrow_or_too_flat_give_their_centre() {
        let square = RandomResizedCrop { scale: [1.0; 2], ratio: [1.0; 2] };
        let part = |top, left, height, width| Part { top, left, height, width };
        assert_eq!(draw(square, (10, 4), 0), part(3, 0, 4, 4));
        assert_eq!(draw(square, (4, 11), 0), part(0, 3, 4, 4));
        let wide = RandomResizedCrop { ratio: [8.0, 9.0], ..square };
        assert_eq!(draw(wide, (30, 2), 0), part(14, 0, 1, 2));
        assert_eq!(draw(square, (7, 7), 0), part(0, 0, 7, 7));
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_image_and_has_a_pixel(
            sides in (1_usize..40, 1_usize..40),
            scale in (0.001_f64..1.0, 0.001_f64..1.0),
            ratio in (0.01_f64..50.0, 0.01_f64..50.0),
            id: u64,
        ) {
            let ordered = |(a, b): (f64, f64)| [a.min(b), a.max(b)];
            let crop = RandomResizedCrop { scale: ordered(scale), ratio: ordered(ratio) };
            crop.check().unwrap();
            let part = draw(crop, sides, id);
            prop_assert!(part.height > 0 && part.top + part.height <= sides.0);
            prop_assert!(part.width > 0 && part.left + part.width <= sides.1);
        }
    }
}
