//! One training: settings in, a run folder out.
//!
//! [`TrainingJob::create`] opens the data, makes scores that the policy needs, chooses the images and holds
//! some out; [`TrainingJob::run`] trains, validates at the end of each epoch, saves, and judges the network
//! on the test split once all epochs are over. Stopped or cut off, [`TrainingJob::resume`] goes on to the
//! same bytes.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tamis_core::SampleId;
use tamis_data::{BatchSource, Dataset, Loaded, TrainingAugmentation};
use tamis_nn::Device;
use tamis_record::DatasetSummary;
use tamis_record::Layers;
use tamis_run::RunFolder;
use tamis_search::OneOffCost;
use tamis_select::{Pool, hold_out};
use tamis_training::{NetworkTraining, Training, TrainingEvent, TrainingRecord, TrainingSet};
use toml::Table;

use super::config::TrainingConfig;
use super::evaluate::TOGETHER;
use super::file::{NETWORK_FILE, TrainedNetwork, network_file};
use super::judgement::Judgement;
use super::network::DescribedNetwork;
use super::outcome::{TrainedOn, TrainingOutcome};
use super::recipe::TrainingRecipe;
use crate::choosing::{PoolSource, choose};
use crate::error::Error;
use crate::folder::PeakMemory;
use crate::folder::Sitting;
use crate::folder::{Beginning, RunRecord, TrainingSpent};
use crate::scoring::{Missing, Observer, ScoringEvent, open_observed};

const RESULT: &str = "result.json";
const METRICS: &str = "metrics.jsonl";
const CHOSEN: &str = "selection/chosen.jsonl";

/// A training and its folder.
pub struct TrainingJob {
    config: TrainingConfig,
    ground: Ground,
    chosen: Chosen,
    training: NetworkTraining,
    history: Vec<Epoch>,
    sitting: Sitting,
    peak: PeakMemory,
}

/// How a training ended.
#[derive(Debug)]
pub enum TrainingEnding {
    /// All epochs are over; this is in `result.json`.
    Finished(Box<TrainingOutcome>),
    /// Stopped on request after this many epochs and steps of the next.
    Stopped(u32, u32),
}

/// What a training is made on: nothing of it depends on scores or embeddings.
struct Ground {
    name: String,
    fingerprint: String,
    notes: Vec<String>,
    warnings: Vec<String>,
    train: Arc<Dataset>,
    test: Option<Arc<Dataset>>,
    device: Device,
    network: DescribedNetwork,
    teacher: Option<TrainedNetwork>,
}

