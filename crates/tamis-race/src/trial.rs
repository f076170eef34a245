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
use tamis_select::{Context, LearningRateEvent, Plan, Policy, Pool, hold_out};
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

/// What all trials of a race have in common.
pub(crate) struct Terms {
    pub(crate) config: RaceConfig,
    pub(crate) source: BatchSource,
    /// Which images, for a rung of so many steps.
    pub(crate) images: Images,
    /// In the order in which they are passed; empty if none are held out.
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
    /// What plans a trial's epochs, if that is not always the same.
    fn policy(&self, course: &Course) -> Result<Option<Box<dyn Policy>>, Error> {
        match self {
            Images::Fixed(_) => Ok(None),
            Images::Followed { policy, context } => {
                let Course { seed, epochs, .. } = *course;
                let context = Context { seed, epochs, ..Context::clone(context) };
                Ok(Some(tamis_select::build(policy, &context)?))
            }
        }
    }

    /// Epochs that the steps of a course take, by the images of the first; `None` where none is asked for.
    pub(crate) fn epochs(&self, course: &Course, batch: usize) -> Result<Option<u32>, Error> {
        let Some(mut policy) = self.policy(course)? else { return Ok(None) };
        let (plan, steps) = (policy.plan(0)?, course.steps);
        Ok(Some(steps.div_ceil(steps_of(&plan, batch).max(1))))
    }
}

/// Steps of an epoch.
fn steps_of(plan: &Plan, batch: usize) -> u32 {
    plan.steps.unwrap_or_else(|| steps_of_pass(plan.both().len(), batch) as u32)
}

