//! The search cells of DARTS, normal and reduction.

use criterion::Criterion;
use tamis_kernels::Level;
use tamis_kernels::darts::{CellShape, Operands, Wants, backward, forward_at};

use crate::{BATCH, group, noise, time};

/// Channels, side of the images that come in, whether the cell halves them: the cells of a network
/// of 8 channels, then of 16.
const CELLS: [(usize, usize, bool); 10] = [
    (8, 32, false),
    (16, 32, true),
    (16, 16, false),
    (32, 16, true),
    (32, 8, false),
    (16, 32, false),
    (32, 32, true),
    (32, 16, false),
    (64, 16, true),
    (64, 8, false),
];

/// Fourteen edges of eight operations.
const SHARES: usize = 14 * 8;

pub(crate) fn benches(criterion: &mut Criterion) {
    for (channels, side, reduction) in CELLS {
        let shape = CellShape { batch: BATCH, channels, height: side, width: side, reduction, partial: 1 };
        Level::available().into_iter().for_each(|level| cell(criterion, &shape, level));
    }
}

fn cell(criterion: &mut Criterion, shape: &CellShape, level: Level) {
    let kind = if shape.reduction { "reduction" } else { "normal" };
    let name = format!("darts {kind} {}x{}", shape.channels, shape.height);
    let mut group = group(criterion, &name);
    let states = noise(shape.state_values());
    let (weights, shares) = (noise(shape.weights()), noise(SHARES));
    let output_gradient = noise(shape.output_values());
    let operands = Operands { states: [&states; 2], weights: &weights, shares: &shares, runs: &[] };
    let mut output = vec![0.0; shape.output_values()];
    time(&mut group, "forward", level, None, || {
        forward_at(level, shape, &operands, &mut output, true)
    });
    let Some(saved) = forward_at(level, shape, &operands, &mut output, true) else { return };
    for (pass, of_weights) in [("weights", true), ("shares", false)] {
        let wants = Wants { states: [true; 2], weights: of_weights, shares: !of_weights };
        time(&mut group, pass, level, None, || {
            backward(&saved, &weights, &shares, &output_gradient, wants)
        });
    }
    group.finish();
}