/// The images that are trained on, and those that are held out.
struct Chosen {
    members: Vec<SampleId>,
    held_out: Vec<SampleId>,
    cost: OneOffCost,
    notes: Vec<String>,
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Epoch {
    epoch: u32,
    steps: u32,
    lr: f64,
    loss: f64,
    accuracy: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_accuracy: Option<f64>,
    wall_s: f64,
}

impl Epoch {
    /// What a record says of a classifier.
    fn of(record: &TrainingRecord) -> Epoch {
        let &TrainingRecord {
            epoch, steps, lr, loss, accuracy, validation_accuracy, wall_s, ..
        } = record;
        Epoch { epoch, steps, lr, loss, accuracy, validation_accuracy, wall_s }
    }
}

/// Whether a folder is that of a training.
pub fn is_training(path: &Path) -> bool {
    let text = std::fs::read_to_string(path.join("config.toml")).unwrap_or_default();
    text.parse::<Table>().is_ok_and(|table| table.contains_key("network"))
}

impl Ground {
    fn of(config: &TrainingConfig, observer: &mut dyn Observer) -> Result<Ground, Error> {
        config.check()?;
        let device = config.device.parse()?;
        let Loaded { name, train, test, fingerprint, notes, mut warnings } =
            open_observed(&config.data, observer)?;
        tamis_data::refuse_one_class(&config.data, &train)?;
        let auxiliary = config.train.auxiliary_weight > 0.0;
        let network = config.network.describe(train.shape(), train.classes().len(), auxiliary)?;
        config.augmentation.check(train.shape())?;
        let teacher = config.distillation.teacher.as_deref();
        let teacher = teacher.map(TrainedNetwork::read).transpose()?;
        if let Some(teacher) = &teacher {
            teacher.refuse_other("learning from a teacher", &train)?;
        }
        warnings.extend(network.warnings.iter().cloned());
        let (train, test) = (Arc::new(train), test.map(Arc::new));
        Ok(Ground { name, fingerprint, notes, warnings, train, test, device, network, teacher })
    }
}

impl Chosen {
    /// Makes scores or embeddings that are missing, first. `None` if stopped.
    fn of(
        config: &mut TrainingConfig,
        ground: &Ground,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<Chosen>, Error> {
        let train = &ground.train;
        let mut selection = config.selection();
        let choice = loop {
            match choose(&selection, PoolSource::Open(train), None) {
                Ok(choice) => break choice,
                Err(error) => {
                    let missing = Missing::of(&error).ok_or(error)?;
                    if !missing.provide(&mut selection, train, path, observer)? {
                        return Ok(None);
                    }
                }
            }
        };
        config.policy = selection.search.policy;
        let (mut members, mut held_out) = (choice.ids, Vec::new());
        if config.train.validation > 0.0 {
            let pool = Pool::new(train.labels().to_vec(), train.classes().len())?;
            held_out = hold_out(&pool, config.train.validation, config.seed)?.validation;
            members.retain(|id| held_out.binary_search(id).is_err());
        }
        if members.len() < 2 {
            let found = members.len();
            return Err(Error::TooFewImages { found, policy: config.policy.name.clone() });
        }
        Ok(Some(Chosen { members, held_out, cost: choice.cost, notes: choice.notes }))
    }
}

impl TrainingJob {
    /// A new training in a new or empty folder. `None` if `observer` stopped the making of scores or
    /// embeddings; [`TrainingJob::resume`] goes on.
    ///
    /// # Errors
    ///
    /// Whatever does not fit together, before anything is written; a folder that cannot be used.
    pub fn create(
        mut config: TrainingConfig,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Option<TrainingJob>, Error> {
        // A run folder may be named for its network; what is written down is the file.
        config.distillation.teacher = config.distillation.teacher.as_deref().map(network_file);
        let ground = Ground::of(&config, observer)?;
        let choice = choose(&config.selection(), PoolSource::Open(&ground.train), None);
        Missing::alone(choice)?.ok();
        ground.tell(observer);
        let sitting = Sitting::new(RunFolder::create(path, config.to_toml()?.as_bytes())?);
        sitting.folder().log(&json!({ "event": "created" }))?;
        let Some(chosen) = Chosen::of(&mut config, &ground, path, observer)? else {
            return Ok(None);
        };
        let job = TrainingJob::begun(config, ground, chosen, sitting, observer)?;
        Ok(Some(job))
    }

    /// A training that goes on from its newest whole checkpoint, or from its beginning if it never had one.
    /// `None` if `observer` stopped the making of scores or embeddings.
    ///
    /// # Errors
    ///
    /// [`Error::DataChanged`], [`Error::DataReordered`], [`Error::FileChanged`] or
    /// [`Error::SettingChanged`] if something is not what it was, [`Error::Run`] if no checkpoint is whole
    /// or the folder cannot be used.
    pub fn resume(path: &Path, observer: &mut dyn Observer) -> Result<Option<TrainingJob>, Error> {
        let sitting = Sitting::new(RunFolder::open(path)?);
        let layers = Layers::default().file(&path.join("config.toml"))?;
        let mut config = TrainingConfig::resolve(&layers)?;
        let record = RunRecord::read(sitting.folder())?;
        if let Some(record) = &record {
            record.check_settings(config.to_table()?)?;
            record.check_files(&config.files()?)?;
        }
        let ground = Ground::of(&config, observer)?;
        if let Some(record) = &record {
            record.check_data(&ground.fingerprint, &ground.train)?;
        }
        let Some(chosen) = Chosen::of(&mut config, &ground, path, observer)? else {
            return Ok(None);
        };
        let Some(record) = record else {
            return TrainingJob::begun(config, ground, chosen, sitting, observer).map(Some);
        };
        record.check_files(&config.files()?)?;
        let mut job = TrainingJob::before_first_step(config, ground, chosen, sitting)?;
        if let Some(earlier) = job.sitting.earlier()? {
            earlier.notes.into_iter().for_each(|note| observer.observe(&ScoringEvent::Note(note)));
            job.peak = PeakMemory::of_checkpoint(&earlier.snapshot.state);
            let history = earlier.snapshot.state.get("history").cloned().unwrap_or_default();
            job.history = serde_json::from_value(history).unwrap_or_default();
            job.training.restore(&earlier.snapshot)?;
        }
        job.sitting.folder().log(&json!({ "event": "resumed" }))?;
        Ok(Some(job))
    }

    /// Writes down what begins.
    fn begun(
        config: TrainingConfig,
        ground: Ground,
        chosen: Chosen,
        sitting: Sitting,
        observer: &mut dyn Observer,
    ) -> Result<TrainingJob, Error> {
        for note in &chosen.notes {
            observer.observe(&ScoringEvent::Note(note.clone()));
        }
        let folder = sitting.folder();
        Beginning {
            table: config.to_table()?,
            seed: config.seed,
            files: config.files()?,
            data: &ground.name,
            fingerprint: &ground.fingerprint,
            train: &ground.train,
            device: ground.device,
            notes: &ground.notes,
            warnings: &ground.warnings,
        }
        .write(folder)?;
        let ids = |ids: &[SampleId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
        let chosen_line = json!({
            "policy": config.policy.name, "train": ids(&chosen.members), "held_out": ids(&chosen.held_out),
        });
        folder.write_lines(CHOSEN, &[chosen_line])?;
        TrainingJob::before_first_step(config, ground, chosen, sitting)
    }

    fn before_first_step(
        config: TrainingConfig,
        ground: Ground,
        chosen: Chosen,
        sitting: Sitting,
    ) -> Result<TrainingJob, Error> {
        let set = TrainingSet {
            train: ground.train.clone(),
            members: chosen.members.clone(),
            augmentation: config.augmentation,
        };
        let graph = ground.network.graph.clone();
        let mut training =
            NetworkTraining::new(&config.train, graph, set, config.seed, ground.device)?;
        if let Some(teacher) = &ground.teacher {
            let teacher = teacher.teacher(ground.device)?;
            training = training.with_teacher(teacher, &config.distillation)?;
        }
        let (history, peak) = (Vec::new(), PeakMemory::NONE);
        Ok(TrainingJob { config, ground, chosen, training, history, sitting, peak })
    }

    /// The run folder.
    pub fn path(&self) -> &Path {
        self.sitting.folder().path()
    }

    /// Trains until the end or until `observer` says to stop. A training that is at its end already keeps
    /// the result that it has.
    ///
    /// # Errors
    ///
    /// A training that fails, or a file that cannot be written.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<TrainingEnding, Error> {
        let progress = self.training.progress();
        observer.observe(&ScoringEvent::Training {
            what: "network",
            steps_done: progress.steps_done(),
            steps: u64::from(progress.epochs) * u64::from(progress.steps),
            epochs: progress.epochs,
        });
        loop {
            if observer.stop() {
                return self.stopped();
            }
            let mut event = self.training.advance().map_err(|error| self.kept(error))?;
            match &mut event {
                TrainingEvent::EpochEnded(record) => {
                    record.validation_accuracy = self.validate()?;
                    self.history.push(Epoch::of(record));
                    self.sitting.folder().write_lines(METRICS, &self.history)?;
                    self.save()?;
                }
                TrainingEvent::Stepped { .. } if self.sitting.is_due() => self.save()?,
                TrainingEvent::Stepped { .. } => {}
                TrainingEvent::Finished => return self.finished(observer),
            }
            observer.observe(&ScoringEvent::Trained(event));
        }
    }

    /// A training whose next images cannot be read is where it was before the step: that is saved.
    fn kept(&mut self, error: tamis_training::Error) -> Error {
        if matches!(error, tamis_training::Error::Data(_)) {
            // The first error is the one to report; the checkpoint before it is there.
            let _ = self.save();
        }
        error.into()
    }

    /// Share of right answers on the images that were held out.
    fn validate(&self) -> Result<Option<f64>, Error> {
        if self.chosen.held_out.is_empty() {
            return Ok(None);
        }
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for ids in self.chosen.held_out.chunks(TOGETHER) {
            let batch = self.training.plain(ids)?;
            logits.extend(self.training.logits(&batch)?);
            labels.extend(batch.labels);
        }
        let judged = Judgement::of(&logits, &labels, self.ground.train.classes())?;
        Ok(Some(judged.accuracy))
    }

    /// The network's answers to the test split, by the normalisation of the training images.
    fn judge(&self, observer: &mut dyn Observer) -> Result<Option<Judgement>, Error> {
        let Some(test) = &self.ground.test else { return Ok(None) };
        let (none, normalization) = (TrainingAugmentation::none(), self.training.normalization());
        let source = BatchSource::for_training(test.clone(), normalization, none, 0)?;
        let ids: Vec<SampleId> = test.ids().collect();
        let mut logits = Vec::with_capacity(ids.len() * test.classes().len());
        for (number, ids) in ids.chunks(TOGETHER).enumerate() {
            logits.extend(self.training.logits(&source.batch(ids, 0, false)?)?);
            let done = number * TOGETHER + ids.len();
            observer.observe(&ScoringEvent::Evaluated(done, test.len()));
        }
        Judgement::of(&logits, test.labels(), test.classes()).map(Some)
    }

    fn save(&mut self) -> Result<(), Error> {
        let progress = self.training.progress();
        let mut snapshot = self.training.snapshot();
        if let Some(state) = snapshot.state.as_object_mut() {
            state.insert("history".to_owned(), json!(self.history));
        }
        self.peak.put(&mut snapshot.state);
        self.sitting.save((progress.epoch, progress.step), &snapshot)
    }

    fn stopped(&mut self) -> Result<TrainingEnding, Error> {
        self.save()?;
        let progress = self.training.progress();
        let (epoch, step) = (progress.epoch, progress.step);
        let event = json!({ "event": "stopped", "epoch": epoch, "step": step });
        self.sitting.folder().log(&event)?;
        Ok(TrainingEnding::Stopped(epoch, step))
    }

    fn finished(&self, observer: &mut dyn Observer) -> Result<TrainingEnding, Error> {
        let folder = self.sitting.folder();
        let path = folder.path().join(RESULT);
        let unreadable = |error: serde_json::Error| {
            let expected =
                "what a training writes; hint: without the file, `tamis resume` writes it again";
            tamis_record::Error::content("the result of the training", &path, expected)(error)
        };
        if path.exists() && folder.path().join(NETWORK_FILE).exists() {
            let outcome = serde_json::from_str(&folder.read(RESULT)?).map_err(unreadable)?;
            return Ok(TrainingEnding::Finished(Box::new(outcome)));
        }
        let trained = self.trained()?;
        let bytes = trained.to_bytes(&folder.path().join(NETWORK_FILE))?;
        folder.write(NETWORK_FILE, &bytes)?;
        let outcome = self.outcome(self.judge(observer)?);
        let text = serde_json::to_string_pretty(&outcome).map_err(unreadable)?;
        folder.write(RESULT, (text + "\n").as_bytes())?;
        let accuracy = outcome.test.as_ref().map(|test| test.accuracy);
        folder.log(&json!({ "event": "finished", "test_accuracy": accuracy }))?;
        Ok(TrainingEnding::Finished(Box::new(outcome)))
    }

    /// What is kept of the network: not its auxiliary classifier.
    fn trained(&self) -> Result<TrainedNetwork, Error> {
        let train = &self.ground.train;
        let network = self.config.network.clone();
        let graph = network.describe(train.shape(), train.classes().len(), false)?.graph;
        let all = self.training.graph().parameters().parameters();
        let mut weights = Vec::with_capacity(graph.parameters().length());
        for parameter in graph.parameters().parameters() {
            if let Some(found) = all.iter().find(|other| other.path == parameter.path) {
                weights.extend_from_slice(&self.training.weights()[found.range()]);
            }
        }
        Ok(TrainedNetwork {
            network,
            image: train.shape(),
            classes: train.classes().to_vec(),
            normalization: self.training.normalization().clone(),
            data: self.ground.name.clone(),
            weights,
            // Those of an auxiliary classifier come after all others.
            statistics: self.training.statistics().clone(),
            graph,
        })
    }

    fn outcome(&self, test: Option<Judgement>) -> TrainingOutcome {
        let Ground { network, name, fingerprint, train, .. } = &self.ground;
        let counts = network.graph.counts();
        let last = self.history.last();
        let progress = self.training.progress();
        let recipes = TrainingRecipe::ALL.into_iter();
        let recipe = recipes.filter(|(_, recipe, _)| *recipe == self.config.recipe);
        let OneOffCost { samples, macs, wall_s } = self.chosen.cost;
        TrainingOutcome {
            format: 1,
            what: "training".to_owned(),
            network: network.name.clone(),
            space: network.space().map(str::to_owned),
            channels: network.channels,
            cells: network.cells,
            params: counts.params,
            macs: counts.macs,
            dataset: DatasetSummary {
                name: name.clone(),
                fingerprint: fingerprint.clone(),
                order: Some(train.order()),
                train: train.len(),
                classes: train.classes().len(),
            },
            trained_on: TrainedOn {
                policy: self.config.policy.name.clone(),
                images: self.chosen.members.len(),
                held_out: self.chosen.held_out.len(),
            },
            recipe: recipe.map(|(name, ..)| name).collect(),
            seed: self.config.seed,
            epochs: progress.epochs,
            training_accuracy: last.and_then(|epoch| epoch.accuracy),
            validation_accuracy: last.and_then(|epoch| epoch.validation_accuracy),
            test,
            cost: TrainingSpent {
                samples: progress.cost.samples,
                macs: progress.cost.macs,
                wall_s: progress.cost.wall_s,
                one_off_samples: samples,
                one_off_macs: macs,
                one_off_wall_s: wall_s,
                peak_rss_bytes: self.peak.bytes(),
            },
        }
    }
}

impl Ground {
    fn tell(&self, observer: &mut dyn Observer) {
        for note in &self.notes {
            observer.observe(&ScoringEvent::Note(note.clone()));
        }
        for warning in &self.warnings {
            observer.observe(&ScoringEvent::Warning(warning.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_of_earlier_versions_which_told_of_triplets_are_read() {
        let earlier = json!({
            "epoch": 2, "steps": 7, "lr": 0.1, "loss": 1.5, "accuracy": 0.5, "triplet_loss": null,
            "wall_s": 0.25
        });
        let read: Epoch = serde_json::from_value(earlier).unwrap();
        assert_eq!((read.epoch, read.accuracy, read.validation_accuracy), (2, Some(0.5), None));
    }
}
