//! The networks of the DARTS space: which cells they stack, at how many channels and what size.
//!
//! The supernet that is searched and the network that a genotype is evaluated in share one rule:
//! the cells at a third and at two thirds of the depth are reduction cells, which double the
//! channels and halve the size; all others are normal cells.

use serde::{Deserialize, Serialize};

use super::{Genotype, INPUTS, NODES};

/// Channels of the CIFAR stem, in channels of the first cell's nodes.
const STEM_MULTIPLIER: usize = 3;

/// The size of the supernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuperShape {
    /// Channels of a node in the first cell; the paper has 16.
    pub channels: usize,
    /// Cells; the paper has 8.
    pub cells: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// Channels of an image.
    pub image_channels: usize,
    /// Rows of an image.
    pub image_height: usize,
    /// Columns of an image.
    pub image_width: usize,
    /// One in so many channels of a node goes through the operations, 1 being all. The others go around them
    /// (Xu et al., "PC-DARTS", ICLR 2020; there 4 for CIFAR-10).
    #[serde(default = "all_channels")]
    pub partial: usize,
}

/// What a shape that does not tell has as `partial`.
fn all_channels() -> usize {
    1
}

impl SuperShape {
    /// The paper's supernet, 16 channels and 8 cells, for images `[channel, height, width]`.
    pub const fn paper(classes: usize, image: [usize; 3]) -> SuperShape {
        let [image_channels, image_height, image_width] = image;
        SuperShape {
            channels: 16,
            cells: 8,
            classes,
            image_channels,
            image_height,
            image_width,
            partial: 1,
        }
    }

    /// Channels of the stem, a 3x3 convolution and batch norm.
    pub fn stem_channels(&self) -> usize {
        self.channels.saturating_mul(STEM_MULTIPLIER)
    }

    /// The cells, first to last.
    pub fn cells(&self) -> Vec<CellPlan> {
        self.cell_plans().collect()
    }

    /// The cells one by one, so that counting needs no memory for them.
    pub(super) fn cell_plans(&self) -> impl Iterator<Item = CellPlan> {
        let before = BeforeCells {
            channels: self.stem_channels(),
            size: [self.image_height, self.image_width],
            reduced: false,
        };
        cell_plans(before, [self.channels, self.cells], [NODES - INPUTS; 2])
    }
}

/// The size of the network that a genotype is evaluated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalShape {
    /// What stands before the cells.
    pub stem: Stem,
    /// Channels of a node in the first cell; the paper has 36 for CIFAR and 48 for ImageNet.
    pub channels: usize,
    /// Cells; the paper has 20 for CIFAR and 14 for ImageNet.
    pub layers: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// Channels of an image.
    pub image_channels: usize,
    /// Rows of an image.
    pub image_height: usize,
    /// Columns of an image.
    pub image_width: usize,
}

/// What stands before the cells of an evaluated network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// A 3x3 convolution to three times the channels, batch norm. It is both inputs of the first
    /// cell.
    Cifar,
    /// Three 3x3 convolutions of stride 2, to half the channels, to the channels and from there to
    /// the channels, each followed by batch norm. The first cell reads the second and the third, as
    /// if a reduction cell stood between them.
    Imagenet,
}

impl EvalShape {
    /// The paper's CIFAR network, 36 channels and 20 cells, for images of 32 x 32.
    pub const fn cifar(classes: usize) -> EvalShape {
        EvalShape {
            stem: Stem::Cifar,
            channels: 36,
            layers: 20,
            classes,
            image_channels: 3,
            image_height: 32,
            image_width: 32,
        }
    }

    /// The paper's mobile ImageNet network, 48 channels and 14 cells, for images of 224 x 224.
    pub const fn imagenet() -> EvalShape {
        EvalShape {
            stem: Stem::Imagenet,
            channels: 48,
            layers: 14,
            classes: 1000,
            image_channels: 3,
            image_height: 224,
            image_width: 224,
        }
    }

    /// Channels of the stem's last convolution.
    pub fn stem_channels(&self) -> usize {
        match self.stem {
            Stem::Cifar => self.channels.saturating_mul(STEM_MULTIPLIER),
            Stem::Imagenet => self.channels,
        }
    }

    /// The cells, first to last, if they are those of `genotype`.
    pub fn cells(&self, genotype: &Genotype) -> Vec<CellPlan> {
        self.cell_plans(genotype).collect()
    }

    pub(super) fn cell_plans(&self, genotype: &Genotype) -> impl Iterator<Item = CellPlan> {
        let size = [self.image_height, self.image_width];
        let reduced = self.stem == Stem::Imagenet;
        let size = if reduced { halved(halved(halved(size))) } else { size };
        let before = BeforeCells { channels: self.stem_channels(), size, reduced };
        let outputs = [&genotype.normal, &genotype.reduce].map(|cell| cell.concat().len());
        cell_plans(before, [self.channels, self.layers], outputs)
    }
}

