//! Reading and making the CPU backend's tensors as slices.

use burn::backend::Flex;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::Ops;
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

/// Which of an operation's inputs need a gradient.
pub(super) fn wanted<S, const N: usize>(ops: &Ops<S, N>) -> [bool; N] {
    ops.parents.each_ref().map(Option::is_some)
}

/// Hands the gradients that were found to the inputs that need them.
pub(super) fn register<S, const N: usize>(
    gradients: &mut Gradients,
    ops: &Ops<S, N>,
    found: [Option<Vec<f32>>; N],
    shapes: [&[usize]; N],
) {
    for ((parent, found), shape) in ops.parents.iter().zip(found).zip(shapes) {
        if let (Some(node), Some(found)) = (parent, found) {
            gradients.register::<Flex>(node.id, tensor(found, shape));
        }
    }
}
