//! A network as a pure description, and one pass through it.

use std::cell::RefCell;

use burn::backend::ExecutionError;
use burn::tensor::{DType, Tensor};
use tamis_engine::Program;
use tamis_graph::{Graph, ParameterLayout};

use crate::checks::length;
use crate::described::{Described, run_program};
use crate::device::{Device, Engine};
use crate::error::Error;
use crate::layers::{Builder, Forward};
use crate::leaves::Leaves;
use crate::mixing::{Mixing, MixingMatrix};
use crate::outputs::{Targets, cross_entropy};
use crate::pass::{Body, Inputs, Pass, Wants, image_tensor, is_fused};
use crate::real::{Real, dtype, flat_data, read};
use crate::statistics::{Mode, Statistics};

/// What a network takes in and gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// `[channel, height, width]`.
    pub(crate) image: [usize; 3],
    pub(crate) classes: usize,
    /// `[decisions, options]` of each mixing matrix.
    pub(crate) choices: Vec<[usize; 2]>,
}

/// A network: its parameters' layout and how to run it. Weights belong to the caller.
pub struct Network {
    layout: ParameterLayout,
    norm_channels: Vec<usize>,
    signature: Signature,
    body: Box<dyn Body>,
    /// How the engine runs it, if it is described as a value.
    program: Option<Program>,
    device: Device,
    engine: Engine,
}

impl Network {
    pub(crate) fn new(
        builder: Builder,
        signature: Signature,
        body: Box<dyn Body>,
        device: Device,
    ) -> Self {
        let Builder { layout, norm_channels } = builder;
        let engine = Engine::default();
        Network { layout, norm_channels, signature, body, program: None, device, engine }
    }

    /// A supernet that is described as a value: its decisions are mixed sums, by matrices of
    /// `[decisions, options]`, and its output is `logits`.
    ///
    /// # Errors
    ///
    /// [`Error::Output`] if it has no such output.
    pub fn described(
        graph: Graph,
        choices: Vec<[usize; 2]>,
        device: Device,
    ) -> Result<Network, Error> {
        let body = Described::new(graph)?;
        let (graph, output) = (body.graph(), body.output());
        let classes = graph.node(output).shape.values();
        Ok(Network {
            layout: graph.parameters().clone(),
            norm_channels: graph.norms().to_vec(),
            signature: Signature { image: graph.image(), classes, choices },
            program: Some(Program::new(graph.clone(), &[output])),
            body: Box::new(body),
            device,
            engine: Engine::default(),
        })
    }

    /// The same network computed by another engine.
    pub fn with_engine(self, engine: Engine) -> Self {
        Network { engine, ..self }
    }

    /// Where each parameter lies.
    pub fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// `[decisions, options]` of each mixing matrix; in a cell edges and operations.
    pub fn choices(&self) -> &[[usize; 2]] {
        &self.signature.choices
    }

    /// Running statistics before the first batch: mean 0, variance 1.
    pub fn initial_statistics(&self) -> Statistics {
        Statistics::initial(&self.norm_channels)
    }

    /// Runs a batch forward and, if anything is wanted, backward.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], [`Error::Label`] or [`Error::Shares`] when an argument does not fit the
    /// network; [`Error::NumberType`] for double precision elsewhere than on the processor;
    /// [`Error::DeviceFailed`] when another device gives up.
    pub fn pass<E: Real>(
        &self,
        weights: &[E],
        inputs: Inputs<'_, E>,
        mode: Mode<'_>,
        wants: Wants,
    ) -> Result<Pass<E>, Error> {
        self.check(weights, &inputs)?;
        if self.device != Device::Cpu {
            // An adapter's queue and memory belong to the thread that calls.
            return self.run(weights, inputs, mode, wants);
        }
        // On a thread of the pool: the operations' parallel loops then start and end without waking
        // and waiting for another thread.
        rayon::scope(|_| self.run(weights, inputs, mode, wants))
    }

    fn run<E: Real>(
        &self,
        weights: &[E],
        inputs: Inputs<'_, E>,
        mode: Mode<'_>,
        wants: Wants,
    ) -> Result<Pass<E>, Error> {
        // By given statistics the engine goes forward alone.
        let is_run = matches!(mode, Mode::Train) || wants == Wants::default();
        match &self.program {
            Some(program) if self.fused::<E>() && is_run => {
                run_program(program, (weights, inputs, self.choices()), mode, wants)
            }
            _ => self.run_composed(weights, inputs, mode, wants),
        }
    }

