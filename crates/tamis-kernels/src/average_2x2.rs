//! 2x2 average pooling with stride 2, and its gradient: the shortcut around a reduction.
//!
//! Both sides of every plane are even, so that rows can be paired without knowing where a plane
//! ends. The four pixels are added along rows, from the upper left, then divided: composed of the
//! tensor library's pooling the bits are the same.

use rayon::prelude::*;

/// Pairs of rows that a thread works on at a time. Changes no bits.
const PAIRS: usize = 64;

/// Means of the 2x2 squares of planes `[.., height, width]`, given one after the other:
/// `[.., height / 2, width / 2]`.
///
/// # Panics
/// If `width` is odd or 0, `input` is no whole number of pairs of rows, or `output` not a quarter as long.
pub fn forward(input: &[f32], width: usize, output: &mut [f32]) {
    check_width(width);
    assert!(input.len().is_multiple_of(2 * width), "rows come in pairs");
    assert_eq!(output.len(), input.len() / 4, "length of the output");
    let half = width / 2;
    let pieces = output.par_chunks_mut(PAIRS * half).zip(input.par_chunks(PAIRS * 2 * width));
    pieces.for_each(|(output, input)| {
        for (row, pair) in output.chunks_exact_mut(half).zip(input.chunks_exact(2 * width)) {
            let (upper, lower) = pair.split_at(width);
            let squares = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            for (mean, (upper, lower)) in row.iter_mut().zip(squares) {
                *mean = (upper[0] + upper[1] + lower[0] + lower[1]) * 0.25;
            }
        }
    });
}

/// Gradient of the input of [`forward`], whose rows have `width` pixels, from that of its output.
///
/// # Panics
/// If `width` is odd or 0, `output_gradient` is no whole number of rows, or `input_gradient` not four times
/// as long.
pub fn backward(output_gradient: &[f32], width: usize, input_gradient: &mut [f32]) {
    check_width(width);
    let half = width / 2;
    assert!(output_gradient.len().is_multiple_of(half), "a gradient is made of whole rows");
    assert_eq!(input_gradient.len(), 4 * output_gradient.len(), "length of the gradient");
    let pieces = input_gradient
        .par_chunks_mut(PAIRS * 2 * width)
        .zip(output_gradient.par_chunks(PAIRS * half));
    pieces.for_each(|(to, from)| {
        for (pair, row) in to.chunks_exact_mut(2 * width).zip(from.chunks_exact(half)) {
            let (upper, lower) = pair.split_at_mut(width);
            for (square, mean) in upper.chunks_exact_mut(2).zip(row) {
                square.fill(mean * 0.25);
            }
            lower.copy_from_slice(upper);
        }
    });
}

fn check_width(width: usize) {
    assert!(width > 0 && width.is_multiple_of(2), "a row of {width} pixels has no pairs");
}
