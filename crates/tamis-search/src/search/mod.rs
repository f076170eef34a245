//! The loop: plan an epoch, take its steps, record it; epoch after epoch.
//!
//! [`Search::advance`] does the next small thing and says what it was. Between two calls the whole
//! state is in [`Search::snapshot`]; a search that is restored from it goes on as if it had never
//! stopped, at any step.

mod full_data;
mod record;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tamis_core::{Level, Misfit, SampleId};
use tamis_data::{Augmentation, Batch, BatchSource, Dataset, Normalization, Prefetch, prefetch};
use tamis_nn::{Device, Outputs};
use tamis_select::{
    Context, Embeddings, LearningRateEvent, Plan, Policy, Pool, Report, ScoreTable,
};
use tamis_space::Architecture;
use tamis_training::{PASSES_PER_STEP, cosine, predictions, steps_of_pass};

use crate::bilevel::{Bilevel, Passes, Rates};
use crate::config::{LearningRateScale, SearchConfig};
use crate::cost::Latencies;
use crate::epoch::{ArchPass, EpochRule, StepSamples, batches, planned_steps};
use crate::error::Error;
use crate::host::{self, ArchRhythm, Host, Rhythm, StepBatches, StepContext, StepOutcome};
use crate::ledger::{Ledger, OneOffCost};
use crate::matrix::Matrix;
use crate::metrics::{EpochRecord, LevelSums};
use crate::space::{SearchSpace, build_space};

/// The rate of the architecture parameters grows by at most this when steps are fewer.
const MAX_RATE_SCALE: f64 = 10.0;

/// What a search runs on.
#[derive(Clone, Debug)]
pub struct SearchData {
    /// The training split; the test split is never needed.
    pub train: Arc<Dataset>,
    /// What is done to its images at random.
    pub augmentation: Augmentation,
    /// Scores for policies that need them.
    pub scores: Option<ScoreTable>,
    /// Embeddings for policies that need them.
    pub embeddings: Option<Arc<Embeddings>>,
    /// What the space's parts take, for a target of latency.
    pub latencies: Option<Latencies>,
    /// What scores and embeddings cost.
    pub one_off: OneOffCost,
}

/// What [`Search::advance`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An epoch was planned; [`Search::plan`] has the samples.
    EpochPlanned {
        /// Epoch, from 0.
        epoch: u32,
        /// Steps that it will take.
        steps: u32,
    },
    /// A step was taken.
    Stepped {
        /// Epoch, from 0.
        epoch: u32,
        /// Step of the epoch, from 0.
        step: u32,
        /// Loss of the weight batch, if there was one.
        weight_loss: Option<f64>,
        /// Loss of the architecture batch, if there was one.
        arch_loss: Option<f64>,
    },
    /// An epoch is over.
    EpochEnded(Box<EpochRecord>),
    /// All epochs are over.
    Finished,
}

/// A running search.
pub struct Search {
    config: SearchConfig,
    source: BatchSource,
    space: Arc<dyn SearchSpace>,
    host: Box<dyn Host>,
    policy: Box<dyn Policy>,
    bilevel: Bilevel,
    start: Vec<Matrix>,
    initial: Architecture,
    progress: Progress,
    ledger: Ledger,
    history: Vec<EpochRecord>,
    /// What the policy told of the last plan; its notes are among those of the run.
    report: Report,
    /// What the policy told of the run, each sentence once.
    notes: Vec<String>,
    /// Batches of the steps ahead; made when first needed.
    ahead: Option<Prefetch<Batches>>,
}

/// The batches of a step: of the weights, of the architecture.
type Batches = (Option<Batch>, Option<Batch>);

/// Where a search stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    epoch: u32,
    /// Steps of this epoch already taken.
    step: u32,
    /// Steps that this epoch takes.
    steps: u32,
    /// The samples of this epoch; absent until it is planned.
    plan: Option<Plan>,
    /// The policy's figures of this epoch.
    #[serde(default)]
    policy: BTreeMap<String, f64>,
    /// How this epoch goes.
    rhythm: Rhythm,
    /// Steps of this epoch that trained the weights.
    weight_steps: u32,
    /// Passes of this epoch.
    passes: Passes,
    /// The epochs of the weights' learning rate schedule: where it last began, and where it ends.
    schedule: [u32; 2],
    /// The architecture pass as it stood before this epoch, from which its batches follow.
    arch_pass: ArchPass,
    weight: LevelSums,
    arch: LevelSums,
    gradient_norm: f64,
    wall_s: f64,
}