    fn run_composed<E: Real>(
        &self,
        weights: &[E],
        inputs: Inputs<'_, E>,
        mode: Mode<'_>,
        wants: Wants,
    ) -> Result<Pass<E>, Error> {
        let device = self.device.autodiff();
        let images = image_tensor(inputs.images, self.signature.image, &device);
        let mixing = self.mixing_matrices(inputs.mixing, &device, wants.shares);
        let forward = Forward {
            leaves: Leaves::new(&self.layout, weights, &device, wants.weights),
            mixing: mixing.clone(),
            mode,
            fused: self.fused::<E>(),
            inference: wants == Wants::default(),
            moments: RefCell::default(),
        };
        let failed = |error: ExecutionError| self.device.failed(error);
        let logits = self.body.forward(images, &forward);
        let host_logits = read::<E>(logits.try_to_data().map_err(failed)?);
        let targets = Targets { loss_weights: inputs.loss_weights, ..Targets::of(inputs.labels) };
        let (outputs, seed) = cross_entropy(&host_logits, &targets)?;
        let Forward { leaves, moments, .. } = forward;
        let statistics = Statistics::collect(moments).map_err(failed)?;
        let mut pass = Pass { outputs, weights: None, shares: None, statistics };
        if wants.weights || wants.shares {
            let seed = Tensor::<1>::from_data(flat_data(seed), (&device, dtype::<E>()));
            let mut gradients = (logits.reshape([-1]) * seed).sum().backward();
            if wants.shares {
                let found = share_gradients(&mixing, |share| share.grad_remove(&mut gradients));
                pass.shares = Some(found.map_err(failed)?);
            }
            if wants.weights {
                pass.weights = Some(leaves.gradient(&mut gradients).map_err(failed)?);
            }
        }
        Ok(pass)
    }

    fn fused<E: Real>(&self) -> bool {
        is_fused::<E>(self.engine, self.device)
    }

    fn mixing_matrices<E: Real>(
        &self,
        mixing: &[Mixing<'_, E>],
        device: &burn::tensor::Device,
        tracked: bool,
    ) -> Vec<MixingMatrix> {
        let matrices = mixing.iter().zip(self.choices());
        matrices.map(|(mixing, &shape)| MixingMatrix::new(mixing, shape, device, tracked)).collect()
    }

    fn check<E: Real>(&self, weights: &[E], inputs: &Inputs<'_, E>) -> Result<(), Error> {
        if self.device != Device::Cpu && dtype::<E>() != DType::F32 {
            return Err(Error::NumberType { device: self.device.to_string() });
        }
        let batch = inputs.labels.len();
        let pixels = batch * self.signature.image.iter().product::<usize>();
        length("the weights", weights.len(), self.layout.length())?;
        length("the images", inputs.images.len(), pixels)?;
        if let Some(loss_weights) = inputs.loss_weights {
            length("the loss weights", loss_weights.len(), batch)?;
        }
        self.check_mixing(inputs.mixing)?;
        let classes = self.signature.classes;
        match inputs.labels.iter().position(|&label| label as usize >= classes) {
            Some(position) => {
                Err(Error::Label { position, label: inputs.labels[position], classes })
            }
            None => Ok(()),
        }
    }

    fn check_mixing<E>(&self, mixing: &[Mixing<'_, E>]) -> Result<(), Error> {
        let (found, expected) = (mixing.len(), self.choices().len());
        if found != expected {
            return Err(Error::Shares { found, expected });
        }
        for (matrix, shape) in mixing.iter().zip(self.choices()) {
            let expected = shape.iter().product();
            length("a mixing matrix", matrix.shares.len(), expected)?;
            if !matrix.runs.is_empty() {
                length("what runs of a mixing matrix", matrix.runs.len(), expected)?;
            }
        }
        Ok(())
    }
}

fn share_gradients<E: Real>(
    mixing: &[MixingMatrix],
    mut gradient: impl FnMut(&Tensor<2>) -> Option<Tensor<2>>,
) -> Result<Vec<Vec<E>>, ExecutionError> {
    let gradients = mixing.iter().map(|matrix| match gradient(&matrix.shares) {
        Some(found) => Ok(read(found.try_into_data()?)),
        None => Ok(vec![E::default(); matrix.shares.dims().iter().product()]),
    });
    gradients.collect()
}
