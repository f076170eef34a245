//! Times the DARTS cell, forward and backward, at the sizes of the search, batch 64.
//!
//! Prints the minimum over the repetitions. `darts_bench [repetitions] [channels] [rows]` restricts
//! it to the cells of one number of channels, or of rows too.

#![allow(clippy::print_stdout)]

use std::time::Instant;
use tamis_kernels::Level;
use tamis_kernels::darts::{CellShape, Operands, Wants, backward, forward_at};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|count| count.parse().ok());
    let repetitions: usize = arguments.next().flatten().unwrap_or(5);
    let [only_channels, only_rows]: [Option<usize>; 2] =
        [(); 2].map(|()| arguments.next().flatten());
    for (channels, size, reduction) in [
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
    ] {
        let matches = |only: Option<usize>, size| only.is_none_or(|only| only == size);
        if matches(only_channels, channels) && matches(only_rows, size) {
            let shape = CellShape { batch: 64, channels, height: size, width: size, reduction };
            measure(&shape, repetitions);
        }
    }
}

fn measure(shape: &CellShape, repetitions: usize) {
    let states = noise(shape.state_values());
    let (weights, shares) = (noise(shape.weights()), noise(14 * 8));
    let output_gradient = noise(shape.output_values());
    let operands = Operands { states: [&states; 2], weights: &weights, shares: &shares };
    let mut output = vec![0.0; shape.output_values()];
    let mut best_s = [f64::INFINITY; 3];
    for _ in 0..repetitions {
        let start = Instant::now();
        let saved = forward_at(Level::best(), shape, &operands, &mut output, true);
        best_s[0] = best_s[0].min(start.elapsed().as_secs_f64());
        let Some(saved) = saved else { return };
        for (best_s, weights_wanted) in best_s[1..].iter_mut().zip([true, false]) {
            let wants =
                Wants { states: [true; 2], weights: weights_wanted, shares: !weights_wanted };
            let start = Instant::now();
            let gradients = backward(&saved, &weights, &shares, &output_gradient, wants);
            std::hint::black_box(gradients);
            *best_s = best_s.min(start.elapsed().as_secs_f64());
        }
    }
    let [forward_ms, weights_ms, shares_ms] = best_s.map(|wall_s| wall_s * 1e3);
    println!(
        "{:>3} x {:>2}^2 {}: forward {forward_ms:7.1} ms, weights+states {weights_ms:7.1} ms, \
         shares+states {shares_ms:7.1} ms",
        shape.channels,
        shape.height,
        if shape.reduction { "reduction" } else { "normal   " },
    );
}

/// Values in -0.5 to 0.5 without a pattern that matters.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}
