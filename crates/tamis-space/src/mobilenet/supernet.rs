//! The supernet of ProxylessNAS's space: in every block's place all candidates, mixed.
//!
//! Stem, a fixed block of expansion 1, then stages of 24, 40, 80, 96 and 192 channels and one block of 320,
//! a 1x1 convolution to 1280, global average, linear classifier; widths are for a stem of 32 channels and
//! follow it. At 224 pixels the strides are the published ones, which divide a side by 32. Of smaller
//! images the first of them are 1, so that at least four pixels a side are left.

use std::fmt;

use tamis_graph::{Builder, Convolution, Graph, Mix, checks};

use super::network::{activated, head};
use super::{Block, BlockKind, BlockShape, Genotype, Stage, Stem, divisible};
use crate::Error;

const NAME: &str = "a supernet of inverted residuals";

/// What may stand in a block's place, in the order of the columns; the last only where the shape is kept.
pub const OPTIONS: [Block; 7] = [
    Block::Inverted { kernel: 3, expansion: 3 },
    Block::Inverted { kernel: 3, expansion: 6 },
    Block::Inverted { kernel: 5, expansion: 3 },
    Block::Inverted { kernel: 5, expansion: 6 },
    Block::Inverted { kernel: 7, expansion: 3 },
    Block::Inverted { kernel: 7, expansion: 6 },
    Block::Skip,
];

/// The block that every network begins with.
const FIRST: Block = Block::Inverted { kernel: 3, expansion: 1 };

/// Channels of a stage, and its stride, for a stem of 32 channels and images of 224 pixels: the fixed
/// block's, the searched stages', that of the single block at the end.
const STAGES: [(usize, usize); 7] =
    [(16, 1), (24, 2), (40, 2), (80, 2), (96, 1), (192, 2), (320, 1)];

const STEM: usize = 32;
const FEATURES: usize = 1280;

/// Pixels of a side that are left at least.
const LEAST_SIDE: usize = 4;

/// The size of a supernet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuperShape {
    /// What blocks have in common.
    pub block_kind: BlockKind,
    /// Channels of the stem; the authors search with 32.
    pub channels: usize,
    /// Blocks of a stage; the authors search with 4.
    pub cells: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// `[channel, height, width]` of an image.
    pub image: [usize; 3],
}

impl SuperShape {
    /// The network whose every block is the first of its options: the others differ from it in blocks alone.
    fn plain(&self) -> Genotype {
        let mut strides = self.strides();
        let width = |channels: usize| divisible(channels * self.channels, STEM);
        let stem = Stem { channels: self.channels, stride: strides.remove(0) };
        let last = STAGES.len() - 1;
        let stage = |(number, (&(channels, _), stride)): (usize, (&(usize, usize), usize))| {
            let blocks = match number {
                0 => vec![FIRST],
                _ if number == last => vec![OPTIONS[0]],
                _ => vec![OPTIONS[0]; self.cells],
            };
            Stage { channels: width(channels), stride, blocks }
        };
        let stages = STAGES.iter().zip(strides).enumerate().map(stage).collect();
        Genotype { block_kind: self.block_kind, stem, stages, features: width(FEATURES) }
    }

    /// Strides of the stem and of each stage.
    fn strides(&self) -> Vec<usize> {
        let side = self.image[1].min(self.image[2]);
        let published: Vec<usize> = [2].into_iter().chain(STAGES.map(|stage| stage.1)).collect();
        let halvings = |left: usize| side >> left < LEAST_SIDE;
        let all = published.iter().filter(|&&stride| stride == 2).count();
        let most = (0..=all).rev().find(|&left| !halvings(left)).unwrap_or(0);
        let mut dropped = all - most;
        let stride = |stride: usize| {
            if stride == 2 && dropped > 0 {
                dropped -= 1;
                return 1;
            }
            stride
        };
        published.into_iter().map(stride).collect()
    }

    /// The shape of each block whose place is searched, in the order of the rows.
    pub fn places(&self) -> Vec<BlockShape> {
        self.plain().blocks().skip(1).map(|(shape, _)| shape).collect()
    }

    /// How many of [`OPTIONS`] there are in a place.
    pub fn options(place: &BlockShape) -> usize {
        if place.keeps() { OPTIONS.len() } else { OPTIONS.len() - 1 }
    }

