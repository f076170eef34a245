//! A trial: one network trained for a number of steps on the images that a policy gives.
//!
//! There is one level: what a policy plans for weights and architecture trains the network. A pass over the
//! images of a plan is an epoch, after which a policy that follows its trial is asked again.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_core::{Key, Level, Misfit, Purpose, SampleId, Snapshot};
use tamis_data::{Batch, BatchSource, Prefetch, prefetch};
use tamis_graph::Graph;
use tamis_nn::{Device, Inputs, Mode, Network, Outputs, Wants};
use tamis_select::{Context, LearningRateEvent, Plan, Policy};
use tamis_training::{
    PASSES_PER_STEP, Sgd, clip_global_norm, cosine, parameters, predictions, put_parameters,
    shuffled_batches, steps_of_pass,
};

use crate::config::RaceConfig;
use crate::error::Error;
use crate::score::Scores;

/// Held-out images that are passed together, by statistics of their own.
const TOGETHER: usize = 250;

/// Epochs in a row that a policy may plan without a step.
const MOST_EMPTY: u32 = 1000;

/// What all trials of a rung have in common.
pub(crate) struct Ground {
    pub(crate) config: RaceConfig,
    pub(crate) source: BatchSource,
    /// Which images, for a rung of so many steps.
    pub(crate) images: Images,
    /// Ascending; empty if none are held out.
    pub(crate) held_out: Vec<SampleId>,
    pub(crate) device: Device,
}

/// The images of a trial.
pub(crate) enum Images {
    /// The same in every epoch.
    Fixed(Plan),
    /// Those of a policy that follows its trial.
    Followed {
        /// Its text.
        policy: String,
        /// What it is built from, but for the number of epochs.
        context: Box<Context>,
    },
}

impl Images {
    /// What plans a trial's epochs, if that is not always the same; `epochs` are those of its schedule.
    fn policy(&self, epochs: u32) -> Result<Option<Box<dyn Policy>>, Error> {
        match self {
            Images::Fixed(_) => Ok(None),
            Images::Followed { policy, context } => {
                let context = Context { epochs, ..Context::clone(context) };
                Ok(Some(tamis_select::build(policy, &context)?))
            }
        }
    }

    /// Epochs that so many steps take, by the images of the first.
    pub(crate) fn epochs(&self, steps: u32, batch: usize) -> Result<u32, Error> {
        let plan = match self.policy(1)? {
            Some(mut policy) => policy.plan(0)?,
            None => return Ok(1),
        };
        Ok(steps.div_ceil(steps_of(&plan, batch).max(1)))
    }
}

/// Steps of an epoch.
fn steps_of(plan: &Plan, batch: usize) -> u32 {
    plan.steps.unwrap_or_else(|| steps_of_pass(plan.both().len(), batch) as u32)
}

/// How a trial is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Names the initial weights and the order of the images.
    pub(crate) seed: u64,
    pub(crate) steps: u32,
    /// Of the policy's schedule.
    pub(crate) epochs: u32,
}

/// One network in training.
pub(crate) struct Trial {
    network: Network,
    /// Multiply-adds of a forward pass of an image.
    macs: u64,
    weights: Vec<f32>,
    sgd: Sgd,
    /// Absent where the images are always the same.
    policy: Option<Box<dyn Policy>>,
    course: Course,
    progress: Progress,
    /// Batches of the steps ahead; made when first needed.
    ahead: Option<Prefetch<Batch>>,
}

/// Where a trial stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    epoch: u32,
    /// Steps of this epoch already taken.
    step: u32,
    /// The samples of this epoch; absent until it is planned.
    plan: Option<Plan>,
    /// The step with which the learning rate last began to fall.
    peak: u32,
    /// Mean loss of an image, of each step.
    losses: Vec<f64>,
    spent: Spent,
}

/// What passes cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Passes of one sample.
    pub(crate) samples: u64,
    /// Nominal multiply-adds.
    pub(crate) macs: u64,
    /// Seconds.
    pub(crate) wall_s: f64,
}

impl Spent {
    pub(crate) fn add(&mut self, other: &Spent) {
        self.samples += other.samples;
        self.macs += other.macs;
        self.wall_s += other.wall_s;
    }
}

impl Trial {
    /// A trial before its first step.
    pub(crate) fn new(graph: Graph, ground: &Ground, course: Course) -> Result<Trial, Error> {
        let macs = graph.counts().macs;
        let network = Network::new(graph, Vec::new(), ground.device)?;
        let weights = network.layout().init(course.seed);
        let RaceConfig { momentum, weight_decay, .. } = ground.config;
        Ok(Trial {
            sgd: Sgd {
                momentum: momentum as f32,
                weight_decay: weight_decay as f32,
                nesterov: true,
                velocity: vec![0.0; weights.len()],
            },
            macs,
            network,
            weights,
            policy: ground.images.policy(course.epochs)?,
            course,
            progress: Progress::default(),
            ahead: None,
        })
    }

