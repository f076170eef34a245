//! What every training has: epochs of shuffled batches, sums over them, and what they cost.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Misfit, Purpose, SampleId, Snapshot};
use tamis_data::{Batch, BatchSource, Prefetch, TrainingBatch, prefetch};

use crate::error::Error;
use crate::passes::{PASSES_PER_STEP, shuffled_batches, steps_of_pass};
use crate::schedule::cosine;

/// What a training has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingCost {
    /// Forward-and-backward passes of one sample.
    pub samples: u64,
    /// Nominal multiply-adds: forward x 3, and a teacher's forward passes.
    pub macs: u64,
    /// Seconds spent in steps, over all sittings.
    pub wall_s: f64,
}

/// Where a training stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Epochs done.
    pub epoch: u32,
    /// Steps of the current epoch done.
    pub step: u32,
    /// Epochs that the training takes.
    pub epochs: u32,
    /// Steps that an epoch takes.
    pub steps: u32,
    /// What was spent so far.
    pub cost: TrainingCost,
}

impl Progress {
    /// Steps done in all epochs.
    pub fn steps_done(&self) -> u64 {
        u64::from(self.epoch) * u64::from(self.steps) + u64::from(self.step)
    }
}

/// One epoch of a training. Every field but `wall_s` is a function of settings, data and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Steps taken.
    pub steps: u32,
    /// Learning rate.
    pub lr: f64,
    /// Mean loss of a sample: cross-entropy in nats, or squared error of a pixel.
    pub loss: f64,
    /// Classifier: share of right answers, in training mode.
    pub accuracy: Option<f64>,
    /// Autoencoder: mean loss of the triplets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triplet_loss: Option<f64>,
    /// Share of right answers on images that were held out, by whoever looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Seconds spent in the epoch's steps.
    pub wall_s: f64,
}

/// How the learning rate falls, by epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// To a tenth at half and at three quarters of the epochs.
    Steps,
    /// Along a cosine.
    Cosine,
    /// Along a line.
    Linear,
}

/// The learning rate of every epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) schedule: Schedule,
    /// At epoch 0, but for a warm-up.
    pub(crate) highest: f64,
    /// Towards which it falls; of steps no matter.
    pub(crate) lowest: f64,
    /// Epochs over which it rises to the highest, along a line.
    pub(crate) warm_up: u32,
}

impl Rates {
    fn at(self, epoch: u32, epochs: u32) -> f64 {
        let Rates { schedule, highest, lowest, warm_up } = self;
        if epoch < warm_up {
            return highest * f64::from(epoch + 1) / f64::from(warm_up + 1);
        }
        let (epoch, epochs) = (epoch - warm_up, epochs.saturating_sub(warm_up).max(1));
        match schedule {
            Schedule::Steps => {
                let passed = [2 * epoch >= epochs, 4 * epoch >= 3 * epochs];
                highest * 0.1_f64.powi(passed.into_iter().filter(|&passed| passed).count() as i32)
            }
            Schedule::Cosine => cosine(highest, lowest, epoch, epochs),
            Schedule::Linear => {
                lowest + (highest - lowest) * (1.0 - f64::from(epoch) / f64::from(epochs))
            }
        }
    }
}

/// What a course is made of.
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) batch: usize,
    /// Epochs of the schedule.
    pub(crate) epochs: u32,
    /// Epochs after which to stop, at most those of the schedule.
    pub(crate) stop: u32,
    pub(crate) rates: Rates,
    /// The samples that are trained on, ascending.
    pub(crate) members: Vec<SampleId>,
    /// Multiply-adds of a forward pass of one sample.
    pub(crate) forward_macs: u64,
}

/// The epochs and batches of a training, and where it stands.
pub(crate) struct Course {
    plan: Plan,
    /// Multiply-adds that a sample costs beside its passes.
    beside_macs: u64,
    source: BatchSource,
    state: State,
    ahead: Option<Prefetch<TrainingBatch>>,
}

/// Where a course stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    epoch: u32,
    step: u32,
    sums: Sums,
    cost: TrainingCost,
}

/// Sums over the steps of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Samples passed.
    pub(crate) samples: u64,
    /// Of the loss, over samples.
    pub(crate) loss: f64,
    /// Right answers.
    pub(crate) correct: Option<u64>,
    /// Of the triplets' loss, over samples.
    pub(crate) triplet_loss: Option<f64>,
    /// Seconds.
    pub(crate) wall_s: f64,
}

/// What is next.
pub(crate) enum Next {
    Batch(TrainingBatch),
    EpochOver(TrainingRecord),
    Finished,
}

impl Course {
    pub(crate) fn new(plan: Plan, source: BatchSource) -> Course {
        Course { plan, beside_macs: 0, source, state: State::default(), ahead: None }
    }

    /// The next batch, or the record of the epoch that is over.
    pub(crate) fn next(&mut self) -> Result<Next, Error> {
        if self.state.epoch == self.plan.stop {
            return Ok(Next::Finished);
        }
        if self.state.step == self.steps() {
            return Ok(Next::EpochOver(self.end_epoch()));
        }
        let mut ahead = self.ahead.take().map_or_else(|| self.prefetch(), Ok)?;
        let Some(batch) = ahead.next().transpose()? else {
            return Err(misfit(format!("step {} of {}", self.state.step, self.steps())));
        };
        // Not after an error: asked again, it tries again.
        self.ahead = Some(ahead);
        Ok(Next::Batch(batch))
    }

