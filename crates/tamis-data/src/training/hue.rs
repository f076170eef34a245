//! Turns the hue of an image; lightness and saturation of every pixel stay.
//!
//! The hue is that of the hexcone (Smith, Color gamut transform pairs, 1978), as a share of a full
//! turn. It is computed in `f32` and the result is rounded to bytes, unlike the Python imaging
//! library's way through bytes of hue and saturation, which loses up to some levels.

use crate::ImageShape;

/// Turns the hue by a share of a full turn, -0.5 to 0.5. Images of one channel have no hue.
pub(super) fn turn(pixels: &mut [u8], shape: ImageShape, share: f32) {
    if shape.channels != 3 {
        return;
    }
    let (red, rest) = pixels.split_at_mut(shape.plane());
    let (green, blue) = rest.split_at_mut(shape.plane());
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        [*red, *green, *blue] = turned([*red, *green, *blue], 6.0 * share);
    }
}

/// One pixel, turned by so many sextants.
fn turned(pixel: [u8; 3], sextants: f32) -> [u8; 3] {
    let [red, green, blue] = pixel.map(f32::from);
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    if chroma == 0.0 {
        return pixel;
    }
    let hue = if value == red {
        (green - blue) / chroma
    } else if value == green {
        2.0 + (blue - red) / chroma
    } else {
        4.0 + (red - green) / chroma
    };
    let hue = wrapped(hue + sextants);
    // How far a channel falls below the value: nothing within a sextant of its own hue, all of
    // the chroma two sextants from it.
    [5.0, 3.0, 1.0].map(|offset| {
        let at = wrapped(hue + offset);
        (value - chroma * at.min(4.0 - at).clamp(0.0, 1.0) + 0.5) as u8
    })
}

/// Within 0 to 6, from at most one turn away. A general remainder takes several times as long.
fn wrapped(sextants: f32) -> f32 {
    if sextants < 0.0 {
        sextants + 6.0
    } else if sextants >= 6.0 {
        sextants - 6.0
    } else {
        sextants
    }
}
