//! A described network, and passes through it.

use burn::tensor::{Tensor, TensorData};
use tamis_engine::{DropPath, Mixing, Moments, Wants};
use tamis_graph::{Graph, NodeId};

use crate::device::Device;
use crate::error::Error;
use crate::layers::{Composed, Given};
use crate::leaves::Leaves;
use crate::mixing::MixingMatrix;
use crate::real::{Real, dtype, flat_data, read};

/// A described network on a device. Weights belong to the caller.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    graph: &'a Graph,
    outputs: &'a [NodeId],
    device: Device,
}

/// What goes through a network.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, E> {
    /// Laid out as the network says.
    pub weights: &'a [E],
    /// `[sample, channel, height, width]` flattened.
    pub images: &'a [E],
    /// A matrix for each that the network names; their shares are taken in the batch's number type.
    pub mixing: &'a [Mixing<'a, E>],
}

/// What a pass found.
#[derive(Clone, Debug)]
pub struct Found<E, T> {
    /// What the loss told besides gradients.
    pub told: T,
    /// Gradient of the weights; empty if not wanted.
    pub weights: Vec<E>,
    /// Gradient of each matrix of mixing weights; empty if not wanted.
    pub shares: Vec<Vec<E>>,
    /// The moments of each batch norm by its number, with the unbiased variance; absent where no output
    /// needs it.
    pub moments: Vec<Option<Moments>>,
}

impl<'a> Network<'a> {
    /// A network that gives these outputs.
    pub fn new(graph: &'a Graph, outputs: &'a [NodeId], device: Device) -> Network<'a> {
        Network { graph, outputs, device }
    }

    /// The outputs, `[sample, value]` flattened each, by the moments of each batch norm.
    ///
    /// # Errors
    ///
    /// [`Error::Running`] if the device gives up.
    ///
    /// # Panics
    ///
    /// If weights, images, mixing weights or moments are not those that the network names.
    pub fn evaluate<E: Real>(
        &self,
        batch: Batch<'_, E>,
        moments: &[Moments],
    ) -> Result<Vec<Vec<E>>, Error> {
        let device = self.device.autodiff();
        let leaves = Leaves::new(self.graph.parameters(), batch.weights, &device, false);
        let mixing = MixingMatrix::all(batch.mixing, &device, false);
        let given = Given { moments: Some(moments), factors: None, mixing: &mixing };
        let composed = Composed::new(self.graph, &leaves, given);
        let outputs = composed.outputs(self.images(batch.images, &device), self.outputs);
        outputs.into_iter().map(|output| Ok(read(output.try_into_data()?))).collect()
    }

    /// Runs a batch forward by its own statistics and, if anything is wanted, back from the gradients that
    /// `loss` gives for the outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Running`] if the device gives up; whatever `loss` refuses.
    ///
    /// # Panics
    ///
    /// As [`Network::evaluate`].
    pub fn train<E: Real, T, F: From<Error>>(
        &self,
        batch: Batch<'_, E>,
        drop_path: Option<DropPath<'_>>,
        wants: Wants,
        loss: impl FnOnce(&[&[E]]) -> Result<(Vec<Vec<E>>, T), F>,
    ) -> Result<Found<E, T>, F> {
        let device = self.device.autodiff();
        let leaves = Leaves::new(self.graph.parameters(), batch.weights, &device, wants.weights);
        let mixing = MixingMatrix::all(batch.mixing, &device, wants.shares);
        let factors = drop_path.map(|of| of.factors(self.graph.drop_paths()));
        let given = Given { moments: None, factors, mixing: &mixing };
        let composed = Composed::new(self.graph, &leaves, given);
        let outputs = composed.outputs(self.images(batch.images, &device), self.outputs);
        let values = outputs.iter().map(|output| Ok(read(output.clone().try_into_data()?)));
        let values: Vec<Vec<E>> = values.collect::<Result<_, Error>>()?;
        let (seeds, told) = loss(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let moments = composed.into_noted().read()?;
        let mut found = Found { told, weights: Vec::new(), shares: Vec::new(), moments };
        let seeded = outputs.into_iter().zip(seeds).map(|(output, seed)| {
            (output * Tensor::<1>::from_data(flat_data(seed), (&device, dtype::<E>()))).sum()
        });
        let seeded = seeded.reduce(|sum, output| sum + output);
        let Some(seeded) = seeded.filter(|_| wants != Wants::default()) else { return Ok(found) };
        let mut gradients = seeded.backward();
        if wants.shares {
            let of_matrices = mixing.iter().map(|matrix| matrix.gradient(&mut gradients));
            found.shares = of_matrices.collect::<Result<_, Error>>()?;
        }
        if wants.weights {
            found.weights = leaves.gradient(&mut gradients)?;
        }
        Ok(found)
    }

    fn images<E: Real>(&self, images: &[E], device: &burn::tensor::Device) -> Tensor<4> {
        let [channels, height, width] = self.graph.image();
        let batch = images.len() / (channels * height * width);
        let data: TensorData = flat_data(images.to_vec());
        let flat = Tensor::<1>::from_data(data, (device, dtype::<E>()));
        flat.reshape([batch, channels, height, width])
    }
}
