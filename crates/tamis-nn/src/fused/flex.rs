//! Reading and making the CPU backend's tensors as slices.

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// The tensor with its values in order in memory.
pub(super) fn in_order(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The values of a single-precision tensor that is in order; no copy.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    // Callers choose the fused operations for single precision only and use `in_order` first.
    tensor.as_slice::<f32>().unwrap_or_default()
}

/// A tensor of these values; no copy.
pub(super) fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