impl Search {
    /// A search before its first epoch.
    ///
    /// # Errors
    ///
    /// Settings out of range, unknown names, data or scores that do not fit.
    pub fn new(config: &SearchConfig, data: SearchData, device: Device) -> Result<Search, Error> {
        config.check()?;
        let train = &data.train;
        let space = build_space(&config.space, train.shape(), train.classes().len())?;
        let mut host = host::build_host(config, space.as_ref())?;
        if config.cost.has_target() && !host.follows_gradient() {
            let expected = "a host that follows a gradient of the architecture";
            return Err(Error::NoCost { expected });
        }
        let mut bilevel = Bilevel::new(config, space.clone(), data.latencies.as_ref(), device)?;
        host.prepare(&mut bilevel);
        let context = context(config, &data)?;
        // Trees and static choices are made here, once.
        let started = Instant::now();
        let policy = tamis_select::build(&config.policy.name, &context)?;
        let one_off = data.one_off.plus_seconds(started.elapsed().as_secs_f64());
        let normalization = Normalization::of(train)?;
        let source =
            BatchSource::new(data.train.clone(), &normalization, data.augmentation, config.seed)?;
        Ok(Search {
            config: config.clone(),
            source,
            initial: space.derive(&host.preferences(&bilevel)),
            space,
            host,
            policy,
            start: bilevel.alphas(),
            bilevel,
            progress: Progress { schedule: [0, config.train.epochs], ..Progress::default() },
            ledger: Ledger { one_off, ..Ledger::default() },
            history: Vec::new(),
            report: Report::default(),
            notes: Vec::new(),
            ahead: None,
        })
    }

    /// Does the next thing there is to do.
    ///
    /// # Errors
    ///
    /// A policy that cannot choose, or numbers that are not finite any more.
    pub fn advance(&mut self) -> Result<Event, Error> {
        if self.progress.epoch == self.config.train.epochs {
            return Ok(Event::Finished);
        }
        match &self.progress.plan {
            None => self.plan_epoch(),
            Some(_) if self.progress.step < self.progress.steps => self.take_step(),
            Some(_) => Ok(self.end_epoch()),
        }
    }

    fn plan_epoch(&mut self) -> Result<Event, Error> {
        let epoch = self.progress.epoch;
        let started = Instant::now();
        let plan = self.policy.plan(epoch)?;
        let wall_s = started.elapsed().as_secs_f64();
        self.ledger.search_wall_s += wall_s;
        self.progress.wall_s += wall_s;
        self.take_report();
        if plan.learning_rate == Some(LearningRateEvent::JumpToPeak) {
            self.progress.schedule[0] = epoch;
        }
        self.begin_epoch()?;
        let steps = planned_steps(&plan, self.batch(), self.progress.rhythm.arch) as u32;
        (self.progress.plan, self.progress.steps) = (Some(plan), steps);
        self.bilevel.rates = self.rates();
        Ok(Event::EpochPlanned { epoch, steps })
    }

    /// Lets the host begin the epoch.
    fn begin_epoch(&mut self) -> Result<(), Error> {
        let context = self.context();
        self.bilevel.at(context);
        let mut rhythm = self.host.begin_epoch(&mut self.bilevel, context)?;
        if context.epoch < self.config.alpha.first_epoch {
            rhythm.arch = ArchRhythm::Off;
        }
        if let Some(epochs) = rhythm.schedule {
            let end = (context.epoch + epochs).min(context.epochs);
            self.progress.schedule = [context.epoch, end];
        }
        self.progress.rhythm = rhythm;
        Ok(())
    }

    fn context(&self) -> StepContext {
        let Progress { epoch, step, .. } = self.progress;
        StepContext { seed: self.config.seed, epoch, epochs: self.config.train.epochs, step }
    }

