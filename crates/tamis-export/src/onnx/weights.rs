//! Weights as constants of an ONNX graph: single precision, or bytes with a scale for each output channel.
//!
//! Symmetric, per channel: `scale = max |w| / 127`, `byte = round(w / scale)`, and a node that multiplies
//! them out again (Jacob et al.: "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference", CVPR 2018, with zero point 0; Wu et al.: "Integer Quantization for
//! Deep Learning Inference", 2020, section 3). No weight moves by more than half a scale. Only weights:
//! activations and biases stay single precision.

use tamis_graph::{Graph, Layer};

use super::values::integer;
use super::writer::Writer;

/// Largest byte; its negative is the smallest that is used, so that the bytes are symmetric.
const LARGEST: f32 = 127.0;

/// A weight whose first axis is the output channel; returns the name that nodes read it by.
pub(super) fn weight(
    writer: &mut Writer,
    name: &str,
    shape: &[usize],
    values: &[f32],
    int8: bool,
) -> String {
    if !int8 {
        return writer.floats(name, shape, values);
    }
    let each = (values.len() / shape[0].max(1)).max(1);
    let scales: Vec<f32> = values.chunks_exact(each).map(scale).collect();
    let bytes: Vec<i8> = values
        .chunks_exact(each)
        .zip(&scales)
        .flat_map(|(channel, scale)| channel.iter().map(move |value| quantized(*value, *scale)))
        .collect();
    let stored = writer.bytes(&format!("{name}.int8"), shape, &bytes);
    let scales = writer.floats(&format!("{name}.scale"), &[shape[0]], &scales);
    let zeros = writer.bytes(&format!("{name}.zero_point"), &[shape[0]], &vec![0; shape[0]]);
    writer.node("DequantizeLinear", &[&stored, &scales, &zeros], name, vec![integer("axis", 0)])
}

/// The weights as an int8 model multiplies them out, laid out as before: of convolutions and linear
/// layers, whose biases stay. Batch norms folded in change nothing of it: they scale whole channels.
pub fn int8_weights(graph: &Graph, weights: &[f32]) -> Vec<f32> {
    let mut rounded = weights.to_vec();
    for number in graph.nodes().iter().flat_map(|node| quantizable(&node.layer)) {
        let parameter = &graph.parameters().parameters()[number];
        let each = (parameter.length() / parameter.shape[0].max(1)).max(1);
        for channel in rounded[parameter.range()].chunks_exact_mut(each) {
            let scale = scale(channel);
            for value in channel {
                *value = f32::from(quantized(*value, scale)) * scale;
            }
        }
    }
    rounded
}

/// Numbers of the weights that become bytes.
fn quantizable(layer: &Layer) -> Vec<usize> {
    match *layer {
        Layer::Convolution(layer) => vec![layer.weight],
        Layer::FactorizedReduction { weights, .. } => weights.to_vec(),
        Layer::Linear { weight, .. } => vec![weight],
        _ => Vec::new(),
    }
}

/// What a step of the bytes is worth in a channel; 1 where all weights are 0 or too small to divide by.
fn scale(channel: &[f32]) -> f32 {
    let scale = channel.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / LARGEST;
    if scale.is_normal() { scale } else { 1.0 }
}

fn quantized(value: f32, scale: f32) -> i8 {
    (value / scale).round().clamp(-LARGEST, LARGEST) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_weight_moves_by_more_than_half_a_step_and_the_largest_by_none() {
        let channel = [0.3_f32, -1.27, 0.004, 1e-9, 0.0];
        let step = scale(&channel);
        for value in channel {
            let moved = (f32::from(quantized(value, step)) * step - value).abs();
            assert!(moved <= step / 2.0 * 1.0001, "{value}");
        }
        assert_eq!(quantized(-1.27, step), -127);
    }

    #[test]
    fn channels_of_zeros_stay_zeros() {
        assert_eq!(scale(&[0.0; 4]), 1.0);
        assert_eq!(quantized(0.0, 1.0), 0);
        assert_eq!(quantized(1e-42, scale(&[1e-42])), 0);
    }
}