/// How a trial is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Names the initial weights, the order of the images, what is done to them, and what a policy draws.
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
    /// Mean loss of an image, of each step; absent of one that was no finite number, after which none
    /// follows.
    losses: Vec<Option<f64>>,
    /// What the policy told, each sentence once.
    notes: Vec<String>,
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
    pub(crate) fn new(graph: Graph, terms: &Terms, course: Course) -> Result<Trial, Error> {
        let macs = graph.counts().macs;
        let network = Network::new(graph, Vec::new(), terms.device)?;
        let weights = network.layout().init_by_path(course.seed);
        let RaceConfig { momentum, weight_decay, .. } = terms.config;
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
            policy: terms.images.policy(&course)?,
            course,
            progress: Progress::default(),
            ahead: None,
        })
    }

    /// Steps taken.
    pub(crate) fn taken(&self) -> u32 {
        self.progress.losses.len() as u32
    }

    /// What the policy told.
    pub(crate) fn notes(&self) -> &[String] {
        &self.progress.notes
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Spent {
        self.progress.spent
    }

    /// Whether it has taken all its steps, or its loss is no finite number any more.
    pub(crate) fn is_over(&self) -> bool {
        let diverged = self.progress.losses.last().is_some_and(Option::is_none);
        diverged || self.taken() == self.course.steps
    }

    /// Takes the next step; returns the mean loss of an image.
    pub(crate) fn step(&mut self, terms: &Terms) -> Result<f64, Error> {
        let started = Instant::now();
        let (batch, plan) = self.next_batch(terms)?;
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
        if terms.config.clip_norm > 0.0 {
            clip_global_norm(&mut gradient, terms.config.clip_norm);
        }
        let rate = self.rate(&terms.config);
        self.sgd.step(&mut self.weights, &gradient, rate as f32);
        self.observe(&batch.ids, &pass.outputs, &plan);
        let loss = mean_loss(&pass.outputs);
        self.progress.losses.push(Some(loss).filter(|loss| loss.is_finite()));
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
    fn next_batch(&mut self, terms: &Terms) -> Result<(Batch, Plan), Error> {
        let batch = terms.config.batch;
        let mut empty = 0;
        loop {
            let plan = match self.progress.plan.take() {
                Some(plan) => plan,
                None => self.plan(terms)?,
            };
            if self.progress.step < steps_of(&plan, batch) && !plan.both().is_empty() {
                return match self.prefetched(&plan, terms) {
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

    fn plan(&mut self, terms: &Terms) -> Result<Plan, Error> {
        let plan = match (&mut self.policy, &terms.images) {
            (Some(policy), _) => {
                let plan = policy.plan(self.progress.epoch)?;
                let told = policy.report().notes.into_iter();
                let notes = &mut self.progress.notes;
                told.for_each(|note| {
                    if !notes.contains(&note) {
                        notes.push(note)
                    }
                });
                plan
            }
            (None, Images::Fixed(plan)) => plan.clone(),
            (None, Images::Followed { .. }) => return Err(Error::NoSteps { epochs: 0 }),
        };
        if plan.learning_rate == Some(LearningRateEvent::JumpToPeak) {
            self.progress.peak = self.taken();
        }
        Ok(plan)
    }

    fn prefetched(&mut self, plan: &Plan, terms: &Terms) -> Result<Batch, Error> {
        let mut ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.prefetch(plan, terms)?,
        };
        let Some(batch) = ahead.next().transpose()? else {
            return Err(misfit(format!("step {} of an epoch", self.progress.step)));
        };
        self.ahead = Some(ahead);
        Ok(batch)
    }

    /// Starts making the batches of the epoch's steps that are still ahead.
    fn prefetch(&self, plan: &Plan, terms: &Terms) -> Result<Prefetch<Batch>, Error> {
        let Progress { epoch, step, .. } = self.progress;
        let key = Key::new(self.course.seed, Purpose::WeightOrder).epoch(epoch);
        let left = steps_of(plan, terms.config.batch) - step;
        let left = left.min(self.course.steps - self.taken());
        let samples = plan.both();
        let batches = shuffled_batches(&samples, terms.config.batch, key);
        let batches: Vec<Vec<SampleId>> = batches.skip(step as usize).take(left as usize).collect();
        let source = terms.source.clone().seeded(self.course.seed);
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
    pub(crate) fn scores(&mut self, terms: &Terms) -> Result<Scores, Error> {
        let training_loss = last_quarter(&self.progress.losses);
        if terms.held_out.is_empty() || training_loss.is_none() {
            return Ok(Scores { training_loss, ..Scores::default() });
        }
        let (mut loss, mut correct, started) = (0.0, 0, Instant::now());
        let parts = terms.held_out.len().div_ceil(TOGETHER);
        for ids in terms.held_out.chunks(terms.held_out.len().div_ceil(parts)) {
            let batch = terms.source.batch(ids, 0, false)?;
            let (images, labels) = (&batch.images[..], &batch.labels[..]);
            let inputs = Inputs { images, labels, loss_weights: None, mixing: &[] };
            let pass = self.network.pass(&self.weights, inputs, Mode::Train, Wants::default())?;
            loss += mean_loss(&pass.outputs) * ids.len() as f64;
            correct += pass.outputs.correct();
        }
        // All at once: what could not be read is passed again, and counted once.
        self.spend(terms.held_out.len(), 1, started);
        let count = terms.held_out.len() as f64;
        let held_out_loss = Some(loss / count).filter(|loss| loss.is_finite());
        let held_out_accuracy = held_out_loss.map(|_| correct as f64 / count);
        Ok(Scores { training_loss, held_out_loss, held_out_accuracy })
    }

    /// Adds its state to a snapshot's tensors; returns the rest.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) -> Value {
        let layout = self.network.layout();
        put_parameters(snapshot, "weights", layout, &self.weights);
        put_parameters(snapshot, "momentum", layout, &self.sgd.velocity);
        json!({ "progress": self.progress, "policy": self.policy.as_ref().map(|of| of.state()) })
    }

    /// Takes up the state that one of the same network, terms and course saved.
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

/// The mean of the last quarter of the losses; `None` if one of them was no finite number.
fn last_quarter(losses: &[Option<f64>]) -> Option<f64> {
    let last = &losses[losses.len() - losses.len().div_ceil(4)..];
    let sum: f64 = last.iter().copied().collect::<Option<Vec<f64>>>()?.iter().sum();
    (!last.is_empty()).then(|| sum / last.len() as f64)
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

/// The images that are held out, in an order of chance, and the pool without them.
pub(crate) fn without_held_out(
    pool: Pool,
    count: usize,
    seed: u64,
) -> Result<(Arc<Pool>, Vec<SampleId>), Error> {
    if count == 0 {
        return Ok((Arc::new(pool), Vec::new()));
    }
    let refuse = |found: String| {
        let (key, expected) =
            ("race.held_out", "fewer than there are, so that every class keeps one");
        Error::Training(tamis_training::Error::Setting { key, found, expected })
    };
    let share = count as f64 / pool.len() as f64;
    let parted = hold_out(&pool, share, seed)
        .map_err(|_| refuse(format!("{count} of {} images", pool.len())))?;
    let rest = Arc::new(pool.part(&parted.train)?);
    // Images may lie class by class, and those that are passed together are normalised together.
    let mut held_out = parted.validation;
    Key::new(seed, Purpose::Race).stream().shuffle(&mut held_out);
    Ok((rest, held_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_of_the_last_quarter_of_the_steps_and_of_finite_losses_alone() {
        let losses: Vec<Option<f64>> = (0..9).map(|step| Some(f64::from(step))).collect();
        assert_eq!(last_quarter(&losses), Some(7.0), "three of nine");
        assert_eq!(last_quarter(&losses[..1]), Some(0.0));
        assert_eq!(last_quarter(&[Some(1.0), Some(2.0), None]), None);
        assert_eq!(last_quarter(&[]), None);
    }

    #[test]
    fn what_is_held_out_is_of_all_classes_in_no_order_and_in_no_pool() {
        let labels: Vec<u32> = (0..60).map(|id| id / 20).collect();
        let pool = Pool::new(labels.clone(), 3).unwrap();
        let (rest, held_out) = without_held_out(pool.clone(), 30, 1).unwrap();
        assert_eq!((rest.len(), held_out.len()), (30, 30));
        assert!(held_out.iter().all(|&id| !rest.contains(id)));
        assert!(!held_out.is_sorted(), "{held_out:?}");
        let of_first = held_out[..15].iter().map(|id| labels[id.index()]);
        assert_eq!(of_first.collect::<std::collections::BTreeSet<u32>>().len(), 3);
        let told = without_held_out(pool, 60, 1).unwrap_err().to_string();
        assert!(told.contains("race.held_out = 60 of 60 images"), "{told}");
    }
}