/// A cell's place in a network.
///
/// Both inputs are first brought to `channels` and `input_size`: by ReLU, 1x1 convolution and
/// batch norm, or, the first input if `previous_reduction`, by ReLU, two shifted 1x1 convolutions
/// of stride 2 (half the channels each) and batch norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPlan {
    /// Whether this is a reduction cell, whose edges from the inputs have stride 2.
    pub reduction: bool,
    /// Whether the cell before is one, so that the first input is twice as high and wide as the
    /// second.
    pub previous_reduction: bool,
    /// Channels of the two inputs: of the cell before the previous one, and of the previous one.
    pub inputs: [usize; 2],
    /// Channels of every node.
    pub channels: usize,
    /// Channels of the output: of all nodes that it concatenates.
    pub output_channels: usize,
    /// `[height, width]` of the second input.
    pub input_size: [usize; 2],
    /// `[height, width]` of the output: that of the second input, or in a reduction cell half of
    /// it, rounded up.
    pub size: [usize; 2],
}

/// What the first cell finds.
struct BeforeCells {
    channels: usize,
    size: [usize; 2],
    reduced: bool,
}

/// The cells of a network that begins with so many `[channels, cells]`, whose normal and reduction
/// cells concatenate so many nodes.
fn cell_plans(
    before: BeforeCells,
    [channels, cells]: [usize; 2],
    outputs: [usize; 2],
) -> impl Iterator<Item = CellPlan> {
    // Two thirds, rounded down, written so that no number of cells is too large.
    let reductions = [cells / 3, cells - cells.div_ceil(3)];
    let mut last = CellPlan {
        reduction: before.reduced,
        previous_reduction: false,
        inputs: [before.channels; 2],
        channels,
        output_channels: before.channels,
        input_size: before.size,
        size: before.size,
    };
    (0..cells).map(move |index| {
        let reduction = reductions.contains(&index);
        let channels = last.channels.saturating_mul(1 + usize::from(reduction));
        last = CellPlan {
            reduction,
            previous_reduction: last.reduction,
            inputs: [last.inputs[1], last.output_channels],
            channels,
            output_channels: channels.saturating_mul(outputs[usize::from(reduction)]),
            input_size: last.size,
            size: if reduction { halved(last.size) } else { last.size },
        };
        last
    })
}

/// As a 3x3 convolution of stride 2 and padding 1 leaves it: rounded up.
fn halved(size: [usize; 2]) -> [usize; 2] {
    size.map(|length| length.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(channels: usize, cells: usize) -> Vec<CellPlan> {
        let shape = SuperShape { channels, cells, ..SuperShape::paper(10, [3, 32, 32]) };
        shape.cells()
    }

    #[test]
    fn the_papers_supernet_reduces_in_its_third_and_sixth_cell() {
        let plans = plans(16, 8);
        let inputs: Vec<[usize; 2]> = plans.iter().map(|plan| plan.inputs).collect();
        assert_eq!(
            inputs,
            [
                [48, 48],
                [48, 64],
                [64, 64],
                [64, 128],
                [128, 128],
                [128, 128],
                [128, 256],
                [256, 256]
            ]
        );
        let reductions: Vec<usize> = (0..8).filter(|&index| plans[index].reduction).collect();
        assert_eq!(reductions, [2, 5]);
        let sizes: Vec<[usize; 2]> = plans.iter().map(|plan| plan.size).collect();
        assert_eq!(sizes[1..6], [[32; 2], [16; 2], [16; 2], [16; 2], [8; 2]]);
        assert!(plans[3].previous_reduction && plans[6].previous_reduction);
        assert_eq!(plans[2].input_size, [32; 2]);
    }

    #[test]
    fn each_cell_reads_what_the_two_before_it_leave() {
        for plans in [plans(4, 1), plans(4, 2), plans(4, 7), plans(5, 20)] {
            for three in plans.windows(3) {
                assert_eq!(three[2].inputs[0], three[0].output_channels);
                assert_eq!(three[2].inputs[1], three[1].output_channels);
                assert_eq!(three[2].input_size, three[1].size);
                assert_eq!(three[2].previous_reduction, three[1].reduction);
            }
        }
    }

    #[test]
    fn reductions_stand_at_a_third_and_two_thirds_rounded_down() {
        for cells in 1..30 {
            let reductions: Vec<usize> =
                (0..cells).filter(|&at| plans(4, cells)[at].reduction).collect();
            let mut expected = vec![cells / 3, 2 * cells / 3];
            expected.dedup();
            assert_eq!(reductions, expected, "{cells}");
        }
    }

    #[test]
    fn the_imagenet_stem_counts_as_a_reduction() {
        let node = "('skip_connect', 0), ('skip_connect', 1)";
        let text = format!(
            "Genotype(normal=[{node}, {node}], normal_concat=[3, 2], reduce=[{node}], \
             reduce_concat=[2])"
        );
        let plans: Vec<CellPlan> = EvalShape::imagenet().cells(&text.parse().unwrap());
        assert!(plans[0].previous_reduction && !plans[1].previous_reduction);
        assert_eq!((plans[0].inputs, plans[0].size), ([48, 48], [28, 28]));
        assert_eq!((plans[4].output_channels, plans[5].output_channels), (96, 192));
        assert_eq!(plans[13].size, [7, 7]);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let shape = SuperShape {
            channels: usize::MAX,
            cells: usize::MAX,
            ..SuperShape::paper(10, [3, 32, 32])
        };
        assert_eq!(shape.cell_plans().next().unwrap().output_channels, usize::MAX);
    }
}
