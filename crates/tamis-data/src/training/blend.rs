//! Enhancements that move an image away from, or towards, a duller one.
//!
//! All four are `dull + factor (image - dull)` (Haeberli and Voorhies, Image processing by
//! interpolation and extrapolation, 1994), computed in `f32` and cut to a byte, as the Python
//! imaging library does it: factor 0 is the dull image, 1 the image itself. Images of one channel
//! have no colours: their saturation does not change.

use crate::ImageShape;

/// `dull + factor (value - dull)`, without its fraction, within 0 to 255.
fn blend(dull: u8, value: u8, factor: f32) -> u8 {
    let (dull, value) = (f32::from(dull), f32::from(value));
    (dull + factor * (value - dull)) as u8
}

/// Towards one colour, the same for all values.
fn blend_with(pixels: &mut [u8], dull: u8, factor: f32) {
    let table: [u8; 256] = std::array::from_fn(|value| blend(dull, value as u8, factor));
    pixels.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
}

/// The dull image is black.
pub(super) fn brightness(pixels: &mut [u8], factor: f32) {
    blend_with(pixels, 0, factor);
}

/// The dull image is everywhere the rounded mean of the luma.
pub(super) fn contrast(pixels: &mut [u8], shape: ImageShape, factor: f32) {
    let (first, rest) = pixels.split_at(shape.plane());
    let sum: u64 = match shape.channels {
        3 => {
            let others = rest[..first.len()].iter().zip(&rest[first.len()..]);
            let pixels = first.iter().zip(others);
            pixels.map(|(&red, (&green, &blue))| u64::from(luma([red, green, blue]))).sum()
        }
        _ => first.iter().map(|&value| u64::from(value)).sum(),
    };
    let count = first.len() as u64;
    blend_with(pixels, ((2 * sum + count) / (2 * count)) as u8, factor);
}

/// The dull image is grey, of the same luma.
pub(super) fn saturation(pixels: &mut [u8], shape: ImageShape, factor: f32) {
    if shape.channels != 3 {
        return;
    }
    let (red, rest) = pixels.split_at_mut(shape.plane());
    let (green, blue) = rest.split_at_mut(shape.plane());
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        let grey = luma([*red, *green, *blue]);
        for value in [red, green, blue] {
            *value = blend(grey, *value, factor);
        }
    }
}

/// The dull image is smoothed: every pixel but those at the border becomes the mean of the nine
/// around it, where its own value counts five times.
pub(super) fn sharpness(pixels: &mut [u8], shape: ImageShape, factor: f32) {
    let ImageShape { height, width, .. } = shape;
    for plane in pixels.chunks_exact_mut(shape.plane()) {
        let input = plane.to_vec();
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let at = y * width + x;
                plane[at] = blend(smooth(&input, at, width), input[at], factor);
            }
        }
    }
}

fn smooth(plane: &[u8], at: usize, width: usize) -> u8 {
    let row = |start: usize| plane[start..start + 3].iter().map(|&v| u32::from(v)).sum::<u32>();
    let first = at - width - 1;
    let around = row(first) + row(first + width) + row(first + 2 * width);
    ((2 * (around + 4 * u32::from(plane[at])) + 13) / 26) as u8
}

/// Luma of ITU-R BT.601, its weights in 65,536ths, rounded.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let weighted = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((weighted + 0x8000) >> 16) as u8
}
