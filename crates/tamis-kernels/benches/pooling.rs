//! 3x3 pooling of single networks.

use criterion::Criterion;
use tamis_kernels::pooling::{Pool, PoolShape, backward_at, forward_at};
use tamis_kernels::{Destination, Level};

use crate::{BATCH, group, noise, time};

/// Channels, side of the images that come in, stride.
const SIZES: [(usize, usize, usize); 3] = [(36, 32, 1), (36, 32, 2), (144, 8, 1)];

pub(crate) fn benches(criterion: &mut Criterion) {
    for (channels, side, stride) in SIZES {
        for pool in [Pool::Maximum, Pool::Average] {
            let (batch, height, width) = (BATCH, side, side);
            let shape = PoolShape { batch, channels, height, width, stride, pool };
            Level::available().into_iter().for_each(|level| pooling(criterion, &shape, level));
        }
    }
}

fn pooling(criterion: &mut Criterion, shape: &PoolShape, level: Level) {
    let PoolShape { channels, height, stride, pool, .. } = *shape;
    let mut group = group(criterion, &format!("pool {pool:?} {channels}x{height} stride {stride}"));
    let (input, output_gradient) = (noise(shape.input_values()), noise(shape.output_values()));
    let mut output = vec![0.0; shape.output_values()];
    let mut input_gradient = vec![0.0; shape.input_values()];
    time(&mut group, "forward", level, None, || {
        forward_at(level, shape, &input, Destination::Write(&mut output));
    });
    time(&mut group, "backward", level, None, || {
        let to = Destination::Write(&mut input_gradient);
        backward_at(level, shape, &input, &output_gradient, to);
    });
    group.finish();
}
