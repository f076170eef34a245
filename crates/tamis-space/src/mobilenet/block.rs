//! One block: an inverted residual, or nothing.

use std::fmt;
use std::str::FromStr;

use tamis_graph::{Activation, Builder, Convolution, NodeId};

use super::divisible;
use crate::Error;

/// What stands in a block's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// Nothing: its input goes on.
    Skip,
    /// An inverted residual.
    Inverted {
        /// Rows and columns of the depthwise kernel: 3, 5 or 7.
        kernel: usize,
        /// Channels between its 1x1 convolutions, in channels of its input; with 1 there is no first one.
        expansion: usize,
    },
}

/// What all blocks of a network have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockKind {
    /// What follows the batch norms of a block's first convolutions.
    pub activation: Activation,
    /// Whether squeeze-and-excitation gates the channels after the depthwise convolution (Hu, Shen and Sun,
    /// CVPR 2018), as in MobileNetV3: to a quarter of them, ReLU, back, hard sigmoid.
    pub squeeze: bool,
}

/// What a block makes of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockShape {
    /// Channels of its input.
    pub inputs: usize,
    /// Channels of its output.
    pub outputs: usize,
    /// Rows and columns from one output pixel to the next.
    pub stride: usize,
}

impl BlockShape {
    /// Whether the output has the input's shape.
    pub fn keeps(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

impl fmt::Display for BlockShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BlockShape { inputs, outputs, stride } = self;
        write!(f, "{outputs} channels of {inputs} at stride {stride}")
    }
}

impl Block {
    /// Whether it is one that networks are made of.
    pub(super) fn is_known(self) -> bool {
        match self {
            Block::Skip => true,
            Block::Inverted { kernel, expansion } => {
                matches!(kernel, 3 | 5 | 7) && (1..=9).contains(&expansion)
            }
        }
    }

    /// The block's layers under a path, with its shortcut where it keeps its shape.
    pub(super) fn describe(
        self,
        builder: &mut Builder,
        path: &str,
        input: NodeId,
        (shape, block_kind): (BlockShape, BlockKind),
    ) -> NodeId {
        let residual = self.residual(builder, path, input, (shape, block_kind));
        match residual {
            None => input,
            Some(residual) if shape.keeps() => builder.add(vec![residual, input]),
            Some(residual) => residual,
        }
    }

    /// What a block adds to its input, or makes of it; nothing where it is left out.
    pub(super) fn residual(
        self,
        builder: &mut Builder,
        path: &str,
        input: NodeId,
        (shape, block_kind): (BlockShape, BlockKind),
    ) -> Option<NodeId> {
        let Block::Inverted { kernel, expansion } = self else { return None };
        let middle = shape.inputs * expansion;
        let mut features = input;
        if expansion > 1 {
            let expand = Convolution::square(middle, 1);
            features = builder.conv_norm(&format!("{path}.expand"), features, expand);
            features = builder.activation(features, block_kind.activation);
        }
        let depthwise = Convolution::depthwise(middle, kernel, 1).stride(shape.stride);
        features = builder.conv_norm(&format!("{path}.depthwise"), features, depthwise);
        features = builder.activation(features, block_kind.activation);
        if block_kind.squeeze {
            features = squeeze(builder, path, features, middle);
        }
        let project = Convolution::square(shape.outputs, 1);
        Some(builder.conv_norm(&format!("{path}.project"), features, project))
    }
}

fn squeeze(builder: &mut Builder, path: &str, features: NodeId, channels: usize) -> NodeId {
    let mean = builder.global_average(features);
    let few = builder.linear(&format!("{path}.squeeze"), mean, divisible(channels, 4));
    let few = builder.relu(few);
    let scales = builder.linear(&format!("{path}.excite"), few, channels);
    let scales = builder.activation(scales, Activation::HardSigmoid);
    builder.scale_channels(features, scales)
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Block::Skip => f.write_str("skip_connect"),
            Block::Inverted { kernel, expansion } => {
                write!(f, "{kernel}x{kernel}_MBConv{expansion}")
            }
        }
    }
}

impl FromStr for Block {
    type Err = Error;

    fn from_str(text: &str) -> Result<Block, Error> {
        let inverted = || {
            let (kernel, expansion) = text.split_once("_MBConv")?;
            let (rows, columns) = kernel.split_once('x')?;
            let (kernel, columns): (usize, usize) = (rows.parse().ok()?, columns.parse().ok()?);
            let block = Block::Inverted { kernel, expansion: expansion.parse().ok()? };
            (kernel == columns && block.is_known()).then_some(block)
        };
        let found = if text == "skip_connect" { Some(Block::Skip) } else { inverted() };
        found.ok_or_else(|| Error::Operation {
            space: "mobilenet",
            found: text.to_owned(),
            expected:
                "skip_connect, or KxK_MBConvE with a kernel of 3, 5 or 7 and an expansion of 1 to 9"
                    .to_owned(),
        })
    }
}