    /// The network of these preferences, a row a place, larger is better; of equal ones the first wins.
    pub fn derive(&self, preferences: &[Vec<f64>]) -> Genotype {
        let mut genotype = self.plain();
        let places = self.places();
        let blocks = genotype.stages.iter_mut().flat_map(|stage| &mut stage.blocks).skip(1);
        for ((block, place), row) in blocks.zip(&places).zip(preferences) {
            let options = row.iter().take(SuperShape::options(place)).enumerate();
            let best =
                options.fold(None, |best: Option<(usize, f64)>, (option, &value)| match best {
                    Some((_, most)) if most >= value => best,
                    _ => Some((option, value)),
                });
            *block = OPTIONS[best.map_or(0, |(option, _)| option)];
        }
        genotype
    }

    /// The parts that every network has, and those of each option of each place: what a network costs is
    /// the sum over them. An option that is left out has no part.
    pub fn units(&self) -> (Vec<Unit>, Vec<Vec<Unit>>) {
        let genotype = self.plain();
        let mut image = self.image;
        let unit = |kind: UnitKind, image| Unit { kind, block_kind: self.block_kind, image };
        let mut fixed = vec![unit(UnitKind::Stem(genotype.stem), image)];
        image = after(image, genotype.stem.channels, genotype.stem.stride);
        let mut places = Vec::new();
        for (number, (shape, _)) in genotype.blocks().enumerate() {
            let of = |block: Block| unit(UnitKind::Block(shape, block), image);
            if number == 0 {
                fixed.push(of(FIRST));
            } else {
                places.push(OPTIONS[..OPTIONS.len() - 1].iter().map(|&block| of(block)).collect());
            }
            image = after(image, shape.outputs, shape.stride);
        }
        fixed.push(unit(UnitKind::Head(genotype.features, self.classes), image));
        (fixed, places)
    }
}

fn after([_, height, width]: [usize; 3], channels: usize, stride: usize) -> [usize; 3] {
    [channels, height.div_ceil(stride), width.div_ceil(stride)]
}

/// The supernet, with mixed sums by one matrix: a row a place, a column an option. Output: `logits`.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet(shape: &SuperShape) -> Result<Graph, Error> {
    let [image_channels, height, width] = shape.image;
    checks::wide(NAME, &[("space.channels", shape.channels)])?;
    checks::deep(NAME, "space.cells", shape.cells)?;
    let sizes = [("classes", shape.classes), ("image channels", image_channels)];
    checks::at_least_one(NAME, &sizes)?;
    checks::at_least_one(NAME, &[("image rows", height), ("image columns", width)])?;
    let (plain, block_kind) = (shape.plain(), shape.block_kind);
    let (mut builder, image) = Builder::new(shape.image);
    let stem = Convolution::square(plain.stem.channels, 3).stride(plain.stem.stride);
    let mut features = activated(&mut builder, "stem", (image, stem), block_kind);
    for (number, (place, _)) in plain.blocks().enumerate() {
        let Some(decision) = number.checked_sub(1) else {
            features = FIRST.describe(&mut builder, "first", features, (place, block_kind));
            continue;
        };
        let mut candidates = Vec::new();
        for option in &OPTIONS[..SuperShape::options(&place)] {
            let path = format!("blocks.{decision}.{option}");
            let residual = option.residual(&mut builder, &path, features, (place, block_kind));
            candidates.push(residual.unwrap_or_else(|| builder.zero(features, 1)));
        }
        let mixed = builder.mix(Mix { matrix: 0, decision, first: 0 }, candidates);
        features = if place.keeps() { builder.add(vec![mixed, features]) } else { mixed };
    }
    head(&mut builder, features, (plain.features, shape.classes), block_kind);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), "space.channels or space.cells")?;
    Ok(graph)
}

