//! A described network on a device: trained by any loss, evaluated by running statistics.

use tamis_engine::{DropPath, Wants};
use tamis_graph::{Graph, NodeId, ParameterLayout};

use crate::checks::length;
use crate::device::Device;
use crate::error::Error;
use crate::runner::{Given, Runner, Trained};
use crate::statistics::Statistics;

/// A described network and where it runs. Weights belong to the caller.
pub struct Model {
    runner: Runner,
}

/// What one training pass found.
#[derive(Clone, Debug)]
pub struct ModelPass<T> {
    /// What the loss told besides gradients.
    pub found: T,
    /// Gradient of the loss, laid out like the weights.
    pub gradient: Vec<f32>,
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
        Ok(Model { runner: Runner::new(graph, &outputs, device) })
    }

    /// The description.
    pub fn graph(&self) -> &Graph {
        self.runner.graph()
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
    /// [`Error::DeviceFailed`] when an adapter gives up.
    pub fn train<T: Send>(
        &self,
        weights: &[f32],
        images: &[f32],
        drop_path: Option<DropPath<'_>>,
        loss: impl FnOnce(&[&[f32]]) -> Result<(Vec<Vec<f32>>, T), Error> + Send,
    ) -> Result<ModelPass<T>, Error> {
        self.check(weights, images)?;
        let wants = Wants { weights: true, shares: false };
        let given = Given { weights, images, mixing: &[], drop_path, wants };
        let trained = self.runner.train(&given, loss)?;
        let Trained { told: found, weights: gradient, statistics, .. } = trained;
        Ok(ModelPass { found, gradient, statistics })
    }

    /// The outputs, `[sample, value]` flattened each, of images `[sample, channel, height, width]`,
    /// flattened, by the given statistics.
    ///
    /// # Errors
    ///
    /// As [`Model::train`].
    pub fn evaluate(
        &self,
        weights: &[f32],
        images: &[f32],
        statistics: &Statistics,
    ) -> Result<Vec<Vec<f32>>, Error> {
        self.check(weights, images)?;
        let wants = Wants::default();
        let given = Given { weights, images, mixing: &[], drop_path: None, wants };
        self.runner.evaluate(&given, statistics)
    }

    fn check(&self, weights: &[f32], images: &[f32]) -> Result<(), Error> {
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
