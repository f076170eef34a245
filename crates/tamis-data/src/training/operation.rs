//! The fourteen operations of RandAugment and how strong each is at a magnitude.
//!
//! The list and its ranges are torchvision's: Cubuk, Zoph, Shlens and Le (RandAugment, 2020) with
//! magnitudes 0 to 30, evenly spaced over each range. Which operations an image gets is drawn in
//! `rand_augment`.

use super::affine::Affine;
use super::{blend, tables};
use crate::ImageShape;

/// The largest magnitude.
pub(super) const LARGEST_MAGNITUDE: usize = 30;

/// What may be done to an image. The order is part of what a seed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Nothing.
    Identity,
    /// A slope of up to 0.3.
    ShearX,
    /// A slope of up to 0.3.
    ShearY,
    /// Up to 150/331 of the width, in whole pixels.
    TranslateX,
    /// Up to 150/331 of the height, in whole pixels.
    TranslateY,
    /// Up to 30 degrees.
    Rotate,
    /// A factor of 0.1 to 1.9.
    Brightness,
    /// A factor of 0.1 to 1.9 on the saturation.
    Color,
    /// A factor of 0.1 to 1.9.
    Contrast,
    /// A factor of 0.1 to 1.9.
    Sharpness,
    /// 8 to 4 bits are kept.
    Posterize,
    /// Thresholds from 255 down to 0.
    Solarize,
    /// Whatever the magnitude.
    AutoContrast,
    /// Whatever the magnitude.
    Equalize,
}

impl Operation {
    /// All of them, equally likely.
    pub(super) const ALL: [Operation; 14] = [
        Operation::Identity,
        Operation::ShearX,
        Operation::ShearY,
        Operation::TranslateX,
        Operation::TranslateY,
        Operation::Rotate,
        Operation::Brightness,
        Operation::Color,
        Operation::Contrast,
        Operation::Sharpness,
        Operation::Posterize,
        Operation::Solarize,
        Operation::AutoContrast,
        Operation::Equalize,
    ];

    /// Does it to an image, `[channel, height, width]`, in the direction of `sign`, 1 or -1.
    pub(super) fn apply(self, pixels: &mut [u8], shape: ImageShape, magnitude: usize, sign: f64) {
        let share = magnitude as f64 / LARGEST_MAGNITUDE as f64;
        let slope = sign * 0.3 * share;
        let factor = (1.0 + sign * 0.9 * share) as f32;
        let shift = |side: usize| sign * (150 * side * magnitude / (331 * 30)) as f64;
        match self {
            Operation::Identity => {}
            Operation::ShearX => Affine::shear_x(slope).apply(pixels, shape),
            Operation::ShearY => Affine::shear_y(slope).apply(pixels, shape),
            Operation::TranslateX => {
                Affine::translate(shift(shape.width), 0.0).apply(pixels, shape)
            }
            Operation::TranslateY => {
                Affine::translate(0.0, shift(shape.height)).apply(pixels, shape)
            }
            Operation::Rotate => Affine::rotate(sign * 30.0 * share, shape).apply(pixels, shape),
            Operation::Brightness => blend::brightness(pixels, factor),
            Operation::Color => blend::saturation(pixels, shape, factor),
            Operation::Contrast => blend::contrast(pixels, shape, factor),
            Operation::Sharpness => blend::sharpness(pixels, shape, factor),
            Operation::Posterize => tables::posterize(pixels, 8 - (4.0 * share).round() as u32),
            Operation::Solarize => tables::solarize(pixels, 255.0 - 8.5 * magnitude as f64),
            Operation::AutoContrast => tables::auto_contrast(pixels, shape),
            Operation::Equalize => tables::equalize(pixels, shape),
        }
    }
}