    /// Steps taken.
    pub(crate) fn taken(&self) -> u32 {
        self.progress.losses.len() as u32
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Spent {
        self.progress.spent
    }

    /// Whether it has taken all its steps, or its loss is no finite number any more.
    pub(crate) fn is_over(&self) -> bool {
        let diverged = self.progress.losses.last().is_some_and(|loss| !loss.is_finite());
        diverged || self.taken() == self.course.steps
    }

    /// Takes the next step; returns the mean loss of an image.
    pub(crate) fn step(&mut self, ground: &Ground) -> Result<f64, Error> {
        let started = Instant::now();
        let (batch, plan) = self.next_batch(ground)?;
        let loss_weights = plan.loss_weights_of(&batch.ids);
        let inputs = Inputs {
            images: &batch.images,
            labels: &batch.labels,
            loss_weights: loss_weights.as_deref(),
            mixing: &[],
        };
        let wants = Wants { weights: true, shares: false };
        let pass = self.network.pass(&self.weights, inputs, Mode::Train, wants)?;
        let mut gradient = pass.weights.unwrap_or_default();
        if ground.config.clip_norm > 0.0 {
            clip_global_norm(&mut gradient, ground.config.clip_norm);
        }
        let rate = self.rate(&ground.config);
        self.sgd.step(&mut self.weights, &gradient, rate as f32);
        self.observe(&batch.ids, &pass.outputs, &plan);
        let loss = mean_loss(&pass.outputs);
        self.progress.losses.push(loss);
        self.progress.step += 1;
        self.progress.plan = Some(plan);
        self.spend(batch.ids.len(), PASSES_PER_STEP, started);
        Ok(loss)
    }

    fn spend(&mut self, samples: usize, passes: u64, started: Instant) {
        let samples = samples as u64;
        let wall_s = started.elapsed().as_secs_f64();
        self.progress.spent.add(&Spent { samples, macs: samples * passes * self.macs, wall_s });
    }

    /// The next batch, and the plan that it is of.
    fn next_batch(&mut self, ground: &Ground) -> Result<(Batch, Plan), Error> {
        let batch = ground.config.batch;
        let mut empty = 0;
        loop {
            let plan = match self.progress.plan.take() {
                Some(plan) => plan,
                None => self.plan(ground)?,
            };
            if self.progress.step < steps_of(&plan, batch) && !plan.both().is_empty() {
                return match self.prefetched(&plan, ground) {
                    Ok(made) => Ok((made, plan)),
                    Err(error) => {
                        // Asked again, it tries again.
                        self.progress.plan = Some(plan);
                        Err(error)
                    }
                };
            }
            empty = if self.progress.step == 0 { empty + 1 } else { 0 };
            if empty == MOST_EMPTY {
                return Err(Error::NoSteps { epochs: empty });
            }
            (self.progress.epoch, self.progress.step) = (self.progress.epoch + 1, 0);
            self.ahead = None;
        }
    }

    fn plan(&mut self, ground: &Ground) -> Result<Plan, Error> {
        let plan = match (&mut self.policy, &ground.images) {
            (Some(policy), _) => policy.plan(self.progress.epoch)?,
            (None, Images::Fixed(plan)) => plan.clone(),
            (None, Images::Followed { .. }) => return Err(Error::NoSteps { epochs: 0 }),
        };
        if plan.learning_rate == Some(LearningRateEvent::JumpToPeak) {
            self.progress.peak = self.taken();
        }
        Ok(plan)
    }

    fn prefetched(&mut self, plan: &Plan, ground: &Ground) -> Result<Batch, Error> {
        let mut ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.prefetch(plan, ground)?,
        };
        let Some(batch) = ahead.next().transpose()? else {
            return Err(misfit(format!("step {} of an epoch", self.progress.step)));
        };
        self.ahead = Some(ahead);
        Ok(batch)
    }

    /// Starts making the batches of the epoch's steps that are still ahead.
    fn prefetch(&self, plan: &Plan, ground: &Ground) -> Result<Prefetch<Batch>, Error> {
        let Progress { epoch, step, .. } = self.progress;
        let key = Key::new(self.course.seed, Purpose::WeightOrder).epoch(epoch);
        let left = steps_of(plan, ground.config.batch) - step;
        let left = left.min(self.course.steps - self.taken());
        let samples = plan.both();
        let batches = shuffled_batches(&samples, ground.config.batch, key);
        let batches: Vec<Vec<SampleId>> = batches.skip(step as usize).take(left as usize).collect();
        let source = ground.source.clone();
        Ok(prefetch(batches, move |ids: Vec<SampleId>| source.batch(&ids, epoch, true))?)
    }

