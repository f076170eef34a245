//! A supernet: a described network that mixes by matrices of the caller's, and passes through it.

use tamis_engine::Mixing as EngineMixing;
use tamis_graph::{Graph, ParameterLayout};

use crate::checks::length;
use crate::device::{Device, Engine};
use crate::error::Error;
use crate::model::output;
use crate::outputs::{Targets, cross_entropy};
use crate::pass::{Inputs, Mixing, Pass, Wants};
use crate::runner::{Given, Runner, Trained};
use crate::statistics::{Mode, Statistics};

/// The name of the output.
const LOGITS: &str = "logits";

/// A network: its parameters' layout and how to run it. Weights belong to the caller.
pub struct Network {
    runner: Runner,
    classes: usize,
    /// `[decisions, options]` of each mixing matrix.
    choices: Vec<[usize; 2]>,
}

impl Network {
    /// A supernet: its decisions are mixed sums, by matrices of `[decisions, options]`, and its output is
    /// `logits`.
    ///
    /// # Errors
    ///
    /// [`Error::Output`] if it has no such output.
    pub fn new(graph: Graph, choices: Vec<[usize; 2]>, device: Device) -> Result<Network, Error> {
        let output = output(&graph, LOGITS)?;
        let classes = graph.node(output).shape.values();
        Ok(Network { runner: Runner::new(graph, &[output], device), classes, choices })
    }

    /// The same network computed by another engine.
    pub fn with_engine(self, engine: Engine) -> Self {
        Network { runner: self.runner.with_engine(engine), ..self }
    }

    /// Where each parameter lies.
    pub fn layout(&self) -> &ParameterLayout {
        self.runner.graph().parameters()
    }

    /// `[decisions, options]` of each mixing matrix; in a cell edges and operations.
    pub fn choices(&self) -> &[[usize; 2]] {
        &self.choices
    }

    /// Running statistics before the first batch: mean 0, variance 1.
    pub fn initial_statistics(&self) -> Statistics {
        Statistics::initial(self.runner.graph().norms())
    }

    /// Runs a batch forward and, if anything is wanted, backward. By given statistics nothing can be.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], [`Error::Label`] or [`Error::Shares`] when an argument does not fit the network;
    /// [`Error::Gradients`] when gradients are wanted of an evaluation; [`Error::DeviceFailed`] when an
    /// adapter gives up.
    pub fn pass(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        mode: Mode<'_>,
        wants: Wants,
    ) -> Result<Pass, Error> {
        self.check(weights, &inputs)?;
        let matrices = inputs.mixing.iter().zip(&self.choices);
        let mixing = matrices.map(|(&Mixing { shares, runs }, &[_, options])| EngineMixing {
            shares,
            runs,
            options,
        });
        let mixing: Vec<EngineMixing<'_>> = mixing.collect();
        let images = inputs.images;
        let given = Given { weights, images, mixing: &mixing, drop_path: None, wants };
        let targets = Targets { loss_weights: inputs.loss_weights, ..Targets::of(inputs.labels) };
        if let Mode::Evaluate(statistics) = mode {
            return self.evaluate(&given, statistics, &targets);
        }
        let trained = self.runner.train(&given, |outputs| {
            let (outputs, seed) = cross_entropy(outputs[0], &targets)?;
            Ok((vec![seed], outputs))
        })?;
        let Trained { told: outputs, weights, shares, statistics } = trained;
        Ok(Pass {
            outputs,
            weights: wants.weights.then_some(weights),
            shares: wants.shares.then_some(shares),
            statistics,
        })
    }

    fn evaluate(
        &self,
        given: &Given<'_>,
        statistics: &Statistics,
        targets: &Targets<'_>,
    ) -> Result<Pass, Error> {
        if given.wants != Wants::default() {
            return Err(Error::Gradients);
        }
        let logits = self.runner.evaluate(given, statistics)?.concat();
        let (outputs, _) = cross_entropy(&logits, targets)?;
        Ok(Pass { outputs, weights: None, shares: None, statistics: self.initial_statistics() })
    }

    fn check(&self, weights: &[f32], inputs: &Inputs<'_>) -> Result<(), Error> {
        let batch = inputs.labels.len();
        let pixels = batch * self.runner.graph().image().iter().product::<usize>();
        length("the weights", weights.len(), self.layout().length())?;
        length("the images", inputs.images.len(), pixels)?;
        if let Some(loss_weights) = inputs.loss_weights {
            length("the loss weights", loss_weights.len(), batch)?;
        }
        self.check_mixing(inputs.mixing)?;
        let classes = self.classes;
        match inputs.labels.iter().position(|&label| label as usize >= classes) {
            Some(position) => {
                Err(Error::Label { position, label: inputs.labels[position], classes })
            }
            None => Ok(()),
        }
    }

    fn check_mixing(&self, mixing: &[Mixing<'_>]) -> Result<(), Error> {
        let (found, expected) = (mixing.len(), self.choices.len());
        if found != expected {
            return Err(Error::Shares { found, expected });
        }
        for (matrix, shape) in mixing.iter().zip(&self.choices) {
            let expected = shape.iter().product();
            length("a mixing matrix", matrix.shares.len(), expected)?;
            if !matrix.runs.is_empty() {
                length("what runs of a mixing matrix", matrix.runs.len(), expected)?;
            }
        }
        Ok(())
    }
}
