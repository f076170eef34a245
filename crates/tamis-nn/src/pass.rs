//! A pass through a supernet: what goes in, what is wanted, what comes out.

use crate::outputs::Outputs;
use crate::statistics::Statistics;

pub use tamis_engine::Wants;

/// Mixing weights of one matrix and which of its options run.
#[derive(Clone, Copy, Debug)]
pub struct Mixing<'a> {
    /// `[decision, option]` flattened.
    pub shares: &'a [f32],
    /// Which options are computed, `[decision, option]` flattened, or empty: then all are.
    pub runs: &'a [bool],
}

impl<'a> Mixing<'a> {
    /// Every option runs.
    pub fn of_all(shares: &'a [f32]) -> Self {
        Mixing { shares, runs: &[] }
    }
}

/// One batch and the mixing weights to run it with.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Normalised images, `[batch, channel, height, width]` flattened.
    pub images: &'a [f32],
    /// Class of each image.
    pub labels: &'a [u32],
    /// What each sample's loss is multiplied with; 1 if absent.
    pub loss_weights: Option<&'a [f32]>,
    /// Mixing weights, a matrix for each of [`choices`](crate::Network::choices).
    pub mixing: &'a [Mixing<'a>],
}

/// What one pass found.
#[derive(Clone, Debug)]
pub struct Pass {
    /// Loss and predictions.
    pub outputs: Outputs,
    /// Gradient of the weights, laid out like the weights, if wanted.
    pub weights: Option<Vec<f32>>,
    /// Gradient of each matrix of mixing weights, if wanted. For an option that does not run it is the sum
    /// of the gradient of the node that its decision enters, over all cells of the matrix: the estimate of
    /// GDAS (Dong and Yang, CVPR 2019), which adds the share of such an option to the node as a number whose
    /// value is 0. Where only a part of the channels is mixed, of that part.
    pub shares: Option<Vec<Vec<f32>>>,
    /// Batch moments of every tracked batch norm.
    pub statistics: Statistics,
}
