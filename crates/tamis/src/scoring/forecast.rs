//! What a table of scores or embeddings will cost, before anything is trained for it.
//!
//! Counted as the trainings count what they spend, so that a finished table cost what was forecast.
//! Seconds are nobody's to say before a few steps were taken.

use std::fmt;

use tamis_graph::networks::{AutoencoderShape, autoencoder, resnet};
use tamis_training::Error as Training;
use tamis_training::{PASSES_PER_STEP, steps_of_pass};

use super::{Embedding, ScoreKind, Scoring};
use crate::error::Error;

/// The trainings that a table takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Networks that are trained.
    pub networks: u32,
    /// Epochs that each is trained for.
    pub epochs: u32,
    /// Steps of an epoch.
    pub steps: u64,
    /// Nominal multiply-adds of everything, the table's own passes over the images too.
    pub macs: u64,
}

impl Forecast {
    /// Steps of all epochs of all networks.
    pub fn all_steps(&self) -> u64 {
        u64::from(self.networks) * u64::from(self.epochs) * self.steps
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forecast { networks, epochs, steps, macs } = self;
        if *networks == 0 {
            return write!(f, "nothing is trained; {:.2e} multiply-adds", *macs as f64);
        }
        let many =
            |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        write!(
            f,
            "takes {} for {} of {}, {} in all, and {:.2e} multiply-adds; what is trained already is not \
             trained again",
            many(u64::from(*networks), "network"),
            many(u64::from(*epochs), "epoch"),
            many(*steps, "step"),
            many(self.all_steps(), "step"),
            *macs as f64
        )
    }
}

impl Scoring {
    /// What the scores of this kind will cost.
    ///
    /// # Errors
    ///
    /// [`Error::Training`] if the network cannot be built for these images.
    pub fn forecast_scores(&self, kind: ScoreKind) -> Result<Forecast, Error> {
        let config = &self.config.score;
        match kind {
            ScoreKind::El2n => self.scorers(config.networks, config.el2n_epochs(), true),
            ScoreKind::Forgetting => self.scorers(1, config.epochs, false),
            ScoreKind::Entropy | ScoreKind::Loss => self.scorers(1, config.epochs, true),
        }
    }

    /// What these embeddings will cost; `None` where only their making tells.
    ///
    /// # Errors
    ///
    /// [`Error::Training`] if the network cannot be built for these images.
    pub fn forecast_embeddings(&self, embedding: Embedding) -> Result<Option<Forecast>, Error> {
        match embedding {
            Embedding::TripletAe => self.autoencoder(1).map(Some),
            Embedding::RandomAe => self.autoencoder(0).map(Some),
            Embedding::Penultimate => self.scorers(1, self.config.score.epochs, true).map(Some),
            Embedding::PixelPca => Ok(None),
        }
    }

    fn scorers(&self, networks: u32, epochs: u32, evaluates: bool) -> Result<Forecast, Error> {
        let (config, shape) = (&self.config.score, self.train.shape());
        let image = [shape.channels, shape.height, shape.width];
        let classes = self.train.classes().len();
        let graph = resnet(config.channels_for(shape), config.blocks, image, classes);
        let forward = graph.map_err(Training::Description)?.counts().macs;
        let passes = u64::from(epochs) * PASSES_PER_STEP + u64::from(evaluates);
        let macs = u64::from(networks) * self.train.len() as u64 * passes * forward;
        Ok(Forecast { networks, epochs, steps: self.steps(config.batch), macs })
    }

    fn autoencoder(&self, networks: u32) -> Result<Forecast, Error> {
        let (config, shape) = (&self.config.embed, self.train.shape());
        let image = [shape.channels, shape.height, shape.width];
        let latent = config.latent_for(shape);
        let shape = AutoencoderShape { image, width: config.width, latent };
        let graph = autoencoder(&shape).map_err(Training::Description)?;
        let encoding = graph.counts_for(graph.output("code").as_slice()).macs;
        let samples = self.train.len() as u64;
        let training = u64::from(networks) * u64::from(config.epochs) * PASSES_PER_STEP;
        let macs = samples * (training * graph.counts().macs + encoding);
        Ok(Forecast { networks, epochs: config.epochs, steps: self.steps(config.batch), macs })
    }

    fn steps(&self, batch: usize) -> u64 {
        steps_of_pass(self.train.len(), batch) as u64
    }
}
