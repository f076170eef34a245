//! Random brightness, contrast, saturation and hue, in a random order.
//!
//! The ranges are torchvision's: a setting x draws a factor uniformly from `max(0, 1 - x)` to
//! `1 + x`, and a hue h a turn from -h to h of a full one.

use serde::{Deserialize, Serialize};
use tamis_core::{Purpose, Stream};

use super::occasion::Occasion;
use super::{blend, hue};
use crate::config::require_number;
use crate::{Error, ImageShape};

/// How far the colours may go; 0 leaves them. Images of one channel have brightness and contrast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorJitter {
    /// Largest departure of the factor from 1.
    pub brightness: f64,
    /// Largest departure of the factor from 1.
    pub contrast: f64,
    /// Largest departure of the factor from 1.
    pub saturation: f64,
    /// Largest turn, as a share of a full one, 0 to 0.5.
    pub hue: f64,
}

impl ColorJitter {
    pub(super) fn is_off(self) -> bool {
        self == ColorJitter::default()
    }

    pub(super) fn check(self) -> Result<(), Error> {
        let ColorJitter { brightness, contrast, saturation, hue } = self;
        require_number("augmentation.color_jitter.brightness", brightness, 0.0, f64::INFINITY)?;
        require_number("augmentation.color_jitter.contrast", contrast, 0.0, f64::INFINITY)?;
        require_number("augmentation.color_jitter.saturation", saturation, 0.0, f64::INFINITY)?;
        require_number("augmentation.color_jitter.hue", hue, 0.0, 0.5)
    }

    pub(super) fn apply(self, pixels: &mut [u8], shape: ImageShape, occasion: Occasion) {
        if self.is_off() {
            return;
        }
        for change in self.draw(&mut occasion.stream(Purpose::ColorJitter)) {
            change.apply(pixels, shape);
        }
    }

    /// All four changes in the order in which they happen. Every setting takes its draw, even if
    /// it is 0, so that it does not change the others'.
    fn draw(self, stream: &mut Stream) -> [Change; 4] {
        let mut factor = |most: f64| stream.uniform((1.0 - most).max(0.0), 1.0 + most) as f32;
        let mut changes = [
            Change::Brightness(factor(self.brightness)),
            Change::Contrast(factor(self.contrast)),
            Change::Saturation(factor(self.saturation)),
            Change::Hue(stream.uniform(-self.hue, self.hue) as f32),
        ];
        stream.shuffle(&mut changes);
        changes
    }
}

/// One change of the colours: a factor, or for the hue a share of a full turn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Brightness(f32),
    Contrast(f32),
    Saturation(f32),
    Hue(f32),
}

impl Change {
    fn apply(self, pixels: &mut [u8], shape: ImageShape) {
        match self {
            Change::Brightness(1.0)
            | Change::Contrast(1.0)
            | Change::Saturation(1.0)
            | Change::Hue(0.0) => {}
            Change::Brightness(factor) => blend::brightness(pixels, factor),
            Change::Contrast(factor) => blend::contrast(pixels, shape, factor),
            Change::Saturation(factor) => blend::saturation(pixels, shape, factor),
            Change::Hue(share) => hue::turn(pixels, shape, share),
        }
    }
}

#[cfg(test)]
mod tests {
    use tamis_core::Key;

    use super::*;

    const JITTER: ColorJitter =
        ColorJitter { brightness: 0.4, contrast: 1.5, saturation: 0.2, hue: 0.1 };

    fn draw(jitter: ColorJitter, id: u64) -> [Change; 4] {
        jitter.draw(&mut Key::new(0, Purpose::Test).id(id).stream())
    }

    #[test]
    fn factors_fill_their_ranges_and_never_leave_them() {
        let mut ranges = [[f32::INFINITY, f32::NEG_INFINITY]; 4];
        for change in (0..4_000).flat_map(|id| draw(JITTER, id)) {
            let (place, value) = match change {
                Change::Brightness(factor) => (0, factor),
                Change::Contrast(factor) => (1, factor),
                Change::Saturation(factor) => (2, factor),
                Change::Hue(share) => (3, share),
            };
            ranges[place] = [ranges[place][0].min(value), ranges[place][1].max(value)];
        }
        let expected = [[0.6, 1.4], [0.0, 2.5], [0.8, 1.2], [-0.1, 0.1]];
        for (found, expected) in ranges.iter().zip(expected) {
            let slack = (expected[1] - expected[0]) * 0.01;
            assert!(found[0] >= expected[0] && found[0] < expected[0] + slack, "{ranges:?}");
            assert!(found[1] <= expected[1] && found[1] > expected[1] - slack, "{ranges:?}");
        }
    }

    #[test]
    fn every_order_of_the_four_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for id in 0..24_000 {
            let order = draw(JITTER, id).map(|change| match change {
                Change::Brightness(_) => 'b',
                Change::Contrast(_) => 'c',
                Change::Saturation(_) => 's',
                Change::Hue(_) => 'h',
            });
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        assert!(counts.values().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_setting_of_0_changes_nothing_of_the_others() {
        let with = draw(JITTER, 5);
        let without = draw(ColorJitter { contrast: 0.0, ..JITTER }, 5);
        for (with, without) in with.into_iter().zip(without) {
            match with {
                Change::Contrast(_) => assert_eq!(without, Change::Contrast(1.0)),
                _ => assert_eq!(with, without),
            }
        }
    }
}
