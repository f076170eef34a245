//! The linear layer: `y = W x + b`.
//!
//! Sums run along whole rows, so that they are vectors whatever the processor has, in an order that does
//! not depend on it.

use rayon::prelude::*;

/// Of features `[sample, in]`: `[sample, out]`.
pub(crate) fn forward(input: &[f32], inputs: usize, weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let outputs = bias.len();
    let columns = transposed(weight, inputs);
    let mut output = vec![0.0; input.len() / inputs * outputs];
    let samples = output.par_chunks_mut(outputs).zip(input.par_chunks(inputs));
    samples.for_each(|(output, input)| {
        output.copy_from_slice(bias);
        for (&value, column) in input.iter().zip(columns.chunks_exact(outputs)) {
            add_scaled(output, column, value);
        }
    });
    output
}

/// Adds to the gradients of weight `[out, in]` and bias; returns that of the input.
pub(crate) fn backward(
    input: &[f32],
    inputs: usize,
    weight: &[f32],
    gradient: &[f32],
    [of_weight, of_bias]: [&mut [f32]; 2],
) -> Vec<f32> {
    let outputs = of_bias.len();
    let samples = || gradient.chunks_exact(outputs).zip(input.chunks_exact(inputs));
    let rows = of_weight.par_chunks_mut(inputs).zip(of_bias.par_iter_mut()).enumerate();
    rows.for_each(|(output, (row, bias))| {
        for (gradient, input) in samples() {
            add_scaled(row, input, gradient[output]);
            *bias += gradient[output];
        }
    });
    let mut of_input = vec![0.0; input.len()];
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
