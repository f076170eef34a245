//! Operations that give every value of a channel another one, whatever its place.

use crate::ImageShape;

/// Keeps the highest bits of every value, 1 to 8 of them.
pub(super) fn posterize(pixels: &mut [u8], bits: u32) {
    let mask = 0xff_u8 << 8_u32.saturating_sub(bits);
    pixels.iter_mut().for_each(|value| *value &= mask);
}

/// Inverts the values from the threshold on. At 255, white becomes black.
pub(super) fn solarize(pixels: &mut [u8], threshold: f64) {
    for value in pixels {
        if f64::from(*value) >= threshold {
            *value = 255 - *value;
        }
    }
}

/// Stretches every channel, so that its least value becomes 0 and its largest 255.
pub(super) fn auto_contrast(pixels: &mut [u8], shape: ImageShape) {
    for plane in pixels.chunks_exact_mut(shape.plane()) {
        let least = plane.iter().copied().min().unwrap_or(0);
        let largest = plane.iter().copied().max().unwrap_or(0);
        let range = u32::from(largest - least);
        if range > 0 {
            let stretched = |value: u8| (u32::from(value - least) * 255 / range) as u8;
            plane.iter_mut().for_each(|value| *value = stretched(*value));
        }
    }
}

/// Evens out the histogram of every channel: a value becomes the share of the values below it.
///
/// The steps are those of the Python imaging library: a level for each 255th of the values, not
/// counting the largest value; a channel with fewer than 255 of them, or of one value, stays.
pub(super) fn equalize(pixels: &mut [u8], shape: ImageShape) {
    for plane in pixels.chunks_exact_mut(shape.plane()) {
        let mut histogram = [0_usize; 256];
        plane.iter().for_each(|&value| histogram[usize::from(value)] += 1);
        let largest = plane.iter().copied().max().unwrap_or(0);
        let step = (plane.len() - histogram[usize::from(largest)]) / 255;
        if step == 0 {
            continue;
        }
        let mut below = step / 2;
        let table = histogram.map(|count| {
            let level = below / step;
            below += count;
            level.min(255) as u8
        });
        plane.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
    }
}
