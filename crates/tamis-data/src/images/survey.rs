//! What images measure before one of them is decoded, and the shape that all are brought to where they
//! differ.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::intake::Encoded;
use crate::{DataConfig, ImageShape, Limits};

/// Longest side, in pixels, that images of several sizes are brought to unless a setting says otherwise.
const LONGEST: usize = 64;

/// Sides that are chosen are multiples of this: networks halve images twice.
const STEP: usize = 4;

/// The split that an image belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Test,
}

/// The shapes of the images of some data, as far as their beginnings tell.
pub(crate) struct Survey<'a> {
    limits: &'a Limits,
    /// Height and width of every image.
    sizes: BTreeSet<(usize, usize)>,
    /// Training images of each length of the shorter side.
    shorter_sides: BTreeMap<usize, usize>,
    /// Images of each number of channels.
    channels: BTreeMap<usize, usize>,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        let (sizes, shorter_sides, channels) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Survey { limits, sizes, shorter_sides, channels }
    }

    /// Takes in some images of a split. One that cannot be measured is told when it is read.
    pub(crate) fn take<E: Encoded>(&mut self, split: Split, images: &[E]) {
        let limits = self.limits;
        let shapes: Vec<_> = images.par_iter().map(|image| image.measure(limits)).collect();
        for shape in shapes.into_iter().flatten() {
            self.add(split, shape);
        }
    }

    fn add(&mut self, split: Split, shape: ImageShape) {
        let ImageShape { channels, height, width } = shape;
        self.sizes.insert((height, width));
        *self.channels.entry(channels).or_default() += 1;
        if split == Split::Train {
            *self.shorter_sides.entry(height.min(width)).or_default() += 1;
        }
    }

    /// The settings with what they leave open and images need, and what to tell of it.
    pub(crate) fn settle(&self, config: &DataConfig) -> (DataConfig, Vec<String>) {
        let (mut settled, mut notes) = (config.clone(), Vec::new());
        if let Some((size, note)) = self.size().filter(|_| config.size.is_none()) {
            settled.size = Some(size);
            notes.push(note);
        }
        if let Some(note) = self.grey_among_colour().filter(|_| config.channels.is_none()) {
            settled.channels = Some(3);
            notes.push(note);
        }
        (settled, notes)
    }

    /// The side of all images if they are of several sizes.
    fn size(&self) -> Option<(usize, String)> {
        let text = |(height, width): &(usize, usize)| format!("{height} x {width}");
        let (first, last) = (text(self.sizes.first()?), text(self.sizes.last()?));
        let median = median(&self.shorter_sides).filter(|_| self.sizes.len() > 1)?;
        let size = side(median);
        let count = self.sizes.len();
        let note = format!(
            "images of {count} sizes, from {first} to {last} pixels, are scaled and cropped to \
             {size} x {size}: the median of their shorter sides is {median}, and {LONGEST} the most that \
             is taken unasked; `data.size` sets another side, `data.strict=true` refuses them"
        );
        Some((size, note))
    }

    fn grey_among_colour(&self) -> Option<String> {
        let (grey, colour) = (self.channels.get(&1)?, self.channels.get(&3)?);
        Some(format!(
            "grey images among colour ones ({grey} of {}) become colour, too; `data.channels=1` makes \
             all grey, `data.strict=true` refuses them",
            grey + colour
        ))
    }
}

/// The side that images of this median side are brought to.
fn side(median: usize) -> usize {
    let side = median.min(LONGEST);
    if side < STEP { side } else { side / STEP * STEP }
}

/// The middle one of lengths that are so often there; the lower of two.
fn median(counts: &BTreeMap<usize, usize>) -> Option<usize> {
    let middle = counts.values().sum::<usize>().checked_sub(1)? / 2;
    let mut before = 0;
    counts.iter().find_map(|(&length, count)| {
        before += count;
        (before > middle).then_some(length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_lower_of_the_two_in_the_middle_and_counts_every_image() {
        let of = |counts: &[(usize, usize)]| median(&counts.iter().copied().collect());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(7, 1)]), Some(7));
        assert_eq!(of(&[(7, 1), (9, 1)]), Some(7));
        assert_eq!(of(&[(7, 1), (9, 2)]), Some(9));
        assert_eq!(of(&[(10, 3), (20, 1), (900, 1)]), Some(10));
    }

    #[test]
    fn a_side_is_a_multiple_of_four_and_never_more_than_sixty_four() {
        assert_eq!([3, 4, 7, 32, 63, 64, 65, 900].map(side), [3, 4, 4, 32, 60, 64, 64, 64]);
    }
}