    /// Images a batch in this epoch.
    fn batch(&self) -> usize {
        self.progress.rhythm.batch.unwrap_or(self.config.train.batch)
    }

    /// Takes in what the policy has to tell of its plan.
    fn take_report(&mut self) {
        self.report = self.policy.report();
        self.progress.policy = self.report.metrics.clone();
        // What is no number has no form in a saved state.
        self.progress.policy.retain(|_, figure| figure.is_finite());
        for note in &self.report.notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
    }

    fn take_step(&mut self) -> Result<Event, Error> {
        let started = Instant::now();
        let (weight, arch) = self.next_batches()?;
        let context = self.context();
        let StepContext { epoch, step, .. } = context;
        self.bilevel.at(context);
        let loss_weights = weight.as_ref().zip(self.plan());
        let loss_weights = loss_weights.and_then(|(batch, plan)| plan.loss_weights_of(&batch.ids));
        let batches = StepBatches {
            weight: weight.as_ref(),
            loss_weights: loss_weights.as_deref(),
            arch: arch.as_ref(),
        };
        let outcome = self.host.step(&mut self.bilevel, batches, context)?;
        if let Some(batch) = weight.as_ref().filter(|_| !outcome.gradient_norm.is_finite()) {
            let what = "the norm of the weights' gradient";
            return Err(self.bilevel.not_finite(what, outcome.gradient_norm, batch));
        }
        self.observe(&arch, &outcome.arch, Level::Arch);
        self.observe(&weight, &outcome.weight, Level::Weight);
        self.account(&outcome, started.elapsed().as_secs_f64());
        let weight_loss = outcome.weight.map(|outputs| outputs.loss);
        let arch_loss = outcome.arch.map(|outputs| outputs.loss);
        Ok(Event::Stepped { epoch, step, weight_loss, arch_loss })
    }

    /// Tells the policy what was predicted of a batch. In a single-level epoch a sample is of the level that
    /// the policy gave it to.
    fn observe(&mut self, batch: &Option<Batch>, outputs: &Option<Outputs>, level: Level) {
        let (Some(batch), Some(outputs)) = (batch, outputs) else { return };
        let mut told = predictions(&batch.ids, outputs, level, self.progress.epoch);
        if self.progress.rhythm.arch == ArchRhythm::Shared
            && let Some(plan) = &self.progress.plan
        {
            told.iter_mut().for_each(|prediction| prediction.level = plan.level(prediction.id));
        }
        self.policy.observe(&told);
    }

    fn account(&mut self, outcome: &StepOutcome, wall_s: f64) {
        let passes = self.bilevel.take_passes();
        self.ledger.weight_samples += passes.weight_samples;
        self.ledger.arch_samples += passes.arch_samples;
        self.ledger.macs += passes.macs;
        self.ledger.search_wall_s += wall_s;
        self.progress.passes.add(&passes);
        if let Some(weight) = &outcome.weight {
            self.progress.weight.add(weight);
            self.progress.weight_steps += 1;
        }
        if let Some(arch) = &outcome.arch {
            self.progress.arch.add(arch);
        }
        self.progress.gradient_norm += outcome.gradient_norm;
        self.progress.wall_s += wall_s;
        self.progress.step += 1;
    }

    fn end_epoch(&mut self) -> Event {
        let record = self.record();
        let (_, arch_pass) = self.epoch_samples();
        let (samples, macs) = self.full_epoch();
        self.ledger.full_data_samples += samples;
        self.ledger.full_data_macs += macs;
        self.history.push(record.clone());
        let Progress { epoch, schedule, .. } = self.progress;
        self.progress = Progress { epoch: epoch + 1, schedule, arch_pass, ..Progress::default() };
        self.ahead = None;
        Event::EpochEnded(Box::new(record))
    }

    fn rates(&self) -> Rates {
        let SearchConfig { weights, alpha, .. } = &self.config;
        let Progress { epoch, steps, schedule: [start, end], .. } = self.progress;
        let full_steps = steps_of_pass(self.full_weight_samples(), self.batch()) as f64;
        let scale = match alpha.lr_scale {
            LearningRateScale::None => 1.0,
            LearningRateScale::Steps => {
                (full_steps / f64::from(steps.max(1))).clamp(1.0, MAX_RATE_SCALE)
            }
        };
        Rates {
            weights: cosine(
                weights.lr,
                weights.lr_min,
                epoch.saturating_sub(start),
                end.saturating_sub(start),
            ),
            alpha: alpha.lr * scale,
        }
    }

