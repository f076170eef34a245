//! How a described network is run: by the engine on the processor, by the tensor library on an adapter.
//!
//! The loss is the caller's: it is given what the outputs gave and returns the gradients of these.

use tamis_engine::{DropPath, Mixing, Moments, Program, Run, Wants};
use tamis_graph::{Graph, NodeId};

use crate::device::{Device, Engine};
use crate::error::Error;
use crate::statistics::Statistics;

/// A described network where it runs.
pub(crate) struct Runner {
    program: Program,
    device: Device,
}

/// What goes through a network.
pub(crate) struct Given<'a> {
    pub(crate) weights: &'a [f32],
    pub(crate) images: &'a [f32],
    /// Empty for a network that mixes nothing.
    pub(crate) mixing: &'a [Mixing<'a>],
    pub(crate) drop_path: Option<DropPath<'a>>,
    pub(crate) wants: Wants,
}

/// What a pass found.
pub(crate) struct Trained<T> {
    /// What the loss told besides gradients.
    pub(crate) told: T,
    /// Empty if not wanted.
    pub(crate) weights: Vec<f32>,
    /// Empty if not wanted.
    pub(crate) shares: Vec<Vec<f32>>,
    pub(crate) statistics: Statistics,
}

/// Gradients of the outputs, and what else a loss has to tell.
pub(crate) type Seeds<T> = (Vec<Vec<f32>>, T);

impl Runner {
    pub(crate) fn new(graph: Graph, outputs: &[NodeId], device: Device) -> Runner {
        Runner { program: Program::new(graph, outputs), device }
    }

    /// The same computed by another engine.
    pub(crate) fn with_engine(self, engine: Engine) -> Runner {
        let (graph, outputs) = (self.graph().clone(), self.program.outputs());
        let program = match engine {
            Engine::Fused => Program::new(graph, outputs),
            Engine::Layered => Program::layered(graph, outputs),
        };
        Runner { program, ..self }
    }

    pub(crate) fn graph(&self) -> &Graph {
        self.program.graph()
    }

    /// Forward by the batch's statistics and, if anything is wanted, back from the gradients of the loss.
    pub(crate) fn train<T: Send>(
        &self,
        given: &Given<'_>,
        loss: impl FnOnce(&[&[f32]]) -> Result<Seeds<T>, Error> + Send,
    ) -> Result<Trained<T>, Error> {
        match self.device {
            // On a thread of the pool: parallel loops then start and end without waking another.
            Device::Cpu => rayon::scope(|_| self.train_here(given, loss)),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(adapter) => self.train_there(adapter, given, loss),
        }
    }

    /// The outputs, `[sample, value]` flattened each, by the given statistics.
    pub(crate) fn evaluate(
        &self,
        given: &Given<'_>,
        statistics: &Statistics,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let moments = statistics.moments(self.graph().norms().len());
        let Given { weights, images, mixing, .. } = *given;
        match self.device {
            Device::Cpu => {
                Ok(rayon::scope(|_| self.program.evaluate_mixed(weights, images, mixing, &moments)))
            }
            #[cfg(feature = "wgpu")]
            Device::Wgpu(adapter) => {
                let network = self.there(adapter);
                let batch = tamis_tensors::Batch { weights, images, mixing };
                Ok(network.evaluate(batch, &moments).map_err(|error| adapter.failed(&error))?)
            }
        }
    }

    fn train_here<T>(
        &self,
        given: &Given<'_>,
        loss: impl FnOnce(&[&[f32]]) -> Result<Seeds<T>, Error>,
    ) -> Result<Trained<T>, Error> {
        let Given { weights, images, mixing, drop_path, wants } = *given;
        let run: Run<'_> = match mixing {
            [] => self.program.train(weights, images, drop_path),
            _ => self.program.mix(weights, images, mixing, wants),
        };
        let (seeds, told) = loss(&run.outputs())?;
        let statistics = self.statistics(run.moments());
        if wants == Wants::default() {
            return Ok(Trained { told, weights: Vec::new(), shares: Vec::new(), statistics });
        }
        let found = run.backward_mixed(seeds);
        Ok(Trained { told, weights: found.weights, shares: found.shares, statistics })
    }

    fn statistics(&self, moments: &[Option<Moments>]) -> Statistics {
        Statistics::of_moments(moments, self.graph().norms())
    }
}

#[cfg(feature = "wgpu")]
mod adapter {
    use super::*;
    use crate::device::Adapter;

    impl Runner {
        pub(super) fn there(&self, adapter: Adapter) -> tamis_tensors::Network<'_> {
            tamis_tensors::Network::new(self.graph(), self.program.outputs(), adapter.device())
        }

        pub(super) fn train_there<T>(
            &self,
            adapter: Adapter,
            given: &Given<'_>,
            loss: impl FnOnce(&[&[f32]]) -> Result<Seeds<T>, Error>,
        ) -> Result<Trained<T>, Error> {
            let Given { weights, images, mixing, drop_path, wants } = *given;
            let batch = tamis_tensors::Batch { weights, images, mixing };
            let loss = |outputs: &[&[f32]]| loss(outputs).map_err(Failure::Loss);
            let found = self.there(adapter).train(batch, drop_path, wants, loss);
            let found = found.map_err(|failure| match failure {
                Failure::Loss(error) => error,
                Failure::Device(error) => adapter.failed(&error),
            })?;
            let statistics = self.statistics(&found.moments);
            let (weights, shares) = (found.weights, found.shares);
            Ok(Trained { told: found.told, weights, shares, statistics })
        }
    }

    /// What went wrong in a pass: the loss refused something, or the device gave up.
    enum Failure {
        Loss(Error),
        Device(tamis_tensors::Error),
    }

    impl From<tamis_tensors::Error> for Failure {
        fn from(error: tamis_tensors::Error) -> Failure {
            Failure::Device(error)
        }
    }
}
