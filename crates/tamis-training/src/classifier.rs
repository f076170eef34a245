//! The classifier that scores images: a residual network, trained on all of them.
//!
//! The recipe is that of Na et al. (Accelerating Neural Architecture Search via Proxy Data, IJCAI
//! 2021): ResNet-20, SGD 0.1 with momentum 0.9 and weight decay 1e-4, batches of 128, the rate a
//! tenth from half and from three quarters of 200 epochs on, crops and flips. Scores are taken by
//! running statistics, of images as they are, in the order of their ids.
//!
//! Differences: epochs are a setting; images are normalised by their own mean and deviation, not
//! ImageNet's; running statistics are the mean of the first batches.

use std::sync::Arc;
use std::time::Instant;

use tamis_core::{Key, Purpose, SampleId, Snapshot};
use tamis_data::{Augmentation, Batch, BatchSource, Dataset, Normalization};
use tamis_graph::networks::resnet;
use tamis_nn::{Device, Model, SampleOutput, Statistics, Targets, cross_entropy};

use crate::config::ScorerConfig;
use crate::course::{Course, Plan, Progress, Rates, Schedule, Sums};
use crate::error::Error;
use crate::forgetting::Forgetting;
use crate::optimizer::Sgd;
use crate::parameters::{parameters, put_parameters};
use crate::running::Running;
use crate::training::{Training, TrainingEvent};

/// The seed of network `number` of an ensemble; that of the first is the seed itself.
pub fn ensemble_seed(seed: u64, number: u32) -> u64 {
    match number {
        0 => seed,
        _ => Key::new(seed, Purpose::Ensemble).id(u64::from(number)).stream().next_u64(),
    }
}

/// The training of a classifier.
pub struct ClassifierTraining {
    course: Course,
    /// Gives logits and features.
    network: Model,
    forward_macs: u64,
    weights: Vec<f32>,
    sgd: Sgd,
    running: Running,
    forgetting: Forgetting,
}

impl ClassifierTraining {
    /// A training before its first step; it stops after `stop` of its schedule's epochs.
    ///
    /// # Errors
    ///
    /// Settings out of range, or images that the network cannot be built for.
    pub fn new(
        config: &ScorerConfig,
        train: Arc<Dataset>,
        augmentation: Augmentation,
        seed: u64,
        stop: u32,
        device: Device,
    ) -> Result<ClassifierTraining, Error> {
        config.check()?;
        let (shape, classes) = (train.shape(), train.classes().len());
        let image = [shape.channels, shape.height, shape.width];
        let channels = config.channels_for(shape);
        let graph = resnet(channels, config.blocks, image, classes)?;
        let forward_macs = graph.counts().macs;
        let network = Model::new(graph, &["logits", "features"], device)?;
        let weights = network.layout().init(seed);
        let forgetting = Forgetting::new(train.len());
        let plan = Plan {
            seed,
            batch: config.batch,
            epochs: config.epochs,
            stop: stop.min(config.epochs),
            rates: Rates { schedule: Schedule::Steps, highest: config.lr, lowest: 0.0, warm_up: 0 },
            members: train.ids().collect(),
            forward_macs,
        };
        let normalization = Normalization::of(&train)?;
        let source = BatchSource::new(train, &normalization, augmentation, seed)?;
        Ok(ClassifierTraining {
            forgetting,
            course: Course::new(plan, source),
            sgd: Sgd {
                momentum: config.momentum as f32,
                weight_decay: config.weight_decay as f32,
                nesterov: false,
                velocity: vec![0.0; weights.len()],
            },
            running: Running::new(network.initial_statistics()),
            network,
            forward_macs,
            weights,
        })
    }

    /// What the classifier says of these samples as they are, by its running statistics.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if an image cannot be read.
    pub fn evaluate(&self, ids: &[SampleId]) -> Result<Vec<SampleOutput>, Error> {
        let batch = self.course.plain(ids)?;
        let [logits, _] = self.evaluated(&batch)?;
        Ok(cross_entropy(&logits, &Targets::of(&batch.labels))?.0.samples)
    }

    /// The features before the classifier's last layer, `[sample, feature]`, of these samples as
    /// they are.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if an image cannot be read.
    pub fn features(&self, ids: &[SampleId]) -> Result<Vec<f32>, Error> {
        let [_, features] = self.evaluated(&self.course.plain(ids)?)?;
        Ok(features)
    }

    /// Logits and features by the running statistics.
    fn evaluated(&self, batch: &Batch) -> Result<[Vec<f32>; 2], Error> {
        let statistics = self.running.statistics();
        let mut outputs = self.network.evaluate(&self.weights, &batch.images, statistics)?;
        Ok([outputs.swap_remove(0), outputs.swap_remove(0)])
    }

    /// Forgetting events so far.
    pub fn forgetting(&self) -> &Forgetting {
        &self.forgetting
    }

    /// Nominal multiply-adds of one sample's forward pass.
    pub fn forward_macs(&self) -> u64 {
        self.forward_macs
    }

    /// Running statistics of the network's batch norms.
    pub fn statistics(&self) -> &Statistics {
        self.running.statistics()
    }

    fn step(&mut self, batch: &Batch) -> Result<TrainingEvent, Error> {
        let started = Instant::now();
        let pass = self.network.train(&self.weights, &batch.images, None, |outputs| {
            let (found, gradient) = cross_entropy(outputs[0], &Targets::of(&batch.labels))?;
            Ok((vec![gradient, vec![0.0; outputs[1].len()]], found))
        })?;
        let outputs = &pass.found;
        if !outputs.loss.is_finite() {
            return Err(self.course.diverged("scorer", "score.lr", outputs.loss, batch));
        }
        for (&id, sample) in batch.ids.iter().zip(&outputs.samples) {
            self.forgetting.observe(id, sample.correct);
        }
        self.running.follow(&pass.statistics, self.course.steps_taken());
        self.sgd.step(&mut self.weights, &pass.gradient, self.course.rate() as f32);
        let (epoch, step) = self.course.position();
        self.course.account(Sums {
            samples: batch.ids.len() as u64,
            loss: outputs.samples.iter().map(|sample| sample.loss).sum(),
            correct: Some(outputs.correct() as u64),
            triplet_loss: None,
            wall_s: started.elapsed().as_secs_f64(),
        });
        Ok(TrainingEvent::Stepped { epoch, step, loss: outputs.loss })
    }
}

impl Training for ClassifierTraining {
    fn advance(&mut self) -> Result<TrainingEvent, Error> {
        self.course.next()?.event(|made| self.step(&made.batch))
    }

    fn progress(&self) -> Progress {
        self.course.progress()
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.course.save(&mut snapshot);
        self.forgetting.save(&mut snapshot);
        let layout = self.network.layout();
        put_parameters(&mut snapshot, "weights", layout, &self.weights);
        put_parameters(&mut snapshot, "momentum", layout, &self.sgd.velocity);
        self.running.save(&mut snapshot);
        snapshot
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.course.restore(snapshot)?;
        self.forgetting.restore(snapshot)?;
        let layout = self.network.layout();
        self.weights = parameters(snapshot, "weights", layout)?;
        self.sgd.velocity = parameters(snapshot, "momentum", layout)?;
        self.running.restore(snapshot)
    }
}