    fn next_batches(&mut self) -> Result<Batches, Error> {
        let mut ahead = self.ahead.take().map_or_else(|| self.prefetch(), Ok)?;
        let Some(batches) = ahead.next().transpose()? else {
            return Err(Error::Snapshot(Misfit {
                what: "the epoch's progress".to_owned(),
                found: format!("step {} of {}", self.progress.step, self.progress.steps),
                expected: "a step that the plan has".to_owned(),
            }));
        };
        // Not after an error: asked again, it tries again.
        self.ahead = Some(ahead);
        Ok(batches)
    }

    /// Starts making the batches of the epoch's steps that are still ahead.
    fn prefetch(&self) -> Result<Prefetch<Batches>, Error> {
        let Progress { epoch, step, .. } = self.progress;
        let (steps, _) = self.epoch_samples();
        let steps = steps.into_iter().skip(step as usize);
        let source = self.source.clone();
        Ok(prefetch(steps, move |samples: StepSamples| {
            let batch = |ids: Vec<SampleId>| source.batch(&ids, epoch, true);
            Ok((samples.weight.map(batch).transpose()?, samples.arch.map(batch).transpose()?))
        })?)
    }

    /// The samples of all steps of the epoch, and where the architecture pass stands after it.
    fn epoch_samples(&self) -> (Vec<StepSamples>, ArchPass) {
        let Progress { epoch, plan, arch_pass, rhythm, .. } = &self.progress;
        let (batch, seed) = (self.batch(), self.config.seed);
        let rule = EpochRule { batch, seed, epoch: *epoch, arch: rhythm.arch };
        let mut arch_pass = arch_pass.clone();
        let steps = plan.as_ref().map_or_else(Vec::new, |plan| batches(plan, rule, &mut arch_pass));
        (steps, arch_pass)
    }

    /// The samples of the current epoch, once it is planned.
    pub fn plan(&self) -> Option<&Plan> {
        self.progress.plan.as_ref()
    }

    /// What the policy told of the plan that this search made last: who came and went, and why.
    /// It is no part of a snapshot; take it after [`Event::EpochPlanned`].
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the policy told of the run so far, for its user to know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Weights, architecture parameters and their optimizers.
    pub fn bilevel(&self) -> &Bilevel {
        &self.bilevel
    }

    /// The same, to take passes of one's own; they count as the search's.
    pub fn bilevel_mut(&mut self) -> &mut Bilevel {
        &mut self.bilevel
    }

    /// The search space.
    pub fn space(&self) -> &dyn SearchSpace {
        self.space.as_ref()
    }

    /// The settings.
    pub fn config(&self) -> &SearchConfig {
        &self.config
    }

    /// What was spent so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Nominal multiply-adds of one sample's forward and backward pass.
    pub fn macs_per_sample(&self) -> u64 {
        PASSES_PER_STEP * self.bilevel.costs().all()
    }

    /// The epochs that are over.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// Epochs and steps of the current epoch done so far.
    pub fn position(&self) -> (u32, u32) {
        (self.progress.epoch, self.progress.step)
    }

    /// The architecture that the current parameters stand for.
    pub fn architecture(&self) -> Architecture {
        self.space.derive(&self.host.preferences(&self.bilevel))
    }

    /// The architecture that the initial parameters stood for: what no search would give.
    pub fn initial_architecture(&self) -> &Architecture {
        &self.initial
    }
}

fn context(config: &SearchConfig, data: &SearchData) -> Result<Context, Error> {
    let labels = data.train.labels().to_vec();
    Ok(Context {
        pool: Arc::new(Pool::new(labels, data.train.classes().len())?),
        seed: config.seed,
        epochs: config.train.epochs,
        split: config.split,
        scores: data.scores.clone().map(Arc::new),
        embeddings: data.embeddings.clone(),
        settings: config.policy.settings(),
        part: 0,
    })
}