    /// The learning rate of the next step: along a line to the highest, then along a cosine to 0.
    fn rate(&self, config: &RaceConfig) -> f64 {
        let (step, warm_up) = (self.taken(), config.warm_up_steps);
        if step < warm_up {
            return config.lr * f64::from(step + 1) / f64::from(warm_up + 1);
        }
        let start = self.progress.peak.max(warm_up);
        cosine(config.lr, 0.0, step - start, self.course.steps - start)
    }

    fn observe(&mut self, ids: &[SampleId], outputs: &Outputs, plan: &Plan) {
        let Some(policy) = &mut self.policy else { return };
        let mut told = predictions(ids, outputs, Level::Weight, self.progress.epoch);
        told.iter_mut().for_each(|prediction| prediction.level = plan.level(prediction.id));
        policy.observe(&told);
    }

    /// What it found, once it is over; held-out images are passed now.
    pub(crate) fn scores(&mut self, ground: &Ground) -> Result<Scores, Error> {
        let losses = &self.progress.losses;
        let last = &losses[losses.len() - losses.len().div_ceil(4)..];
        let training_loss = last.iter().sum::<f64>() / last.len() as f64;
        let training_loss = Some(training_loss).filter(|loss| loss.is_finite());
        if ground.held_out.is_empty() || training_loss.is_none() {
            return Ok(Scores { training_loss, ..Scores::default() });
        }
        let (mut loss, mut correct) = (0.0, 0);
        let parts = ground.held_out.len().div_ceil(TOGETHER);
        for ids in ground.held_out.chunks(ground.held_out.len().div_ceil(parts)) {
            let started = Instant::now();
            let batch = ground.source.batch(ids, 0, false)?;
            let (images, labels) = (&batch.images[..], &batch.labels[..]);
            let inputs = Inputs { images, labels, loss_weights: None, mixing: &[] };
            let pass = self.network.pass(&self.weights, inputs, Mode::Train, Wants::default())?;
            loss += mean_loss(&pass.outputs) * ids.len() as f64;
            correct += pass.outputs.correct();
            self.spend(ids.len(), 1, started);
        }
        let count = ground.held_out.len() as f64;
        Ok(Scores {
            training_loss,
            held_out_loss: Some(loss / count),
            held_out_accuracy: Some(correct as f64 / count),
        })
    }

    /// Adds its state to a snapshot's tensors; returns the rest.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) -> Value {
        let layout = self.network.layout();
        put_parameters(snapshot, "weights", layout, &self.weights);
        put_parameters(snapshot, "momentum", layout, &self.sgd.velocity);
        json!({ "progress": self.progress, "policy": self.policy.as_ref().map(|of| of.state()) })
    }

    /// Takes up the state that one of the same network, ground and course saved.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot, state: &Value) -> Result<(), Error> {
        let layout = self.network.layout();
        self.weights = parameters(snapshot, "weights", layout)?;
        self.sgd.velocity = parameters(snapshot, "momentum", layout)?;
        let progress = state.get("progress").cloned().unwrap_or_default();
        let progress: Progress = serde_json::from_value(progress).map_err(misfit)?;
        if progress.losses.len() > self.course.steps as usize || progress.peak > self.course.steps {
            return Err(misfit(format!("{} steps", progress.losses.len())));
        }
        if let Some(policy) = &mut self.policy {
            policy.restore(state.get("policy").unwrap_or(&Value::Null))?;
        }
        (self.progress, self.ahead) = (progress, None);
        Ok(())
    }
}

fn mean_loss(outputs: &Outputs) -> f64 {
    let losses = outputs.samples.iter().map(|sample| sample.loss);
    losses.sum::<f64>() / outputs.samples.len() as f64
}

/// A state that is no trial's.
pub(crate) fn misfit(found: impl ToString) -> Error {
    Error::Snapshot(Misfit {
        what: "a trial's progress".to_owned(),
        found: found.to_string(),
        expected: "a position that the trial has".to_owned(),
    })
}

/// The images of a policy for trials: those that it chooses once, or whom to ask.
pub(crate) fn images(policy: &str, context: Context) -> Result<Images, Error> {
    if tamis_select::requirements(policy)?.needs_search {
        // Trees and what else does not fit are found out before anything runs.
        drop(tamis_select::build(policy, &context)?);
        return Ok(Images::Followed { policy: policy.to_owned(), context: Box::new(context) });
    }
    Ok(Images::Fixed(tamis_select::build(policy, &context)?.plan(0)?))
}

/// The images that are held out, and the pool without them.
pub(crate) fn without_held_out(
    pool: tamis_select::Pool,
    count: usize,
    seed: u64,
) -> Result<(Arc<tamis_select::Pool>, Vec<SampleId>), Error> {
    if count == 0 {
        return Ok((Arc::new(pool), Vec::new()));
    }
    let share = count as f64 / pool.len() as f64;
    let parted = tamis_select::hold_out(&pool, share, seed)?;
    Ok((Arc::new(pool.part(&parted.train)?), parted.validation))
}