/// A part of a network whose cost is known by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    kind: UnitKind,
    block_kind: BlockKind,
    /// `[channel, height, width]` of what it reads.
    image: [usize; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum UnitKind {
    Stem(Stem),
    Block(BlockShape, Block),
    /// Channels before the classifier, and classes.
    Head(usize, usize),
}

impl Unit {
    /// It alone, as a network.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if it cannot be built.
    pub fn network(&self) -> Result<Graph, Error> {
        let (mut builder, input) = Builder::new(self.image);
        match self.kind {
            UnitKind::Stem(stem) => {
                let stem = Convolution::square(stem.channels, 3).stride(stem.stride);
                let output = activated(&mut builder, "stem", (input, stem), self.block_kind);
                builder.output("output", output);
            }
            UnitKind::Block(shape, block) => {
                let output = block.describe(&mut builder, "block", input, (shape, self.block_kind));
                builder.output("output", output);
            }
            UnitKind::Head(channels, classes) => {
                head(&mut builder, input, (channels, classes), self.block_kind);
            }
        }
        Ok(builder.finish(NAME)?)
    }
}

impl fmt::Display for Unit {
    /// What names it: what it is and what it reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [channels, height, width] = self.image;
        match self.kind {
            UnitKind::Stem(Stem { channels, stride }) => write!(f, "stem to {channels}/{stride}")?,
            UnitKind::Block(shape, block) => {
                write!(f, "{block} to {}/{}", shape.outputs, shape.stride)?
            }
            UnitKind::Head(features, classes) => write!(f, "head of {features} to {classes}")?,
        }
        write!(f, " on {channels}x{height}x{width}, {}", self.block_kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(side: usize) -> SuperShape {
        SuperShape {
            block_kind: BlockKind::PLAIN,
            channels: 32,
            cells: 4,
            classes: 1000,
            image: [3, side, side],
        }
    }

    #[test]
    fn at_224_pixels_it_is_the_published_one_and_smaller_images_keep_four_pixels() {
        let strides = |side: usize| shape(side).strides();
        assert_eq!(strides(224), [2, 1, 2, 2, 2, 1, 2, 1]);
        assert_eq!(strides(96), [1, 1, 2, 2, 2, 1, 2, 1]);
        assert_eq!(strides(64), [1, 1, 2, 2, 2, 1, 2, 1]);
        assert_eq!(strides(32), [1, 1, 1, 2, 2, 1, 2, 1]);
        assert_eq!(strides(4), [1; 8]);
        assert_eq!(shape(224).places().len(), 21);
        let keeping = shape(224).places().iter().filter(|place| place.keeps()).count();
        assert_eq!(keeping, 5 * 3, "of four blocks a stage all but the first can be left out");
    }

    #[test]
    fn the_best_option_of_every_place_is_derived_and_no_place_that_changes_shape_is_left_out() {
        let shape = SuperShape { cells: 2, ..shape(32) };
        let row =
            |place: usize| (0..7).map(|option| f64::from(u8::from(option == place % 7))).collect();
        let rows: Vec<Vec<f64>> = (0..11).map(row).collect();
        let text = shape.derive(&rows).to_string();
        let expected = "mobilenet(relu6) 32/1 16/1(3x3_MBConv1) 24/1(3x3_MBConv3,3x3_MBConv6) \
             40/2(5x5_MBConv3,5x5_MBConv6) 80/2(7x7_MBConv3,7x7_MBConv6) 96/1(3x3_MBConv3,3x3_MBConv3) \
             192/2(3x3_MBConv6,5x5_MBConv3) 320/1(5x5_MBConv6) 1280";
        // Place 6 would be left out, and cannot be; places 7 and 8 begin again.
        assert_eq!(text, expected);
        let skip: Vec<Vec<f64>> = vec![vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]; 11];
        assert_eq!(shape.derive(&skip).to_string().matches("skip_connect").count(), 5);
    }

    #[test]
    fn what_a_network_costs_is_the_sum_over_its_units() {
        for block_kind in [BlockKind::PLAIN, BlockKind { squeeze: true, ..BlockKind::PLAIN }] {
            let shape = SuperShape { block_kind, cells: 2, channels: 16, ..shape(64) };
            let (fixed, places) = shape.units();
            let macs = |unit: &Unit| unit.network().unwrap().counts().macs;
            let mut sum: u64 = fixed.iter().map(macs).sum();
            let mut rows = Vec::new();
            for (number, (units, place)) in places.iter().zip(shape.places()).enumerate() {
                let option = number % SuperShape::options(&place);
                sum += units.get(option).map_or(0, macs);
                rows.push((0..7).map(|of| f64::from(u8::from(of == option))).collect());
            }
            let network = shape.derive(&rows).network(shape.image, shape.classes).unwrap();
            assert_eq!(network.counts().macs, sum);
        }
    }

    #[test]
    fn the_supernet_has_every_option_of_every_place_and_its_size_is_checked() {
        let shape = SuperShape { cells: 2, channels: 8, classes: 10, ..shape(16) };
        let graph = supernet(&shape).unwrap();
        for place in 0..11 {
            for option in &OPTIONS[..6] {
                let path = format!("blocks.{place}.{option}.depthwise.conv.weight");
                assert!(graph.parameters().parameters().iter().any(|of| of.path == path), "{path}");
            }
        }
        let told = supernet(&SuperShape { channels: 0, ..shape }).unwrap_err().to_string();
        assert!(told.contains("space.channels = 0"), "{told}");
    }
}
