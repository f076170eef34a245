//! The two coupled problems: weights and architecture parameters with their optimizers, and the
//! primitives that hosts build their steps from.
//!
//! The network only sees mixing weights ("shares"). The architecture parameters, their softmax
//! and their optimizer live here, in `f64`: a host may perturb, sample or penalise them freely. Every
//! pass through the network goes through one door, [`Bilevel::pass`], which counts it.

mod choices;
mod cost_term;
mod passes;

use std::sync::Arc;

use tamis_core::{Key, Level, Purpose};
use tamis_data::Batch;
use tamis_nn::{Device, Engine, Inputs, Mixing, Mode, Network, Outputs, Wants};
use tamis_training::{Sgd, clip_global_norm};

use crate::alphas;
use crate::config::SearchConfig;
use crate::cost::Latencies;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::position::StepContext;
use crate::space::{ChoiceSet, OptionCosts, SearchSpace, Stage};

use cost_term::CostTerm;

pub use choices::Choices;
pub use passes::{At, BOTH, FORWARD, OF_SHARES, OF_WEIGHTS, Passed, Passes};

/// Learning rates of the epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of the weights.
    pub weights: f64,
    /// Of the architecture parameters.
    pub alpha: f64,
}

/// Weights, architecture parameters and their optimizers.
pub struct Bilevel {
    /// The supernet's weights, laid out by `network().layout()`.
    pub weights: Vec<f32>,
    /// Optimizer of the weights.
    pub sgd: Sgd,
    /// Largest norm of the weights' gradient.
    pub clip: f64,
    /// What is chosen between, one for each mixing matrix of the network.
    pub choices: Vec<Choices>,
    /// Learning rates of the current epoch.
    pub rates: Rates,
    network: Network,
    stage: Stage,
    costs: OptionCosts,
    cost_term: Option<CostTerm>,
    space: Arc<dyn SearchSpace>,
    device: Device,
    seed: u64,
    /// Since they were last taken.
    passes: Passes,
    position: StepContext,
}

impl Bilevel {
    /// Initial weights and architecture parameters of a run's seed, optimizers that have taken no
    /// step.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] or [`Error::Space`] if the space cannot build its supernet; [`Error::NoCost`],
    /// [`Error::LatenciesNeeded`] or [`Error::Unmeasured`] if a target of cost cannot be followed.
    pub fn new(
        config: &SearchConfig,
        space: Arc<dyn SearchSpace>,
        latencies: Option<&Latencies>,
        device: Device,
    ) -> Result<Bilevel, Error> {
        let stage = space.first_stage();
        let network = space.network(&stage, device)?;
        let costs = space.costs(&stage)?;
        let weights = network.layout().init(config.seed);
        let settings = &config.weights;
        let alphas = alphas::initial(network.choices(), config.seed);
        let mut choices: Vec<Choices> =
            alphas.into_iter().map(|of| Choices::new(of, &config.alpha)).collect();
        choices.iter_mut().zip(space.choices()).for_each(drop_what_means_nothing);
        let shares: Vec<Matrix> = choices.iter().map(Choices::shares).collect();
        Ok(Bilevel {
            sgd: Sgd {
                momentum: settings.momentum as f32,
                weight_decay: settings.weight_decay as f32,
                nesterov: settings.nesterov,
                velocity: vec![0.0; weights.len()],
            },
            clip: settings.clip,
            choices,
            rates: Rates { weights: settings.lr, alpha: config.alpha.lr },
            network,
            weights,
            stage,
            costs,
            cost_term: CostTerm::of(&config.cost, space.as_ref(), latencies, &shares)?,
            space,
            device,
            seed: config.seed,
            passes: Passes::default(),
            position: StepContext {
                seed: config.seed,
                epoch: 0,
                epochs: config.train.epochs,
                step: 0,
            },
        })
    }

    /// The same, its supernet computed by another engine.
    pub fn with_engine(self, engine: Engine) -> Bilevel {
        Bilevel { network: self.network.with_engine(engine), ..self }
    }

    /// The supernet.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Which supernet it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What its options cost.
    pub fn costs(&self) -> &OptionCosts {
        &self.costs
    }

    /// The search space.
    pub fn space(&self) -> &dyn SearchSpace {
        self.space.as_ref()
    }

