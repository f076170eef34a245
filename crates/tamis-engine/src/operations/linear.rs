//! The linear layer: `y = W x + b`.
//!
//! Sums run along whole rows, so that they are vectors whatever the processor has, in an order that does
//! not depend on it; those over a batch are added by its chunks.

use rayon::prelude::*;
use tamis_kernels::Buffer;
use tamis_kernels::chunks::{self, Chunks};

/// Of features `[sample, in]`: `[sample, out]`.
pub(crate) fn forward(input: &[f32], weight: &[f32], bias: &[f32]) -> Buffer {
    let outputs = bias.len();
    let inputs = weight.len() / outputs;
    let columns = transposed(weight, inputs);
    let mut output = Buffer::take(input.len() / inputs * outputs);
    let samples = output.par_chunks_mut(outputs).zip(input.par_chunks(inputs));
    samples.for_each(|(output, input)| {
        output.copy_from_slice(bias);
        for (&value, column) in input.iter().zip(columns.chunks_exact(outputs)) {
            add_scaled(output, column, value);
        }
    });
    output
}

/// Adds to the gradient of the weight `[out, in]`.
pub(crate) fn weight_gradient(
    (input, inputs): (&[f32], usize),
    gradient: &[f32],
    of_weight: &mut [f32],
) {
    let outputs = of_weight.len() / inputs;
    let chunks = Chunks::of(input.len() / inputs);
    of_weight.par_chunks_mut(inputs).enumerate().for_each(|(output, row)| {
        let mut pieces = vec![0.0; chunks.count() * inputs];
        for (piece, samples) in pieces.chunks_exact_mut(inputs).zip(chunks.iter()) {
            for sample in samples {
                let from = &input[sample * inputs..][..inputs];
                add_scaled(piece, from, gradient[sample * outputs + output]);
            }
        }
        add_pieces(&pieces, row);
    });
}

/// Adds to the gradient of the bias.
pub(crate) fn bias_gradient(gradient: &[f32], of_bias: &mut [f32]) {
    let outputs = of_bias.len();
    let chunks = Chunks::of(gradient.len() / outputs);
    let mut pieces = vec![0.0; chunks.count() * outputs];
    for (piece, samples) in pieces.chunks_exact_mut(outputs).zip(chunks.iter()) {
        for sample in samples {
            add_scaled(piece, &gradient[sample * outputs..][..outputs], 1.0);
        }
    }
    add_pieces(&pieces, of_bias);
}

/// Adds the sum of the pieces of all chunks.
pub(crate) fn add_pieces(pieces: &[f32], to: &mut [f32]) {
    let mut sum = vec![0.0; to.len()];
    chunks::add(pieces, to.len(), 0, &mut sum);
    add_scaled(to, &sum, 1.0);
}

/// The gradient of the input.
pub(crate) fn input_gradient(weight: &[f32], inputs: usize, gradient: &[f32]) -> Buffer {
    let outputs = weight.len() / inputs;
    let mut of_input = Buffer::zeros(gradient.len() / outputs * inputs);
    let samples = of_input.par_chunks_mut(inputs).zip(gradient.par_chunks(outputs));
    samples.for_each(|(to, gradient)| {
        for (&slope, row) in gradient.iter().zip(weight.chunks_exact(inputs)) {
            add_scaled(to, row, slope);
        }
    });
    of_input
}

fn transposed(weight: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = weight.len() / inputs;
    let mut columns = vec![0.0; weight.len()];
    for (output, row) in weight.chunks_exact(inputs).enumerate() {
        for (input, &value) in row.iter().enumerate() {
            columns[input * outputs + output] = value;
        }
    }
    columns
}

/// `to += factor * from`.
pub(crate) fn add_scaled(to: &mut [f32], from: &[f32], factor: f32) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}
