//! The training of a single network: any that is described, on some of the images, by a recipe.
//!
//! Stochastic gradient descent on the cross-entropy, with what recipes of the field add: label smoothing, an
//! auxiliary classifier, dropped paths, a norm limit, mixed images, averaged weights, a teacher. Batch norms
//! are judged by running statistics, which are the mean of the first batches and from the tenth on what
//! PyTorch's momentum of 0.1 keeps.
//!
//! It never sees a test split: [`NetworkTraining::logits`] is for whoever may.

mod config;
mod distillation;

pub use config::NetworkTrainingConfig;
pub use distillation::{DistillationConfig, Teacher};

use std::sync::Arc;
use std::time::Instant;

use tamis_core::{Key, Purpose, SampleId, Snapshot};
use tamis_data::{Batch, BatchSource, Dataset, Normalization, TrainingAugmentation, TrainingBatch};
use tamis_graph::Graph;
use tamis_nn::{
    Device, DropPath, Mixed, Model, ModelPass, Outputs, Statistics, Targets, cross_entropy,
};

use crate::course::{Course, Plan, Progress, Rates, Sums};
use crate::error::Error;
use crate::optimizer::{Sgd, clip_global_norm};
use crate::parameters::{parameters, put_parameters};
use crate::running::Running;
use crate::training::{Training, TrainingEvent};
use distillation::Distillation;

/// What a network is trained on.
pub struct TrainingSet {
    /// The images.
    pub train: Arc<Dataset>,
    /// Those of them that are trained on, ascending.
    pub members: Vec<SampleId>,
    /// What is done to them at random.
    pub augmentation: TrainingAugmentation,
}

/// The training of one network.
pub struct NetworkTraining {
    config: NetworkTrainingConfig,
    course: Course,
    /// Gives the logits, and those of the auxiliary classifier if it has one.
    network: Model,
    /// Gives the logits alone.
    judged: Model,
    normalization: Normalization,
    weights: Vec<f32>,
    /// The moving average of the weights, if there is one.
    average: Option<Vec<f32>>,
    sgd: Sgd,
    running: Running,
    distillation: Option<Distillation>,
}

impl NetworkTraining {
    /// A training before its first step.
    ///
    /// # Errors
    ///
    /// Settings out of range, or images that the network is not for.
    pub fn new(
        config: &NetworkTrainingConfig,
        graph: Graph,
        set: TrainingSet,
        seed: u64,
        device: Device,
    ) -> Result<NetworkTraining, Error> {
        config.check()?;
        let forward_macs =
            graph.counts_for(&graph.outputs().iter().map(|of| of.node).collect::<Vec<_>>()).macs;
        let judged = Model::new(graph.clone(), &["logits"], device)?;
        let outputs =
            if config.auxiliary_weight > 0.0 { &["logits", "auxiliary"][..] } else { &["logits"] };
        let network = Model::new(graph, outputs, device)?;
        let weights = network.layout().init(seed);
        let normalization = Normalization::of(&set.train)?;
        let source = BatchSource::for_training(set.train, &normalization, set.augmentation, seed)?;
        let plan = Plan {
            seed,
            batch: config.batch,
            epochs: config.epochs,
            stop: config.epochs,
            rates: Rates {
                schedule: config.schedule,
                highest: config.lr,
                lowest: config.lr_min,
                warm_up: config.warm_up_epochs.min(config.epochs - 1),
            },
            members: set.members,
            forward_macs,
        };
        Ok(NetworkTraining {
            course: Course::new(plan, source),
            average: (config.ema_decay > 0.0).then(|| weights.clone()),
            sgd: Sgd {
                momentum: config.momentum as f32,
                weight_decay: config.weight_decay as f32,
                nesterov: config.nesterov,
                velocity: vec![0.0; weights.len()],
            },
            running: Running::new(network.initial_statistics()),
            distillation: None,
            config: config.clone(),
            network,
            judged,
            normalization,
            weights,
        })
    }

    /// The same, learning from a teacher's answers too: to every batch as the network sees it, by the
    /// teacher's running statistics. Its forward passes are counted.
    ///
    /// # Errors
    ///
    /// Settings out of range; [`Error::Teacher`] if the teacher reads other images or knows other classes.
    pub fn with_teacher(
        mut self,
        teacher: Teacher,
        config: &DistillationConfig,
    ) -> Result<NetworkTraining, Error> {
        config.check()?;
        let told = |graph: &Graph| {
            let classes =
                graph.outputs().first().map_or(0, |of| graph.node(of.node).shape.values());
            (graph.image(), classes)
        };
        let (found, expected) = (told(teacher.model.graph()), told(self.graph()));
        if found != expected {
            let words = |(image, classes)| format!("images of {image:?} and {classes} classes");
            return Err(Error::Teacher { found: words(found), expected: words(expected) });
        }
        let taught = Distillation::new(teacher, config, &self.normalization, expected.1);
        self.course.costs_beside(taught.macs());
        self.distillation = Some(taught);
        Ok(self)
    }

    /// The network's description.
    pub fn graph(&self) -> &Graph {
        self.network.graph()
    }

    /// The weights that the network is judged by: averaged, if the recipe averages them.
    pub fn weights(&self) -> &[f32] {
        self.average.as_ref().unwrap_or(&self.weights)
    }

    /// Running statistics of the network's batch norms.
    pub fn statistics(&self) -> &Statistics {
        self.running.statistics()
    }

    /// What images are normalised by: mean and deviation of all training images.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// Nominal multiply-adds of judging one image.
    pub fn forward_macs(&self) -> u64 {
        self.graph().counts().macs
    }