    /// Another supernet of the same choices, with initial weights of (seed, number of the stage) and an
    /// optimizer that has taken no step. The choices stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Bilevel::new`].
    pub fn rebuild(&mut self, stage: Stage) -> Result<(), Error> {
        self.network = self.space.network(&stage, self.device)?;
        self.costs = self.space.costs(&stage)?;
        self.reset_weights(stage.number);
        self.stage = stage;
        Ok(())
    }

    /// Initial weights of (seed, number), and an optimizer of them that has taken no step.
    pub fn reset_weights(&mut self, number: u32) {
        let seed = match number {
            0 => self.seed,
            _ => Key::new(self.seed, Purpose::Host).epoch(number).stream().next_u64(),
        };
        self.weights = self.network.layout().init(seed);
        self.sgd.velocity = vec![0.0; self.weights.len()];
    }

    /// The architecture parameters, a matrix a choice set.
    pub fn alphas(&self) -> Vec<Matrix> {
        self.choices.iter().map(|choices| choices.alphas.clone()).collect()
    }

    /// Mixing weights: the softmax of each edge's architecture parameters, over the options alive.
    pub fn shares(&self) -> Vec<Matrix> {
        self.choices.iter().map(Choices::shares).collect()
    }

    /// Logarithms of the shares.
    pub fn log_shares(&self) -> Vec<Matrix> {
        self.choices.iter().map(Choices::log_shares).collect()
    }

    /// What an architecture costs, given by share 1 for each of its options, and the target, if there is one.
    pub(crate) fn cost_and_target(&self, found: &[Matrix]) -> Option<[f64; 2]> {
        let term = self.cost_term.as_ref()?;
        Some(term.figures(self.space.as_ref(), found))
    }

    /// Share 1 for the option of the largest share on each edge.
    fn largest_shares(&self) -> Vec<Matrix> {
        self.choices.iter().map(|choices| choices.shares().largest_of_rows()).collect()
    }

    /// Which options are alive, a list a choice set.
    fn alive(&self) -> Vec<Vec<bool>> {
        self.choices.iter().map(|choices| choices.alive().to_vec()).collect()
    }

    /// A batch through the supernet in training mode. It is counted on the level that it serves. To the
    /// gradient of the shares of a pass by which the architecture steps, one of its own level or one for both
    /// gradients, that of the cost's term is added.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the batch does not fit the network, [`Error::NotFinite`] if the loss is no
    /// number any more.
    pub fn pass(
        &mut self,
        (level, batch): (Level, &Batch),
        loss_weights: Option<&[f32]>,
        at: At<'_>,
        wants: Wants,
    ) -> Result<Passed, Error> {
        let (own_shares, own_runs);
        let shares = match at.shares {
            Some(shares) => shares,
            None => {
                own_shares = self.shares();
                &own_shares
            }
        };
        let runs = match at.runs {
            Some(runs) => runs,
            None => {
                own_runs = self.alive();
                &own_runs
            }
        };
        let rounded: Vec<Vec<f32>> = shares.iter().map(round).collect();
        let mixing = rounded.iter().zip(runs);
        let mixing: Vec<Mixing<'_>> =
            mixing.map(|(shares, runs)| Mixing { shares, runs }).collect();
        let inputs =
            Inputs { images: &batch.images, labels: &batch.labels, loss_weights, mixing: &mixing };
        let weights = at.weights.unwrap_or(&self.weights);
        let pass = self.network.pass(weights, inputs, Mode::Train, wants)?;
        self.passes.count(level, batch.ids.len(), self.costs.of(runs), wants);
        self.check_finite(level, batch, pass.outputs.loss)?;
        let gradients = shares.iter().zip(pass.shares.unwrap_or_default());
        let mut gradients: Vec<Matrix> = gradients
            .map(|(share, gradient)| {
                Matrix::from_fn(share.shape(), |index| f64::from(gradient[index]))
            })
            .collect();
        let has_cost = !at.without_cost && (level == Level::Arch || wants == BOTH);
        if let Some(term) = self.cost_term.as_ref().filter(|_| has_cost) {
            term.add(self.space.as_ref(), &self.largest_shares(), shares, &mut gradients);
        }
        Ok(Passed {
            outputs: pass.outputs,
            shares: gradients,
            weights: pass.weights.unwrap_or_default(),
        })
    }

