//! A pass through a network: what goes in, what is wanted, what comes out.

use burn::tensor::{DType, Tensor};

use crate::device::{Device, Engine};
use crate::layers::Forward;
use crate::mixing::Mixing;
use crate::outputs::Outputs;
use crate::real::{Real, dtype, flat_data};
use crate::statistics::Statistics;

pub use tamis_engine::Wants;

/// From images `[batch, channel, height, width]` to logits `[batch, class]`.
pub(crate) trait Body: Send + Sync {
    fn forward(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2>;
}

/// One batch and the mixing weights to run it with.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, E> {
    /// Normalised images, `[batch, channel, height, width]` flattened.
    pub images: &'a [E],
    /// Class of each image.
    pub labels: &'a [u32],
    /// What each sample's loss is multiplied with; 1 if absent.
    pub loss_weights: Option<&'a [f32]>,
    /// Mixing weights, a matrix for each of [`choices`](crate::Network::choices).
    pub mixing: &'a [Mixing<'a, E>],
}

/// What one pass found.
#[derive(Clone, Debug)]
pub struct Pass<E> {
    /// Loss and predictions.
    pub outputs: Outputs,
    /// Gradient of the weights, laid out like the weights, if wanted.
    pub weights: Option<Vec<E>>,
    /// Gradient of each matrix of mixing weights, if wanted. For an option that does not run it is the sum
    /// of the gradient of the node that its decision enters, over all cells of the matrix: the estimate of
    /// GDAS (Dong and Yang, CVPR 2019), which adds the share of such an option to the node as a number whose
    /// value is 0. Where only a part of the channels is mixed, of that part.
    pub shares: Option<Vec<Vec<E>>>,
    /// Batch moments of every tracked batch norm.
    pub statistics: Statistics,
}

/// The fused operations are for the CPU and single precision.
pub(crate) fn is_fused<E: Real>(engine: Engine, device: Device) -> bool {
    engine == Engine::Fused && device == Device::Cpu && dtype::<E>() == DType::F32
}

/// Images `[batch, channel, height, width]` flattened, as a tensor.
pub(crate) fn image_tensor<E: Real>(
    images: &[E],
    [channels, height, width]: [usize; 3],
    device: &burn::tensor::Device,
) -> Tensor<4> {
    let batch = images.len() / (channels * height * width);
    let flat = Tensor::<1>::from_data(flat_data(images.to_vec()), (device, dtype::<E>()));
    flat.reshape([batch, channels, height, width])
}
