//! A described network on a device: trained by any loss, evaluated by running statistics.
//!
//! The description is interpreted: by `tamis-engine` on the processor in single precision, by the tensor
//! library elsewhere, in double precision and as the reference (see [`composed`]). The loss is the
//! caller's: it is given what the outputs gave and returns the gradients of these, so no loss ever enters a
//! graph of tensors.

pub(crate) mod composed;

use burn::backend::ExecutionError;
use burn::tensor::{DType, Tensor};
use tamis_engine::{DropPath, Moments, Program};
use tamis_graph::{Graph, NodeId, ParameterLayout};

use crate::checks::length;
use crate::device::{Device, Engine};
use crate::error::Error;
use crate::leaves::Leaves;
use crate::pass::{image_tensor, is_fused};
use crate::real::{Real, dtype, flat_data, read};
use crate::statistics::Statistics;
use composed::{Batch, Composed};

/// A described network and where it runs. Weights belong to the caller.
pub struct Model {
    program: Program,
    outputs: Vec<NodeId>,
    device: Device,
    engine: Engine,
}

/// What one training pass found.
#[derive(Clone, Debug)]
pub struct ModelPass<E, T> {
    /// What the loss told besides gradients.
    pub found: T,
    /// Gradient of the loss, laid out like the weights.
    pub gradient: Vec<E>,
    /// Batch moments of every batch norm; mean 0 and variance 1 where no output needs it.
    pub statistics: Statistics,
}

impl Model {
    /// A network that gives these of its outputs, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::Output`] if it has no output of a name.
    pub fn new(graph: Graph, outputs: &[&str], device: Device) -> Result<Model, Error> {
        let outputs =
            outputs.iter().map(|name| output(&graph, name)).collect::<Result<Vec<_>, _>>()?;
        let program = Program::new(graph, &outputs);
        Ok(Model { program, outputs, device, engine: Engine::default() })
    }

    /// The same network computed by another engine.
    pub fn with_engine(self, engine: Engine) -> Model {
        Model { engine, ..self }
    }

    /// The description.
    pub fn graph(&self) -> &Graph {
        self.program.graph()
    }

    /// Where each parameter lies.
    pub fn layout(&self) -> &ParameterLayout {
        self.graph().parameters()
    }

    /// Running statistics before the first batch: mean 0, variance 1.
    pub fn initial_statistics(&self) -> Statistics {
        Statistics::initial(self.graph().norms())
    }

    /// Runs images `[sample, channel, height, width]`, flattened, forward by their own statistics, and back
    /// from the gradients that `loss` gives for the outputs, `[sample, value]` flattened.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if an argument does not fit the network; whatever `loss` refuses;
    /// [`Error::NumberType`] for double precision elsewhere than on the processor; [`Error::DeviceFailed`]
    /// when another device gives up.
    pub fn train<E: Real, T: Send>(
        &self,
        weights: &[E],
        images: &[E],
        drop_path: Option<DropPath<'_>>,
        loss: impl FnOnce(&[&[E]]) -> Result<(Vec<Vec<E>>, T), Error> + Send,
    ) -> Result<ModelPass<E, T>, Error> {
        self.check(weights, images)?;
        match (self.is_fused::<E>(), E::singles(weights), E::singles(images)) {
            (true, Some(weights), Some(images)) => {
                // On a thread of the pool: parallel loops then start and end without waking another.
                rayon::scope(|_| self.train_fused(weights, images, drop_path, loss))
            }
            _ => self.train_composed(weights, images, drop_path, loss),
        }
    }

    /// The outputs, `[sample, value]` flattened each, of images `[sample, channel, height, width]`,
    /// flattened, by the given statistics.
    ///
    /// # Errors
    ///
    /// As [`Model::train`].
    pub fn evaluate<E: Real>(
        &self,
        weights: &[E],
        images: &[E],
        statistics: &Statistics,
    ) -> Result<Vec<Vec<E>>, Error> {
        self.check(weights, images)?;
        if let (true, Some(weights), Some(images)) =
            (self.is_fused::<E>(), E::singles(weights), E::singles(images))
        {
            let found = rayon::scope(|_| {
                self.program.evaluate(
                    weights,
                    images,
                    &moments_of(statistics, self.graph().norms().len()),
                )
            });
            return Ok(found.into_iter().map(E::of_singles).collect());
        }
        let device = self.device.autodiff();
        let batch = Batch { statistics: Some(statistics), factors: None };
        let leaves = Leaves::new(self.layout(), weights, &device, false);
        let composed = Composed::new(self.graph(), &leaves, batch, &[]);
        let outputs =
            composed.outputs(image_tensor(images, self.graph().image(), &device), &self.outputs);
        outputs.into_iter().map(|output| self.read(output)).collect()
    }

