//! Networks of inverted residuals (Sandler et al.: "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
//! CVPR 2018), and the space that ProxylessNAS (Cai, Zhu and Han, ICLR 2019) searches: the kernel, the
//! expansion and the presence of every block.
//!
//! A block widens its input by a 1x1 convolution, convolves every channel by itself, and narrows to its
//! output by another 1x1 convolution; each convolution has a batch norm, and all but the last an activation.
//! A block that keeps its shape adds its input, and may be left out.

mod block;
mod json;
mod neighbours;
mod network;
mod published;
mod supernet;
mod text;

use tamis_graph::Activation;

use crate::Error;

pub use block::{Block, BlockKind, BlockShape};
pub use json::{from_json, is_json, to_json};
pub use published::{PUBLISHED, published};
pub use supernet::{OPTIONS, SuperShape, Unit, supernet};

/// A network: what each of its blocks is, how wide and at what stride.
#[derive(Clone, Debug, PartialEq)]
pub struct Genotype {
    /// What all its blocks have in common.
    pub block_kind: BlockKind,
    /// The 3x3 convolution that comes first.
    pub stem: Stem,
    /// The stages; of each all but the first block keep its shape.
    pub stages: Vec<Stage>,
    /// Channels of the 1x1 convolution before the classifier.
    pub features: usize,
}

/// The 3x3 convolution that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stem {
    /// Channels of its output.
    pub channels: usize,
    /// Rows and columns from one output pixel to the next.
    pub stride: usize,
}

/// Blocks of one width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Channels of every block's output.
    pub channels: usize,
    /// Stride of the first block.
    pub stride: usize,
    /// The blocks, at least one.
    pub blocks: Vec<Block>,
}

impl Genotype {
    /// A network.
    ///
    /// # Errors
    ///
    /// [`Error::Blocks`] if there is no block, a width or stride is none that networks have, or a block is
    /// left out that does not keep its shape.
    pub fn new(
        block_kind: BlockKind,
        stem: Stem,
        stages: Vec<Stage>,
        features: usize,
    ) -> Result<Self, Error> {
        let genotype = Genotype { block_kind, stem, stages, features };
        genotype.check()?;
        Ok(genotype)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |found: String, expected| Err(Error::Blocks { found, expected });
        let wide = |channels: usize| (1..=tamis_graph::checks::MOST_WIDE).contains(&channels);
        let widths = self.stages.iter().map(|stage| stage.channels);
        let mut widths = widths.chain([self.stem.channels, self.features]);
        if let Some(found) = widths.find(|&channels| !wide(channels)) {
            return refuse(format!("{found} channels"), "1 to 1048576");
        }
        let mut strides = self.stages.iter().map(|stage| stage.stride).chain([self.stem.stride]);
        if let Some(found) = strides.find(|stride| !matches!(stride, 1 | 2)) {
            return refuse(format!("a stride of {found}"), "1 or 2");
        }
        if self.stages.is_empty() || self.stages.iter().any(|stage| stage.blocks.is_empty()) {
            return refuse("a network or a stage without blocks".to_owned(), "at least one block");
        }
        for (shape, block) in self.blocks() {
            if !block.is_known() {
                return refuse(
                    format!("the block {block}"),
                    "kernels of 3, 5 or 7, expansions of 1 to 9",
                );
            }
            if block == Block::Skip && !shape.keeps() {
                let found = format!("a block left out that makes {shape}");
                return refuse(found, "a block that keeps its shape");
            }
        }
        Ok(())
    }

    /// Every block with the shape that it has, in order.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockShape, Block)> + '_ {
        let mut inputs = self.stem.channels;
        self.stages.iter().flat_map(move |stage| {
            let first = inputs;
            inputs = stage.channels;
            stage.blocks.iter().enumerate().map(move |(number, &block)| {
                let (inputs, stride) =
                    if number == 0 { (first, stage.stride) } else { (stage.channels, 1) };
                (BlockShape { inputs, outputs: stage.channels, stride }, block)
            })
        })
    }
}

/// `width / of`, rounded to a multiple of 8 as MobileNetV2's authors do: at least 8, and never by more than a
/// tenth below.
pub(crate) fn divisible(width: usize, of: usize) -> usize {
    let of = of.max(1);
    let rounded = ((width + 4 * of) / (8 * of) * 8).max(8);
    if 10 * rounded * of < 9 * width { rounded + 8 } else { rounded }
}

impl BlockKind {
    /// ReLU6 and nothing else: the blocks of MobileNetV2 and ProxylessNAS.
    pub const PLAIN: BlockKind = BlockKind { activation: Activation::Relu6, squeeze: false };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_rounded_as_the_papers_round_them() {
        // 0.35, 0.5 and 1.4 times the widths of MobileNetV2.
        let of = |width: usize, factor: usize| divisible(width * factor, 100);
        assert_eq!([24, 32, 64, 96, 160, 320].map(|w| of(w, 35)), [8, 16, 24, 32, 56, 112]);
        assert_eq!([16, 24, 32, 96].map(|width| of(width, 50)), [8, 16, 16, 48]);
        assert_eq!([16, 24, 64, 1280].map(|width| of(width, 140)), [24, 32, 88, 1792]);
    }

    #[test]
    fn what_makes_no_network_is_refused() {
        let block = Block::Inverted { kernel: 3, expansion: 6 };
        let build = |stride: usize, blocks: Vec<Block>| {
            let stage = Stage { channels: 16, stride, blocks };
            let told =
                Genotype::new(BlockKind::PLAIN, Stem { channels: 16, stride: 1 }, vec![stage], 64);
            told.map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(build(1, vec![Block::Skip, block]), Ok(()));
        for (stride, blocks, part) in [
            (2, vec![Block::Skip], "keeps its shape"),
            (3, vec![block], "a stride of 3"),
            (1, vec![], "at least one block"),
            (1, vec![Block::Inverted { kernel: 4, expansion: 6 }], "4x4_MBConv6"),
        ] {
            let told = build(stride, blocks).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
