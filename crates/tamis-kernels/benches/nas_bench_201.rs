//! The search cell of NAS-Bench-201 in each of the three stages.

use criterion::Criterion;
use tamis_kernels::Level;
use tamis_kernels::nas_bench_201::{
    CellShape, EDGES, OPERATIONS, Operands, Wants, backward, forward_at,
};

use crate::{BATCH, group, noise, time};

const SHARES: usize = EDGES * OPERATIONS;

/// Channels and side of the images: the stages of 8 channels, then of 16.
const SIZES: [(usize, usize); 6] = [(8, 32), (16, 16), (32, 8), (16, 32), (32, 16), (64, 8)];

pub(crate) fn benches(criterion: &mut Criterion) {
    for (channels, side) in SIZES {
        let shape = CellShape { batch: BATCH, channels, height: side, width: side };
        Level::available().into_iter().for_each(|level| cell(criterion, &shape, level));
    }
}

fn cell(criterion: &mut Criterion, shape: &CellShape, level: Level) {
    let mut group = group(criterion, &format!("nas-bench-201 {}x{}", shape.channels, shape.height));
    let (input, weights) = (noise(shape.values()), noise(shape.weights()));
    let (shares, output_gradient) = (noise(SHARES), noise(shape.values()));
    let operands = Operands { input: &input, weights: &weights, shares: &shares, runs: &[] };
    let mut output = vec![0.0; shape.values()];
    // Of the twelve convolutions: each weight meets each pixel once.
    let macs = shape.weights() * shape.batch * shape.height * shape.width;
    time(&mut group, "forward", level, Some(macs), || {
        forward_at(level, shape, &operands, &mut output, true)
    });
    let Some(saved) = forward_at(level, shape, &operands, &mut output, true) else { return };
    for (pass, passes, of_weights) in [("weights", 2, true), ("shares", 1, false)] {
        let wants = Wants { input: true, weights: of_weights, shares: !of_weights };
        time(&mut group, pass, level, Some(passes * macs), || {
            backward(&saved, &weights, &shares, &output_gradient, wants)
        });
    }
    group.finish();
}