    /// The logits, `[sample, class]` flattened, of images as they are, by averaged weights and running
    /// statistics.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the batch does not fit the network.
    pub fn logits(&self, batch: &Batch) -> Result<Vec<f32>, Error> {
        let outputs =
            self.judged.evaluate(self.weights(), &batch.images, self.running.statistics())?;
        Ok(outputs.into_iter().next().unwrap_or_default())
    }

    /// Samples of the training images as they are: not augmented.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if an image cannot be read.
    pub fn plain(&self, ids: &[SampleId]) -> Result<Batch, Error> {
        self.course.plain(ids)
    }

    fn step(&mut self, made: &TrainingBatch) -> Result<TrainingEvent, Error> {
        let started = Instant::now();
        let (epoch, step) = self.course.position();
        let pass = self.pass(made, (epoch, step))?;
        let (outputs, loss) = pass.found;
        if !loss.is_finite() {
            return Err(self.course.diverged("network", "train.lr", loss, &made.batch));
        }
        self.running.follow(&pass.statistics, self.course.steps_taken());
        let mut gradient = pass.gradient;
        if self.config.clip_norm > 0.0 {
            clip_global_norm(&mut gradient, self.config.clip_norm);
        }
        self.sgd.step(&mut self.weights, &gradient, self.course.rate() as f32);
        self.follow_average();
        let samples = made.batch.ids.len();
        self.course.account(Sums {
            samples: samples as u64,
            loss: samples as f64 * outputs.loss,
            correct: Some(outputs.correct() as u64),
            triplet_loss: None,
            wall_s: started.elapsed().as_secs_f64(),
        });
        Ok(TrainingEvent::Stepped { epoch, step, loss })
    }

    /// Forward and backward: what the main classifier said, and the whole loss.
    fn pass(
        &self,
        made: &TrainingBatch,
        (epoch, step): (u32, u32),
    ) -> Result<ModelPass<(Outputs, f64)>, Error> {
        let batch = &made.batch;
        let partners: Vec<u32> = made.mixed.as_ref().map_or_else(Vec::new, |mixed| {
            mixed.partners.iter().map(|&partner| batch.labels[partner]).collect()
        });
        let mixed = made.mixed.as_ref().map(|of| Mixed { labels: &partners, share: of.lambda });
        let smoothing = self.config.label_smoothing;
        let targets = Targets { smoothing, mixed, ..Targets::of(&batch.labels) };
        let weights = [1.0, self.config.auxiliary_weight];
        let ids: Vec<u64> = batch.ids.iter().map(|id| u64::from(id.0)).collect();
        let drop_path = DropPath {
            rate: self.config.drop_path * f64::from(epoch) / f64::from(self.config.epochs),
            key: Key::new(self.course.seed(), Purpose::DropPath).epoch(epoch).step(step),
            ids: &ids,
        };
        let distillation = self.distillation.as_ref();
        let taught = distillation.map(|of| of.logits(&batch.images)).transpose()?;
        let taught = distillation.zip(taught.as_deref());
        let pass = self.network.train(&self.weights, &batch.images, Some(drop_path), |outputs| {
            let mut main = None;
            let (mut loss, mut gradients) = (0.0, Vec::with_capacity(outputs.len()));
            for (logits, weight) in outputs.iter().zip(weights) {
                let (found, mut gradient) = cross_entropy(logits, &targets)?;
                // An auxiliary classifier, which comes second, has the labels alone.
                let own_loss = match taught.filter(|_| gradients.is_empty()) {
                    Some((of, taught)) => of.blend(logits, taught, (&found, &mut gradient))?,
                    None => found.loss,
                };
                gradient.iter_mut().for_each(|slope| *slope *= weight as f32);
                loss += weight * own_loss;
                gradients.push(gradient);
                main.get_or_insert(found);
            }
            let main = main.unwrap_or(Outputs { loss: 0.0, samples: Vec::new() });
            Ok((gradients, (main, loss)))
        });
        Ok(pass?)
    }

    /// Moves the average towards the weights, the faster the younger it is.
    fn follow_average(&mut self) {
        let steps = self.course.steps_taken() as f64;
        let decay = self.config.ema_decay.min((1.0 + steps) / (10.0 + steps));
        if let Some(average) = &mut self.average {
            let rest = (1.0 - decay) as f32;
            average
                .iter_mut()
                .zip(&self.weights)
                .for_each(|(own, weight)| *own += rest * (weight - *own));
        }
    }
}

impl Training for NetworkTraining {
    fn advance(&mut self) -> Result<TrainingEvent, Error> {
        self.course.next()?.event(|made| self.step(made))
    }

    fn progress(&self) -> Progress {
        self.course.progress()
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.course.save(&mut snapshot);
        let layout = self.network.layout();
        put_parameters(&mut snapshot, "weights", layout, &self.weights);
        put_parameters(&mut snapshot, "momentum", layout, &self.sgd.velocity);
        if let Some(average) = &self.average {
            put_parameters(&mut snapshot, "average", layout, average);
        }
        self.running.save(&mut snapshot);
        snapshot
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.course.restore(snapshot)?;
        let layout = self.network.layout();
        self.weights = parameters(snapshot, "weights", layout)?;
        self.sgd.velocity = parameters(snapshot, "momentum", layout)?;
        if let Some(average) = &mut self.average {
            *average = parameters(snapshot, "average", layout)?;
        }
        self.running.restore(snapshot)
    }
}
