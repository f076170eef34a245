//! Parameters and multiply-adds of NAS-Bench-201 networks.
//!
//! The macro network: stem (3x3 convolution, batch norm), three stages of cells at C, 2C and 4C
//! channels, a residual block of stride 2 before the second and the third, batch norm, ReLU, global
//! average pool, linear classifier. The counting rule is the one that gives the benchmark's
//! published figures: see [`Counts`]. Nothing is pruned: a convolution that no path uses counts.

use serde::{Deserialize, Serialize};

use super::{EDGES, Genotype, Operation};
use crate::Counts;

/// The size of the network around the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroShape {
    /// Channels of the first stage; the benchmark has 16.
    pub channels: usize,
    /// Cells of each of the three stages; the benchmark has 5.
    pub cells: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// Channels of an image.
    pub image_channels: usize,
    /// Rows of an image.
    pub image_height: usize,
    /// Columns of an image.
    pub image_width: usize,
}

impl MacroShape {
    /// The benchmark's network, 16 channels and 5 cells a stage, for images
    /// `[channel, height, width]`.
    pub const fn benchmark(classes: usize, image: [usize; 3]) -> MacroShape {
        let [image_channels, image_height, image_width] = image;
        MacroShape { channels: 16, cells: 5, classes, image_channels, image_height, image_width }
    }

    /// Channels and `[height, width]` of the three stages.
    ///
    /// A stage's size is half the one before, rounded up, as a 3x3 convolution of stride 2 and
    /// padding 1 leaves it. (The benchmark's pool on the residual path rounds down, so its own
    /// network does not exist where an odd size is halved; 28 to 14 to 7 is no such case.)
    pub fn stages(&self) -> [(usize, [usize; 2]); 3] {
        let first = [self.image_height, self.image_width];
        let second = first.map(|size| size.div_ceil(2));
        let third = second.map(|size| size.div_ceil(2));
        [
            (self.channels, first),
            (self.channels.saturating_mul(2), second),
            (self.channels.saturating_mul(4), third),
        ]
    }
}

/// Counts the network of one genotype: one operation on every edge, batch norm with scale and
/// shift everywhere.
pub fn count_derived(genotype: &Genotype, shape: &MacroShape) -> Counts {
    around_cells(shape)
        + in_cells(shape, |channels, size| {
            genotype.0.into_iter().map(|op| operation(op, channels, size, true)).sum()
        })
}

/// Counts the supernet: every operation on every edge, batch norm without scale and shift inside
/// the cells. Architecture parameters (6 x 5) are not counted.
pub fn count_supernet(shape: &MacroShape) -> Counts {
    around_cells(shape)
        + in_cells(shape, |channels, size| {
            let edge: Counts =
                Operation::ALL.into_iter().map(|op| operation(op, channels, size, false)).sum();
            edge * EDGES.len()
        })
}

/// All cells of all stages, given what one cell costs at some channels and `[height, width]`.
fn in_cells(shape: &MacroShape, cell: impl Fn(usize, [usize; 2]) -> Counts) -> Counts {
    shape.stages().into_iter().map(|(channels, size)| cell(channels, size) * shape.cells).sum()
}

fn operation(operation: Operation, channels: usize, size: [usize; 2], affine: bool) -> Counts {
    let convolution =
        |kernel| Counts::conv(kernel, [channels; 2], size) + Counts::norm(channels, affine);
    match operation {
        Operation::None | Operation::SkipConnect | Operation::AvgPool3x3 => Counts::default(),
        Operation::Conv1x1 => convolution(1),
        Operation::Conv3x3 => convolution(3),
    }
}

/// Everything but the cells.
fn around_cells(shape: &MacroShape) -> Counts {
    let [first, second, third] = shape.stages();
    let stem =
        Counts::conv(3, [shape.image_channels, first.0], first.1) + Counts::norm(first.0, true);
    let head = Counts::norm(third.0, true) + Counts::classifier(third.0, shape.classes);
    stem + residual_block([first.0, second.0], second.1)
        + residual_block([second.0, third.0], third.1)
        + head
}

/// Two 3x3 convolutions with batch norm, and beside them a pool and a 1x1 convolution; all of them
/// leave the block's smaller `size`.
fn residual_block(channels: [usize; 2], size: [usize; 2]) -> Counts {
    let out = channels[1];
    Counts::conv(3, channels, size)
        + Counts::conv(3, [out; 2], size)
        + Counts::norm(out, true) * 2
        + Counts::conv(1, channels, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIFAR10: MacroShape = MacroShape::benchmark(10, [3, 32, 32]);
    const INDEX_0: &str = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|\
                           +|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
    const INDEX_11: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|\
                            +|none~0|nor_conv_3x3~1|avg_pool_3x3~2|";

    fn counts(text: &str, shape: MacroShape) -> (u64, u64) {
        let Counts { params, macs } = count_derived(&text.parse().unwrap(), &shape);
        (params, macs)
    }

    #[test]
    fn derived_networks_have_the_benchmarks_published_counts() {
        assert_eq!(counts(INDEX_0, CIFAR10), (129_306, 15_647_370));
        assert_eq!(counts(INDEX_0, MacroShape::benchmark(100, [3, 32, 32])), (135_156, 15_653_220));
        assert_eq!(counts(INDEX_0, MacroShape::benchmark(120, [3, 16, 16])), (136_456, 3_919_480));
        assert_eq!(counts(INDEX_11, CIFAR10), (802_426, 113_951_370));
    }

    #[test]
    fn the_supernet_has_the_reference_number_of_parameters() {
        assert_eq!(count_supernet(&CIFAR10).params, 1_686_106);
    }

    #[test]
    fn the_supernet_costs_what_all_operations_cost_on_all_edges() {
        let cells_of = |counts: Counts| counts.macs - around_cells(&CIFAR10).macs;
        let uniform = |op| cells_of(count_derived(&Genotype([op; 6]), &CIFAR10));
        let all: u64 = Operation::ALL.into_iter().map(uniform).sum();
        assert_eq!(cells_of(count_supernet(&CIFAR10)), all);
    }

    #[test]
    fn a_cell_without_convolutions_leaves_the_stem_the_blocks_and_the_head() {
        let skips = Genotype([Operation::SkipConnect; 6]);
        assert_eq!(count_derived(&skips, &CIFAR10), around_cells(&CIFAR10));
    }

    #[test]
    fn images_of_28_x_28_shrink_to_14_and_7() {
        let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [1, 28, 28]) };
        assert_eq!(shape.stages(), [(4, [28, 28]), (8, [14, 14]), (16, [7, 7])]);
        let blocks =
            (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8) * 14 * 14 + (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16) * 7 * 7;
        let macs = 9 * 4 * 28 * 28 + blocks + 17 * 10;
        assert_eq!(count_derived(&Genotype([Operation::None; 6]), &shape).macs, macs);
        let convolutions = 9 * 6 * (4 * 4 * 28 * 28 + 8 * 8 * 14 * 14 + 16 * 16 * 7 * 7);
        let all = count_derived(&Genotype([Operation::Conv3x3; 6]), &shape);
        assert_eq!(all.macs, macs + convolutions);
    }

    #[test]
    fn odd_sizes_are_halved_upwards() {
        let shape = MacroShape::benchmark(10, [3, 29, 17]);
        assert_eq!(shape.stages().map(|(_, size)| size), [[29, 17], [15, 9], [8, 5]]);
    }
}
