//! Times the NAS-Bench-201 cell, forward and backward, at the sizes of the search, batch 64.
//!
//! Prints the minimum over many repetitions, and GFLOP/s of the convolutions that are nominally
//! needed: one pass forward, one for each of the two gradients that are wanted.

#![allow(clippy::print_stdout)]

use std::time::Instant;
use tamis_kernels::Level;
use tamis_kernels::nas_bench_201::{CellShape, Operands, Wants, backward, forward_at};

const REPETITIONS: usize = 15;

fn main() {
    let only: Option<usize> = std::env::args().nth(1).and_then(|count| count.parse().ok());
    for (channels, size) in [(8, 32), (16, 16), (32, 8), (16, 32), (32, 16), (64, 8)] {
        if only.is_some_and(|only| only != channels) {
            continue;
        }
        let shape = CellShape { batch: 64, channels, height: size, width: size };
        for level in Level::available().into_iter().take(2) {
            measure(level, &shape);
        }
    }
}

fn measure(level: Level, shape: &CellShape) {
    let (input, weights) = (noise(shape.values()), noise(shape.weights()));
    let (shares, output_gradient) = (noise(30), noise(shape.values()));
    let operands = Operands { input: &input, weights: &weights, shares: &shares };
    let mut output = vec![0.0; shape.values()];
    let mut best_s = [f64::INFINITY; 4];
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        let saved = forward_at(level, shape, &operands, &mut output, true);
        best_s[0] = best_s[0].min(start.elapsed().as_secs_f64());
        let Some(saved) = saved else { return };
        let wants = [(true, true, false), (true, false, true), (true, false, false)];
        for (best_s, (input, weights, shares_wanted)) in best_s[1..].iter_mut().zip(wants) {
            let wants = Wants { input, weights, shares: shares_wanted };
            let start = Instant::now();
            std::hint::black_box(backward(
                &saved,
                operands.weights,
                &shares,
                &output_gradient,
                wants,
            ));
            *best_s = best_s.min(start.elapsed().as_secs_f64());
        }
    }
    report(level, shape, best_s);
}

fn report(level: Level, shape: &CellShape, best_s: [f64; 4]) {
    let pixels = shape.batch * shape.height * shape.width;
    let flop = (2 * 6 * 10 * shape.channels * shape.channels * pixels) as f64;
    let rate = |passes: f64, wall_s: f64| passes * flop / wall_s / 1e9;
    let [forward_s, weights_s, shares_s, input_s] = best_s;
    println!(
        "{:>3} x {:>2}^2 {level:?}: forward {:6.2} ms {:5.1} GFLOP/s, \
         weights+input {:6.2} ms {:5.1}, shares+input {:6.2} ms {:5.1}, input {:6.2} ms; \
         step (a) {:5.1} (b) {:5.1} GFLOP/s",
        shape.channels,
        shape.height,
        forward_s * 1e3,
        rate(1.0, forward_s),
        weights_s * 1e3,
        rate(2.0, weights_s),
        shares_s * 1e3,
        rate(1.0, shares_s),
        input_s * 1e3,
        rate(3.0, forward_s + weights_s),
        rate(2.0, forward_s + shares_s),
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
