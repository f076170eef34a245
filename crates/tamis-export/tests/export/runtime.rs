//! Runs ONNX models with a runtime that was written elsewhere.

use rten::Model;
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

/// The outputs of a model for a batch of images, each flat.
pub(crate) fn run(model: &[u8], sides: [usize; 3], images: &[f32]) -> Vec<Vec<f32>> {
    let [channels, height, width] = sides;
    let batch = images.len() / (channels * height * width);
    let shape = [batch, channels, height, width];
    let input = Tensor::from_data(shape.as_slice(), images.to_vec());
    let model = Model::load(model.to_vec()).unwrap();
    let inputs = vec![(model.node_id("images").unwrap(), input.view().into())];
    let outputs = model.run(inputs, model.output_ids(), None).unwrap();
    let values = |output: rten::Value| -> Tensor<f32> { output.try_into().unwrap() };
    outputs.into_iter().map(|output| values(output).to_vec()).collect()
}
