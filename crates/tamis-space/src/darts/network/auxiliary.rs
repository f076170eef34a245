//! The auxiliary classifier of the reference, which only training has: it reads what the second reduction
//! cell gives.
//!
//! ReLU, average pool to 2x2, 1x1 convolution to 128 channels, batch norm, ReLU, 2x2 convolution to 768,
//! batch norm (not with the ImageNet stem, as in the reference), ReLU, linear. The reference's pools, 5x5
//! with stride 3 on 8x8 images and stride 2 on 7x7, are the cases of a rule that leaves 2x2 of any size: a
//! window of the side less the stride.

use tamis_graph::{Builder, Convolution, NodeId, Pool, Shape};

use super::super::{EvalShape, Stem};

const FIRST: usize = 128;
const SECOND: usize = 768;

pub(super) fn head(builder: &mut Builder, input: NodeId, shape: &EvalShape) -> NodeId {
    let activated = builder.relu(input);
    let pooled = builder.average_pool(activated, window(builder.shape(input), shape.stem));
    let first = Convolution::square(FIRST, 1);
    let features = builder.conv_norm("auxiliary.first", pooled, first);
    let features = builder.relu(features);
    let second = Convolution { kernel: [2; 2], padding: [0; 2], ..Convolution::square(SECOND, 1) };
    let features = match shape.stem {
        Stem::Cifar => builder.conv_norm("auxiliary.second", features, second),
        Stem::Imagenet => builder.convolution("auxiliary.second.conv", features, second),
    };
    let features = builder.relu(features);
    let features = builder.flatten(features);
    builder.linear("auxiliary.classifier", features, shape.classes)
}

fn window(shape: Shape, stem: Stem) -> Pool {
    let side = match shape {
        Shape::Planes([_, height, width]) => height.min(width),
        Shape::Features(_) => 1,
    };
    let stride = match stem {
        Stem::Imagenet if side > 2 => 2,
        _ => (side.div_ceil(2)).saturating_sub(1).max(1),
    };
    Pool { side: side.saturating_sub(stride).max(1), stride, padding: 0 }
}
