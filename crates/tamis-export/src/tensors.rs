//! The tensors of a network as PyTorch names and shapes them.

use tamis_graph::Layer;

use crate::checked::Checked;

/// A named tensor.
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

/// What a tensor holds.
pub(crate) enum Values {
    Floats(Vec<f32>),
    Integer(i64),
}

/// All that the main output needs: parameters and, of each batch norm, the running statistics and how many
/// batches made them. That number is not kept in training, and PyTorch needs it only for a momentum of none:
/// it is 0.
pub(crate) fn tensors(network: &Checked<'_>) -> Vec<Tensor> {
    let mut tensors = Vec::new();
    let parameters = network.trained().graph.parameters().parameters();
    for (_, node) in network.layers() {
        for number in node.layer.parameters() {
            let (name, shape) = (parameters[number].path.clone(), network.shape(number).to_vec());
            let values = Values::Floats(network.values(number).to_vec());
            tensors.push(Tensor { name, shape, values });
        }
        if let Layer::BatchNorm { number, .. } = node.layer {
            let statistics = |name: &str, values: &[f64]| Tensor {
                name: format!("{}.{name}", node.path),
                shape: vec![values.len()],
                values: Values::Floats(values.iter().map(|&value| value as f32).collect()),
            };
            tensors.push(statistics("running_mean", &network.trained().means[number]));
            tensors.push(statistics("running_var", &network.trained().variances[number]));
            let name = format!("{}.num_batches_tracked", node.path);
            tensors.push(Tensor { name, shape: Vec::new(), values: Values::Integer(0) });
        }
    }
    tensors
}