    /// Adds the gradient of the cost's term, if there is one, at the shares of the architecture parameters to
    /// gradients with respect to these: for hosts whose passes are at other shares.
    pub fn add_cost(&self, gradients: &mut [Matrix]) {
        let Some(term) = &self.cost_term else { return };
        let shares = self.shares();
        let mut of_shares: Vec<Matrix> =
            shares.iter().map(|of| Matrix::zeros(of.shape())).collect();
        term.add(self.space.as_ref(), &self.largest_shares(), &shares, &mut of_shares);
        for (gradient, own) in gradients.iter_mut().zip(self.through_softmax(&of_shares)) {
            let pairs = gradient.values_mut().iter_mut().zip(own.values());
            pairs.for_each(|(gradient, own)| *gradient += own);
        }
    }

    /// Gradient of the batch's loss with respect to the architecture parameters.
    ///
    /// # Errors
    ///
    /// As [`Bilevel::pass`].
    pub fn alpha_gradient(&mut self, batch: &Batch) -> Result<(Vec<Matrix>, Outputs), Error> {
        let passed = self.pass((Level::Arch, batch), None, At::default(), OF_SHARES)?;
        Ok((self.through_softmax(&passed.shares), passed.outputs))
    }

    /// From gradients with respect to the shares to gradients with respect to the parameters.
    pub fn through_softmax(&self, of_shares: &[Matrix]) -> Vec<Matrix> {
        let pairs = self.choices.iter().zip(of_shares);
        pairs.map(|(choices, gradient)| choices.gradient(gradient)).collect()
    }

    /// Gradient of the weight batch's loss with respect to the weights.
    ///
    /// # Errors
    ///
    /// As [`Bilevel::pass`].
    pub fn weight_gradient(
        &mut self,
        batch: &Batch,
        loss_weights: Option<&[f32]>,
        at: At<'_>,
    ) -> Result<(Vec<f32>, Outputs), Error> {
        let passed = self.pass((Level::Weight, batch), loss_weights, at, OF_WEIGHTS)?;
        Ok((passed.weights, passed.outputs))
    }

    /// Adam's step on the architecture parameters.
    pub fn step_alphas(&mut self, gradients: &[Matrix]) {
        for (choices, gradient) in self.choices.iter_mut().zip(gradients) {
            choices.step(gradient, self.rates.alpha);
        }
    }

    /// Clips the gradient and takes SGD's step on the weights; returns the norm before clipping.
    pub fn step_weights(&mut self, mut gradient: Vec<f32>) -> f64 {
        let norm = clip_global_norm(&mut gradient, self.clip);
        self.sgd.step(&mut self.weights, &gradient, self.rates.weights as f32);
        norm
    }

    /// The passes counted since they were last taken.
    pub(crate) fn take_passes(&mut self) -> Passes {
        std::mem::take(&mut self.passes)
    }

    /// Where the search is, for errors.
    pub(crate) fn at(&mut self, position: StepContext) {
        self.position = position;
    }

    fn check_finite(&self, level: Level, batch: &Batch, found: f64) -> Result<(), Error> {
        if found.is_finite() {
            return Ok(());
        }
        let what = match level {
            Level::Weight => "the weight loss",
            Level::Arch => "the architecture loss",
        };
        Err(self.not_finite(what, found, batch))
    }

    /// The error of a number that is none any more, naming the batch's first samples.
    pub(crate) fn not_finite(&self, what: &'static str, found: f64, batch: &Batch) -> Error {
        let ids: Vec<String> = batch.ids.iter().take(8).map(ToString::to_string).collect();
        let StepContext { epoch, step, .. } = self.position;
        Error::NotFinite { epoch, step, what, found, samples: ids.join(" ") }
    }
}

/// Drops the columns that a shorter row does not have.
fn drop_what_means_nothing((choices, set): (&mut Choices, &ChoiceSet)) {
    for row in 0..set.shape()[0] {
        for option in set.row(row).options..set.options.len() {
            choices.drop_option([row, option]);
        }
    }
}

fn round(matrix: &Matrix) -> Vec<f32> {
    matrix.values().iter().map(|&value| value as f32).collect()
}