    /// Starts making the batches of the epoch's steps that are still ahead.
    fn prefetch(&self) -> Result<Prefetch<TrainingBatch>, Error> {
        let State { epoch, step, .. } = self.state;
        let key = Key::new(self.plan.seed, Purpose::WeightOrder).epoch(epoch);
        let batches = shuffled_batches(&self.plan.members, self.plan.batch, key);
        let steps = (self.steps() - step) as usize;
        let ahead: Vec<(u32, Vec<SampleId>)> =
            (0..).zip(batches).skip(step as usize).take(steps).collect();
        let source = self.source.clone();
        Ok(prefetch(ahead, move |(step, ids)| source.training_batch(&ids, epoch, step))?)
    }

    /// Each sample costs so many multiply-adds beside its passes.
    pub(crate) fn costs_beside(&mut self, macs: u64) {
        self.beside_macs = macs;
    }

    /// Counts a step that was taken.
    pub(crate) fn account(&mut self, step: Sums) {
        let State { sums, cost, .. } = &mut self.state;
        *sums = Sums {
            samples: sums.samples + step.samples,
            loss: sums.loss + step.loss,
            correct: step.correct.map(|more| sums.correct.unwrap_or(0) + more),
            triplet_loss: step.triplet_loss.map(|more| sums.triplet_loss.unwrap_or(0.0) + more),
            wall_s: sums.wall_s + step.wall_s,
        };
        cost.samples += step.samples;
        let of_sample = PASSES_PER_STEP * self.plan.forward_macs + self.beside_macs;
        cost.macs += step.samples * of_sample;
        cost.wall_s += step.wall_s;
        self.state.step += 1;
    }

    fn end_epoch(&mut self) -> TrainingRecord {
        let State { epoch, step, sums, .. } = self.state;
        let samples = sums.samples.max(1) as f64;
        let record = TrainingRecord {
            epoch,
            steps: step,
            lr: self.rate(),
            loss: sums.loss / samples,
            accuracy: sums.correct.map(|correct| correct as f64 / samples),
            triplet_loss: sums.triplet_loss.map(|sum| sum / samples),
            validation_accuracy: None,
            wall_s: sums.wall_s,
        };
        (self.state.epoch, self.state.step, self.state.sums) = (epoch + 1, 0, Sums::default());
        self.ahead = None;
        record
    }

    /// Learning rate of the current epoch.
    pub(crate) fn rate(&self) -> f64 {
        self.plan.rates.at(self.state.epoch, self.plan.epochs)
    }

    pub(crate) fn position(&self) -> (u32, u32) {
        (self.state.epoch, self.state.step)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Where the course stands; the schedule may be that of more epochs.
    pub(crate) fn progress(&self) -> Progress {
        let State { epoch, step, cost, .. } = self.state;
        Progress { epoch, step, epochs: self.plan.stop, steps: self.steps(), cost }
    }

    fn steps(&self) -> u32 {
        steps_of_pass(self.plan.members.len(), self.plan.batch) as u32
    }

    /// Steps taken in all epochs.
    pub(crate) fn steps_taken(&self) -> u64 {
        self.progress().steps_done()
    }

    /// These samples as they are: not augmented.
    pub(crate) fn plain(&self, ids: &[SampleId]) -> Result<Batch, Error> {
        Ok(self.source.batch(ids, 0, false)?)
    }

    /// Where the course stands, as the state of a snapshot.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) {
        snapshot.state = serde_json::json!({ "course": self.state });
    }

    /// Goes where a snapshot stands.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let state = snapshot.state.get("course").cloned().unwrap_or_default();
        let state: State = serde_json::from_value(state).map_err(misfit)?;
        if state.epoch > self.plan.stop || state.step > self.steps() {
            return Err(misfit(format!("epoch {} step {}", state.epoch, state.step)));
        }
        (self.state, self.ahead) = (state, None);
        Ok(())
    }

    /// The error of a loss that is no number.
    pub(crate) fn diverged(
        &self,
        network: &'static str,
        key: &'static str,
        found: f64,
        batch: &Batch,
    ) -> Error {
        let (epoch, step) = self.position();
        let ids: Vec<String> = batch.ids.iter().take(8).map(ToString::to_string).collect();
        Error::Diverged { network, epoch, step, found, samples: ids.join(" "), key }
    }
}

fn misfit(found: impl ToString) -> Error {
    Error::Snapshot(Misfit {
        what: "a training's progress".to_owned(),
        found: found.to_string(),
        expected: "a position that the training has".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: Schedule, warm_up: u32) -> Rates {
        Rates { schedule, highest: 0.1, lowest: 0.0, warm_up }
    }

    #[test]
    fn a_warm_up_rises_to_the_highest_rate_and_the_schedule_takes_the_epochs_after_it() {
        let found = [0, 1, 2, 3, 4, 6].map(|epoch| rates(Schedule::Linear, 3).at(epoch, 7));
        let expected = [0.025, 0.05, 0.075, 0.1, 0.075, 0.025];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let cosine = rates(Schedule::Cosine, 1);
        assert_eq!(cosine.at(1, 3), 0.1);
        assert!((cosine.at(2, 3) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn the_rate_falls_at_half_and_at_three_quarters_of_the_epochs() {
        let tenths = |epochs| {
            let rates = (0..epochs).map(|epoch| rates(Schedule::Steps, 0).at(epoch, epochs));
            rates.map(|rate| (0.1 / rate).log10().round() as i32).collect::<Vec<_>>()
        };
        assert_eq!(tenths(4), [0, 0, 1, 2]);
        assert_eq!(tenths(5), [0, 0, 0, 1, 2]);
        assert_eq!(tenths(1), [0]);
        let paper = tenths(200);
        assert_eq!((paper[99], paper[100], paper[149], paper[150]), (0, 1, 1, 2));
    }
}
