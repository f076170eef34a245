//! Training the autoencoder whose codes say how much images are alike.
//!
//! Poyser and Breckon, DDS-NAS (2025): the autoencoder "enforces an image-similarity embedding".
//! Layers, loss and recipe are reconstructed. The author's code passes 8 (grey) or 32 (colour) latent
//! values, 8 in some colour variants; Adam at 1e-3, a cosine over 30 epochs and a triplet margin of 1
//! are those of a separate experiment of the author's on MNIST, not certain to be the paper's. Images
//! are not enlarged to 64 x 64 here, and are augmented as those of a search are.
//!
//! Weights are kept in double precision for Adam's small steps and rounded for each pass.

use std::sync::Arc;
use std::time::Instant;

use tamis_core::{Key, Purpose, SampleId, Snapshot};
use tamis_data::{Augmentation, Batch, BatchSource, Dataset, Normalization};
use tamis_nn::{Autoencoder, AutoencoderShape, Device};

use crate::config::EmbedConfig;
use crate::course::{Course, Plan, Progress, Rates, Schedule, Sums};
use crate::error::Error;
use crate::optimizer::Adam;
use crate::running::Running;
use crate::training::{Training, TrainingEvent};
use crate::triplets;

const BETAS: [f64; 2] = [0.9, 0.999];

/// The training of an autoencoder.
pub struct AutoencoderTraining {
    course: Course,
    network: Autoencoder,
    triplet_weight: f64,
    weights: Vec<f64>,
    adam: Adam,
    running: Running,
}

impl AutoencoderTraining {
    /// A training before its first step.
    ///
    /// # Errors
    ///
    /// Settings out of range, or images that the network cannot be built for.
    pub fn new(
        config: &EmbedConfig,
        train: Arc<Dataset>,
        augmentation: Augmentation,
        seed: u64,
        device: Device,
    ) -> Result<AutoencoderTraining, Error> {
        config.check()?;
        let shape = train.shape();
        let shape = AutoencoderShape {
            image: [shape.channels, shape.height, shape.width],
            width: config.width,
            latent: config.latent_for(shape),
        };
        let network = Autoencoder::new(shape, device)?;
        let weights: Vec<f64> = network.layout().init(seed).into_iter().map(f64::from).collect();
        let plan = Plan {
            seed,
            batch: config.batch,
            epochs: config.epochs,
            stop: config.epochs,
            rates: Rates {
                schedule: Schedule::Cosine,
                highest: config.lr,
                lowest: 0.0,
                warm_up: 0,
            },
            members: train.ids().collect(),
            forward_macs: network.graph().counts().macs,
        };
        let normalization = Normalization::of(&train)?;
        let source = BatchSource::new(train, &normalization, augmentation, seed)?;
        Ok(AutoencoderTraining {
            course: Course::new(plan, source),
            triplet_weight: config.triplet_weight,
            adam: Adam::new(weights.len(), BETAS, 0.0),
            running: Running::new(network.initial_statistics()),
            network,
            weights,
        })
    }

    /// The latent codes, `[sample, latent]`, of these samples as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if an image cannot be read.
    pub fn encode(&self, ids: &[SampleId]) -> Result<Vec<f32>, Error> {
        let batch = self.course.plain(ids)?;
        Ok(self.network.encode(&self.rounded(), &batch.images, self.running.statistics())?)
    }

    /// Nominal multiply-adds of encoding one sample.
    pub fn encode_macs(&self) -> u64 {
        let graph = self.network.graph();
        graph.counts_for(graph.output("code").as_slice()).macs
    }

    fn rounded(&self) -> Vec<f32> {
        self.weights.iter().map(|&weight| weight as f32).collect()
    }

    fn step(&mut self, batch: &Batch) -> Result<TrainingEvent, Error> {
        let started = Instant::now();
        let (epoch, step) = self.course.position();
        let key = Key::new(self.course.seed(), Purpose::Triplets).epoch(epoch).step(step);
        let triplets = triplets::draw(batch, key);
        let pass =
            self.network.pass(&self.rounded(), &batch.images, &triplets, self.triplet_weight)?;
        let loss = pass.reconstruction_loss + self.triplet_weight * pass.triplet_loss;
        if !loss.is_finite() {
            return Err(self.course.diverged("autoencoder", "embed.lr", loss, batch));
        }
        self.running.follow(&pass.statistics, self.course.steps_taken());
        let gradient: Vec<f64> = pass.gradient.into_iter().map(f64::from).collect();
        self.adam.step(&mut self.weights, &gradient, self.course.rate());
        let samples = batch.ids.len();
        self.course.account(Sums {
            samples: samples as u64,
            loss: samples as f64 * pass.reconstruction_loss,
            correct: None,
            triplet_loss: Some(samples as f64 * pass.triplet_loss),
            wall_s: started.elapsed().as_secs_f64(),
        });
        Ok(TrainingEvent::Stepped { epoch, step, loss })
    }

    /// What a snapshot holds of every parameter under `prefix`, as the weights are laid out.
    fn read(&self, snapshot: &Snapshot, prefix: &str) -> Result<Vec<f64>, Error> {
        let mut flat = Vec::with_capacity(self.weights.len());
        for parameter in self.network.layout().parameters() {
            let path = format!("{prefix}/{}", parameter.path);
            flat.extend_from_slice(snapshot.doubles(&path, parameter.length())?);
        }
        Ok(flat)
    }
}

impl Training for AutoencoderTraining {
    fn advance(&mut self) -> Result<TrainingEvent, Error> {
        self.course.next()?.event(|made| self.step(&made.batch))
    }

    fn progress(&self) -> Progress {
        self.course.progress()
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.course.save(&mut snapshot);
        let parts = [
            ("weights", &self.weights),
            ("first", &self.adam.first),
            ("second", &self.adam.second),
        ];
        for (prefix, values) in parts {
            for parameter in self.network.layout().parameters() {
                let path = format!("{prefix}/{}", parameter.path);
                snapshot.put_doubles(path, &parameter.shape, &values[parameter.range()]);
            }
        }
        self.running.save(&mut snapshot);
        snapshot
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.course.restore(snapshot)?;
        let weights = self.read(snapshot, "weights")?;
        let (first, second) = (self.read(snapshot, "first")?, self.read(snapshot, "second")?);
        self.adam = Adam {
            steps: self.course.steps_taken() as u32,
            first,
            second,
            ..Adam::new(0, BETAS, 0.0)
        };
        self.weights = weights;
        self.running.restore(snapshot)
    }
}