    fn train_fused<E: Real, T>(
        &self,
        weights: &[f32],
        images: &[f32],
        drop_path: Option<DropPath<'_>>,
        loss: impl FnOnce(&[&[E]]) -> Result<(Vec<Vec<E>>, T), Error>,
    ) -> Result<ModelPass<E, T>, Error> {
        let run = self.program.train(weights, images, drop_path);
        let outputs: Vec<Vec<E>> =
            self.outputs.iter().map(|&output| E::of_singles(run.output(output).to_vec())).collect();
        let (gradients, found) = loss(&slices(&outputs))?;
        let statistics = self.statistics(run.moments());
        let gradients = gradients.iter().map(|of| E::singles(of).unwrap_or_default().to_vec());
        let gradient = E::of_singles(run.backward(gradients.collect()));
        Ok(ModelPass { found, gradient, statistics })
    }

    fn train_composed<E: Real, T>(
        &self,
        weights: &[E],
        images: &[E],
        drop_path: Option<DropPath<'_>>,
        loss: impl FnOnce(&[&[E]]) -> Result<(Vec<Vec<E>>, T), Error>,
    ) -> Result<ModelPass<E, T>, Error> {
        let device = self.device.autodiff();
        let layers = self.graph().drop_paths();
        let batch = Batch { statistics: None, factors: drop_path.map(|of| of.factors(layers)) };
        let leaves = Leaves::new(self.layout(), weights, &device, true);
        let composed = Composed::new(self.graph(), &leaves, batch, &[]);
        let outputs =
            composed.outputs(image_tensor(images, self.graph().image(), &device), &self.outputs);
        let values = outputs.iter().map(|output| self.read(output.clone()));
        let values: Vec<Vec<E>> = values.collect::<Result<_, _>>()?;
        let (gradients, found) = loss(&slices(&values))?;
        let seeded = outputs.into_iter().zip(gradients).map(|(output, gradient)| {
            (output * Tensor::<1>::from_data(flat_data(gradient), (&device, dtype::<E>()))).sum()
        });
        let Some(seeded) = seeded.reduce(|sum, output| sum + output) else {
            let gradient = vec![E::default(); weights.len()];
            return Ok(ModelPass { found, gradient, statistics: self.initial_statistics() });
        };
        let mut gradients = seeded.backward();
        let noted = composed.into_noted();
        let failed = |error: ExecutionError| self.device.failed(error);
        let statistics = self.statistics(&noted.read().map_err(failed)?);
        let gradient = leaves.gradient(&mut gradients).map_err(failed)?;
        Ok(ModelPass { found, gradient, statistics })
    }

    fn read<E: Real>(&self, output: Tensor<1>) -> Result<Vec<E>, Error> {
        Ok(read(output.try_into_data().map_err(|error| self.device.failed(error))?))
    }

    fn statistics(&self, moments: &[Option<Moments>]) -> Statistics {
        statistics_of(moments, self.graph().norms())
    }

    fn is_fused<E: Real>(&self) -> bool {
        is_fused::<E>(self.engine, self.device)
    }

    fn check<E: Real>(&self, weights: &[E], images: &[E]) -> Result<(), Error> {
        if self.device != Device::Cpu && dtype::<E>() != DType::F32 {
            return Err(Error::NumberType { device: self.device.to_string() });
        }
        length("the weights", weights.len(), self.layout().length())?;
        let each = self.graph().image().iter().product::<usize>();
        length("the images", images.len(), (images.len() / each).max(1) * each)
    }
}

/// The place of an output.
pub(crate) fn output(graph: &Graph, name: &str) -> Result<NodeId, Error> {
    graph.output(name).ok_or_else(|| {
        let names = graph.outputs().iter().map(|output| output.name.as_str());
        let expected = names.collect::<Vec<_>>().join(", ");
        Error::Output { found: name.to_owned(), expected }
    })
}

/// The moments of every batch norm, 0 and 1 of those that did not run.
pub(crate) fn statistics_of(moments: &[Option<Moments>], norms: &[usize]) -> Statistics {
    let mut statistics = Statistics::default();
    for (moments, &channels) in moments.iter().zip(norms) {
        let (mean, variance) = match moments {
            Some(moments) => (moments.mean.clone(), moments.variance.clone()),
            None => (vec![0.0; channels], vec![1.0; channels]),
        };
        statistics.push(mean, variance);
    }
    statistics
}

fn slices<E>(values: &[Vec<E>]) -> Vec<&[E]> {
    values.iter().map(Vec::as_slice).collect()
}

pub(crate) fn moments_of(statistics: &Statistics, norms: usize) -> Vec<Moments> {
    let of = |number| {
        let (mean, variance) = statistics.of(number);
        Moments { mean, variance }
    };
    (0..norms).map(of).collect()
}
