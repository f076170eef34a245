//! The two coupled problems: weights and architecture parameters with their optimizers, and the
//! primitives that hosts build their steps from.
//!
//! The network only sees mixing weights ("shares"). The architecture parameters, their softmax
//! and their optimizer live here, in `f64`: a host may perturb, sample or penalise them freely.

use tamis_data::Batch;
use tamis_nn::{Inputs, Mixing, Mode, Network, Outputs, Wants};

use crate::alphas;
use crate::config::SearchConfig;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::optimizer::{Adam, Sgd, clip_global_norm};

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
    /// The supernet's description.
    pub network: Network,
    /// The supernet's weights, laid out by `network.layout()`.
    pub weights: Vec<f32>,
    /// Optimizer of the weights.
    pub sgd: Sgd,
    /// Largest norm of the weights' gradient.
    pub clip: f64,
    /// Architecture parameters, one matrix per kind of cell.
    pub alphas: Vec<Matrix>,
    /// One optimizer per matrix.
    pub adam: Vec<Adam>,
    /// Learning rates of the current epoch.
    pub rates: Rates,
}

impl Bilevel {
    /// Initial weights and architecture parameters of a run's seed, optimizers that have taken no
    /// step.
    pub fn new(config: &SearchConfig, network: Network) -> Bilevel {
        // All matrices of a network have one shape.
        let choices = network.choices();
        let (count, shape) = (choices.len(), choices.first().copied().unwrap_or_default());
        let weights = network.layout().init(config.seed);
        let settings = &config.weights;
        let adam = Adam::new(shape[0] * shape[1], config.alpha.betas, config.alpha.weight_decay);
        Bilevel {
            sgd: Sgd {
                momentum: settings.momentum as f32,
                weight_decay: settings.weight_decay as f32,
                nesterov: settings.nesterov,
                velocity: vec![0.0; weights.len()],
            },
            clip: settings.clip,
            alphas: alphas::initial(count, shape, config.seed),
            adam: vec![adam; count],
            rates: Rates { weights: settings.lr, alpha: config.alpha.lr },
            network,
            weights,
        }
    }

    /// Mixing weights: the softmax of each edge's architecture parameters.
    pub fn shares(&self) -> Vec<Matrix> {
        self.alphas.iter().map(Matrix::softmax).collect()
    }

    /// Gradient of the batch's loss with respect to the given shares; no gradient of the weights
    /// is computed.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the batch does not fit the network.
    pub fn share_gradient(
        &self,
        batch: &Batch,
        shares: &[Matrix],
    ) -> Result<(Vec<Matrix>, Outputs), Error> {
        let wants = Wants { weights: false, shares: true };
        let (_, gradients, outputs) = self.pass(batch, None, shares, wants)?;
        Ok((gradients, outputs))
    }

    /// Gradient of the batch's loss with respect to the architecture parameters.
    ///
    /// # Errors
    ///
    /// As [`Bilevel::share_gradient`].
    pub fn alpha_gradient(&self, batch: &Batch) -> Result<(Vec<Matrix>, Outputs), Error> {
        let shares = self.shares();
        let (gradients, outputs) = self.share_gradient(batch, &shares)?;
        let pairs = shares.iter().zip(&gradients);
        Ok((pairs.map(|(share, gradient)| share.softmax_gradient(gradient)).collect(), outputs))
    }

    /// Gradient of the batch's loss with respect to the weights at the given shares; no gradient
    /// of the shares is computed.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the batch does not fit the network.
    pub fn weight_gradient(
        &self,
        batch: &Batch,
        loss_weights: Option<&[f32]>,
        shares: &[Matrix],
    ) -> Result<(Vec<f32>, Outputs), Error> {
        let wants = Wants { weights: true, shares: false };
        let (gradient, _, outputs) = self.pass(batch, loss_weights, shares, wants)?;
        Ok((gradient, outputs))
    }

    /// Adam's step on the architecture parameters.
    pub fn step_alphas(&mut self, gradients: &[Matrix]) {
        let optimizers = self.adam.iter_mut().zip(gradients);
        for (alphas, (adam, gradient)) in self.alphas.iter_mut().zip(optimizers) {
            adam.step(alphas.values_mut(), gradient.values(), self.rates.alpha);
        }
    }

    /// Clips the gradient and takes SGD's step on the weights; returns the norm before clipping.
    pub fn step_weights(&mut self, mut gradient: Vec<f32>) -> f64 {
        let norm = clip_global_norm(&mut gradient, self.clip);
        self.sgd.step(&mut self.weights, &gradient, self.rates.weights as f32);
        norm
    }

    fn pass(
        &self,
        batch: &Batch,
        loss_weights: Option<&[f32]>,
        shares: &[Matrix],
        wants: Wants,
    ) -> Result<(Vec<f32>, Vec<Matrix>, Outputs), Error> {
        let rounded: Vec<Vec<f32>> = shares.iter().map(round).collect();
        let mixing: Vec<_> = rounded.iter().map(|shares| Mixing::of_all(shares)).collect();
        let inputs =
            Inputs { images: &batch.images, labels: &batch.labels, loss_weights, mixing: &mixing };
        let pass = self.network.pass(&self.weights, inputs, Mode::Train, wants)?;
        let gradients = pass.shares.unwrap_or_default();
        let gradients = shares.iter().zip(gradients).map(|(share, gradient)| {
            Matrix::from_fn(share.shape(), |index| f64::from(gradient[index]))
        });
        Ok((pass.weights.unwrap_or_default(), gradients.collect(), pass.outputs))
    }
}

fn round(matrix: &Matrix) -> Vec<f32> {
    matrix.values().iter().map(|&value| value as f32).collect()
}
