//! Brings images to one shape: grey or colour, scaled and cropped to a square.
//!
//! Works plane by plane on `[channel, height, width]`. Grey to colour repeats the plane; colour
//! to grey is the luma of ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`. Scaling is by a triangle
//! filter, widened when it makes images smaller, so that fine patterns do not alias.

use image::GrayImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

use crate::raw::RawSplit;
use crate::{DataConfig, ImageShape};

/// One image, `[channel, height, width]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) shape: ImageShape,
    pub(crate) pixels: Vec<u8>,
}

/// What every image is brought to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    size: Option<usize>,
    channels: Option<usize>,
}

impl Fit {
    pub(crate) fn new(config: &DataConfig) -> Fit {
        Fit { size: config.size, channels: config.channels }
    }

    /// The image in the wanted shape.
    pub(crate) fn apply(self, mut picture: Picture) -> Picture {
        match (self.channels, picture.shape.channels) {
            (Some(3), 1) => to_colour(&mut picture),
            (Some(1), 3) => to_grey(&mut picture),
            _ => {}
        }
        let ImageShape { height, width, .. } = picture.shape;
        match self.size {
            Some(size) if (height, width) != (size, size) => resize(picture, size),
            _ => picture,
        }
    }

    /// All images of a split in the wanted shape.
    pub(crate) fn apply_all(self, split: RawSplit) -> RawSplit {
        let one = |image: &[u8]| self.apply(Picture { shape: split.shape, pixels: image.to_vec() });
        if split.pixels.is_empty() {
            return split;
        }
        let shape = one(&split.pixels[..split.shape.len()]).shape;
        if shape == split.shape {
            return split;
        }
        let images = split.pixels.par_chunks_exact(split.shape.len());
        let pixels = images.flat_map_iter(|image| one(image).pixels).collect();
        RawSplit { shape, pixels, ..split }
    }
}

fn to_colour(picture: &mut Picture) {
    picture.pixels = picture.pixels.repeat(3);
    picture.shape.channels = 3;
}

fn to_grey(picture: &mut Picture) {
    let plane = picture.shape.plane();
    let (red, rest) = picture.pixels.split_at(plane);
    let (green, blue) = rest.split_at(plane);
    let grey = red.iter().zip(green).zip(blue).map(|((&r, &g), &b)| {
        ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
    });
    picture.pixels = grey.collect();
    picture.shape.channels = 1;
}

/// Scales the shorter side to `size` and keeps the centre square. The square is cropped first:
/// an image of 16,384 x 1 pixels would otherwise grow without bound.
fn resize(picture: Picture, size: usize) -> Picture {
    let ImageShape { channels, height, width } = picture.shape;
    let side = height.min(width);
    let (top, left) = ((height - side) / 2, (width - side) / 2);
    let mut pixels = Vec::with_capacity(channels * size * size);
    for plane in picture.pixels.chunks_exact(height * width) {
        let rows = plane.chunks_exact(width).skip(top).take(side);
        let square: Vec<u8> = rows.flat_map(|row| &row[left..left + side]).copied().collect();
        // The buffer has the length that the sides ask for, so that there is always an image.
        let square = GrayImage::from_raw(side as u32, side as u32, square).unwrap_or_default();
        let scaled = imageops::resize(&square, size as u32, size as u32, FilterType::Triangle);
        pixels.extend_from_slice(scaled.as_raw());
    }
    Picture { shape: ImageShape { channels, height: size, width: size }, pixels }
}
