//! Batch norm by running statistics as what it is then: a factor and an offset for each channel.
//!
//! `scale * (x - mean) / sqrt(variance + epsilon) + shift` is `x * factor + offset` with `factor = scale /
//! sqrt(variance + epsilon)` and `offset = shift - mean * factor` (Ioffe and Szegedy: "Batch Normalization",
//! ICML 2015, algorithm 2). Where a convolution stands before it and nothing else reads that, the factor goes
//! into its weights and the offset becomes its bias. In double precision, rounded once.

use tamis_graph::{Layer, Node, NodeId};

use crate::checked::Checked;

/// Of every batch norm.
pub(crate) const EPSILON: f64 = 1e-5;

/// `x * factor + offset` for each channel.
pub(crate) struct Affine {
    factors: Vec<f64>,
    offsets: Vec<f64>,
}

/// The weights of a convolution, and what is added to its channels.
pub(crate) struct Filters {
    /// `[out, in / groups, row, column]`.
    pub(crate) shape: Vec<usize>,
    /// As many as the shape says.
    pub(crate) weights: Vec<f32>,
    /// `[out]`.
    pub(crate) bias: Option<Vec<f32>>,
}

impl Affine {
    /// What a batch norm does; none for any other layer.
    pub(crate) fn of(network: &Checked<'_>, node: &Node) -> Option<Affine> {
        let Layer::BatchNorm { affine, number } = node.layer else { return None };
        let trained = network.trained();
        let (means, variances) = (&trained.means[number], &trained.variances[number]);
        let given =
            |number: usize| network.values(number).iter().map(|&value| f64::from(value)).collect();
        let scales: Vec<f64> = affine.map_or(vec![1.0; means.len()], given);
        let shifts: Vec<f64> = affine.map_or(vec![0.0; means.len()], |scale| given(scale + 1));
        let factors: Vec<f64> = scales
            .iter()
            .zip(variances)
            .map(|(scale, variance)| scale / (variance + EPSILON).sqrt())
            .collect();
        let moved = shifts.iter().zip(means).zip(&factors);
        let offsets = moved.map(|((shift, mean), factor)| shift - mean * factor).collect();
        Some(Affine { factors, offsets })
    }

    /// That of some of the channels.
    pub(crate) fn part(&self, channels: std::ops::Range<usize>) -> Affine {
        Affine {
            factors: self.factors[channels.clone()].to_vec(),
            offsets: self.offsets[channels].to_vec(),
        }
    }
}

impl Filters {
    /// The same, then this.
    pub(crate) fn then(self, affine: &Affine) -> Filters {
        let each = self.weights.len() / self.shape[0].max(1);
        let channels = self.weights.chunks_exact(each.max(1)).zip(&affine.factors);
        let weights = channels
            .flat_map(|(weights, factor)| {
                weights.iter().map(move |&weight| (f64::from(weight) * factor) as f32)
            })
            .collect();
        let before = self.bias.unwrap_or_else(|| vec![0.0; self.shape[0]]);
        let channels = before.iter().zip(&affine.factors).zip(&affine.offsets);
        let bias =
            channels.map(|((&bias, factor), offset)| (f64::from(bias) * factor + offset) as f32);
        Filters { shape: self.shape, weights, bias: Some(bias.collect()) }
    }
}

/// The batch norm that a convolution can take in: all that reads the convolution, and nothing reads it
/// before.
pub(crate) fn norm_after(network: &Checked<'_>, id: NodeId) -> Option<NodeId> {
    let convolves =
        matches!(network.node(id).layer, Layer::Convolution(_) | Layer::FactorizedReduction { .. });
    match network.readers(id) {
        &[reader] if convolves && network.output() != id => {
            matches!(network.node(reader).layer, Layer::BatchNorm { .. }).then_some(reader)
        }
        _ => None,
    }
}
