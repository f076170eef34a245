//! A race as a state machine: rung by rung, candidate by candidate, step by step.

mod state;

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose};
use tamis_data::{Augmentation, BatchSource, Dataset, Normalization};
use tamis_graph::Graph;
use tamis_nn::Device;
use tamis_search::OneOffCost;
use tamis_select::{Context, Embeddings, Pool, ScoreTable, Settings, SplitRule};
use tamis_space::darts::Stem;
use tamis_space::{Architecture, NetworkShape};

use crate::config::RaceConfig;
use crate::error::Error;
use crate::rungs::{Rung, rungs};
use crate::score::Scores;
use crate::trial::{Course, Spent, Terms, Trial, images, without_held_out};

/// What a race runs on.
pub struct RaceData {
    /// The training split; the test split is never needed.
    pub train: Arc<Dataset>,
    /// What is done to its images at random.
    pub augmentation: Augmentation,
    /// What chooses them.
    pub policy: String,
    /// The settings of policies.
    pub settings: Settings,
    /// How a policy parts images into levels, both of which train here.
    pub split: SplitRule,
    /// Scores for policies that need them.
    pub scores: Option<Arc<ScoreTable>>,
    /// Embeddings for policies that need them.
    pub embeddings: Option<Arc<Embeddings>>,
    /// What scores and embeddings cost.
    pub one_off: OneOffCost,
}

/// An architecture that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The architecture.
    pub architecture: Architecture,
    /// Parameters of its network at the race's size.
    pub params: u64,
    /// Multiply-adds of a forward pass of an image through it.
    pub macs: u64,
}

/// What the trial of a candidate in a rung found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The rung, from 0.
    pub rung: usize,
    /// The candidate, by its place among all, from 0.
    pub candidate: usize,
    /// Its architecture.
    pub genotype: String,
    /// Steps taken: all of the rung's, or as many as gave finite losses and the one that did not.
    pub steps: u32,
    /// What it is judged by.
    #[serde(flatten)]
    pub scores: Scores,
    /// Passes of one sample.
    pub samples: u64,
    /// Nominal multiply-adds.
    pub macs: u64,
    /// Seconds.
    pub wall_s: f64,
}

/// What a race has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RaceCost {
    /// Passes of one sample; a forward pass of a held-out one counts, too.
    pub samples: u64,
    /// Nominal multiply-adds: forward x 3 for forward and backward.
    pub macs: u64,
    /// Seconds spent in choosing images and in trials, over all sittings.
    pub wall_s: f64,
    /// What was spent before: scores, embeddings, trees.
    pub one_off: OneOffCost,
}

/// What [`Race::advance`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum RaceEvent {
    /// A candidate took a step.
    Stepped {
        /// The rung, from 0.
        rung: usize,
        /// Which of those that run in it, from 0.
        place: usize,
        /// Step, from 0.
        step: u32,
        /// Mean loss of an image.
        loss: f64,
    },
    /// A candidate's trial is over.
    TrialEnded(Box<TrialRecord>),
    /// All candidates of a rung have run; these go on, the best first.
    RungEnded {
        /// The rung, from 0.
        rung: usize,
        /// By their places among all candidates.
        kept: Vec<usize>,
    },
    /// One is left.
    Finished,
}

/// A running race.
pub struct Race {
    seed: u64,
    candidates: Vec<Candidate>,
    size: NetworkSize,
    rungs: Vec<Rung>,
    terms: Terms,
    /// Epochs that the trials of the current rung take, once that is known, if anybody asks.
    epochs: Option<Option<u32>>,
    /// What chooses the images.
    policy: String,
    trial: Option<Trial>,
    progress: Progress,
    cost: RaceCost,
}

/// Where a race stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    rung: usize,
    /// Candidates of this rung, in their own order.
    standing: Vec<usize>,
    /// Of these, how many have run.
    place: usize,
    /// All trials that are over.
    records: Vec<TrialRecord>,
    /// After the last rung, the winner.
    winner: Option<usize>,
    /// What there is to tell of the race, each sentence once.
    notes: Vec<String>,
}

/// How large the networks of a race are.
#[derive(Clone, Copy, Debug)]
struct NetworkSize {
    channels: Option<usize>,
    cells: Option<usize>,
    image: [usize; 3],
    classes: usize,
}

/// Refuses candidates and settings of which no race can be, without the tables that a policy may need.
///
/// # Errors
///
/// As [`Race::new`].
pub fn check(
    config: &RaceConfig,
    architectures: Vec<Architecture>,
    train: &Dataset,
) -> Result<(), Error> {
    config.check()?;
    NetworkSize::of(config, train).candidates(architectures)?;
    let pool = Pool::new(train.labels().to_vec(), train.classes().len())?;
    without_held_out(pool, config.held_out, 0).map(|_| ())
}

impl NetworkSize {
    fn of(config: &RaceConfig, train: &Dataset) -> NetworkSize {
        let shape = train.shape();
        NetworkSize {
            channels: config.channels,
            cells: config.cells,
            image: [shape.channels, shape.height, shape.width],
            classes: train.classes().len(),
        }
    }

    /// Who runs.
    fn candidates(&self, architectures: Vec<Architecture>) -> Result<Vec<Candidate>, Error> {
        if architectures.is_empty() {
            let expected = "at least one architecture";
            let (proposal, space) = ("nothing".to_owned(), "any space".to_owned());
            return Err(Error::NoCandidates { proposal, space, expected });
        }
        let candidate = |architecture: Architecture| {
            let counts = self.network(&architecture)?.counts();
            Ok(Candidate { architecture, params: counts.params, macs: counts.macs })
        };
        architectures.into_iter().map(candidate).collect()
    }

    /// The network of an architecture: of as many channels and cells as the settings say or, where they do
    /// not, a quarter of the channels and all the cells by which its space's authors judge.
    fn network(&self, architecture: &Architecture) -> Result<Graph, Error> {
        let [channels, cells] = architecture.own_size().unwrap_or_else(|| {
            let [channels, cells] = architecture.published_size();
            [channels.div_ceil(4), cells]
        });
        self.refuse_size(architecture)?;
        let shape = NetworkShape {
            channels: self.channels.unwrap_or(channels),
            cells: self.cells.unwrap_or(cells),
            stem: Stem::Cifar,
            auxiliary: false,
            image: self.image,
            classes: self.classes,
        };
        Ok(architecture.network(&shape)?)
    }

    /// Refuses a size for a network that says its own.
    fn refuse_size(&self, architecture: &Architecture) -> Result<(), Error> {
        let settings = [("race.channels", self.channels), ("race.cells", self.cells)];
        let set = settings.into_iter().find_map(|(key, of)| Some((key, of?)));
        match (set, architecture.own_size()) {
            (Some((key, found)), Some(_)) => {
                let expected =
                    "none: networks of mobilenet and tas have the size that their texts say";
                Err(tamis_training::Error::Setting { key, found: found.to_string(), expected }
                    .into())
            }
            _ => Ok(()),
        }
    }
}

impl Race {
    /// A race of these architectures before its first step.
    ///
    /// # Errors
    ///
    /// Settings out of range, no candidates, a network that cannot be built, a policy that cannot choose.
    pub fn new(
        config: &RaceConfig,
        architectures: Vec<Architecture>,
        data: RaceData,
        seed: u64,
        device: Device,
    ) -> Result<Race, Error> {
        config.check()?;
        let size = NetworkSize::of(config, &data.train);
        let candidates = size.candidates(architectures)?;
        let policy = data.policy.clone();
        let (terms, one_off) = terms(config, data, seed, device)?;
        let standing = (0..candidates.len()).collect();
        Ok(Race {
            seed,
            rungs: rungs(config, candidates.len()),
            candidates,
            size,
            terms,
            epochs: None,
            policy,
            trial: None,
            progress: Progress { standing, ..Progress::default() },
            cost: RaceCost { one_off, ..RaceCost::default() },
        })
    }

    /// Does the next thing there is to do.
    ///
    /// # Errors
    ///
    /// A policy that cannot choose, images that cannot be read, or a rung in which no loss is finite.
    pub fn advance(&mut self) -> Result<RaceEvent, Error> {
        let Progress { rung, place, .. } = self.progress;
        if self.progress.winner.is_some() {
            return Ok(RaceEvent::Finished);
        }
        if place == self.progress.standing.len() {
            return self.end_rung();
        }
        let mut trial = match self.trial.take() {
            Some(trial) => trial,
            None => self.new_trial()?,
        };
        if trial.is_over() {
            return self.end_trial(trial);
        }
        let step = trial.taken();
        let stepped = trial.step(&self.terms);
        self.trial = Some(trial);
        Ok(RaceEvent::Stepped { rung, place, step, loss: stepped? })
    }

    /// The trial of the candidate that is next.
    fn new_trial(&mut self) -> Result<Trial, Error> {
        let started = Instant::now();
        let Progress { rung, place, .. } = self.progress;
        // All candidates of a rung begin alike and see the same images; another rung is another draw.
        let key = Key::new(self.seed, Purpose::Race).epoch(1 + rung as u32);
        let (seed, steps) = (key.stream().next_u64(), self.rungs[rung].steps);
        let mut course = Course { seed, steps, epochs: 1 };
        let epochs = match self.epochs {
            Some(epochs) => epochs,
            None => self.terms.images.epochs(&course, self.terms.config.batch)?,
        };
        self.epochs = Some(epochs);
        course.epochs = epochs.unwrap_or(1);
        if epochs == Some(1) {
            self.note(format!(
                "{} plans once an epoch, and a trial of rung {} does not take more than one: it sees the \
                 plan of the first",
                self.policy,
                rung + 1
            ));
        }
        let candidate = self.progress.standing[place];
        let graph = self.size.network(&self.candidates[candidate].architecture)?;
        let trial = Trial::new(graph, &self.terms, course);
        self.cost.wall_s += started.elapsed().as_secs_f64();
        trial
    }

    fn note(&mut self, note: String) {
        let notes = &mut self.progress.notes;
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn end_trial(&mut self, mut trial: Trial) -> Result<RaceEvent, Error> {
        let scores = match trial.scores(&self.terms) {
            Ok(scores) => scores,
            Err(error) => {
                self.trial = Some(trial);
                return Err(error);
            }
        };
        trial.notes().iter().for_each(|note| self.note(note.clone()));
        let Progress { rung, place, ref standing, .. } = self.progress;
        let candidate = standing[place];
        let Spent { samples, macs, wall_s } = trial.spent();
        self.cost.samples += samples;
        self.cost.macs += macs;
        self.cost.wall_s += wall_s;
        let genotype = self.candidates[candidate].architecture.to_string();
        let steps = trial.taken();
        let record =
            TrialRecord { rung, candidate, genotype, steps, scores, samples, macs, wall_s };
        self.progress.records.push(record.clone());
        self.progress.place += 1;
        Ok(RaceEvent::TrialEnded(Box::new(record)))
    }

    fn end_rung(&mut self) -> Result<RaceEvent, Error> {
        let rung = self.progress.rung;
        let mut kept = self.ranked(rung);
        let candidates = kept.len();
        let score = self.terms.config.score;
        if self.records_of(rung).all(|record| score.worth(&record.scores).is_nan()) {
            return Err(Error::AllDiverged { candidates, rung: rung + 1 });
        }
        kept.truncate(self.rungs[rung].leave);
        self.progress.rung += 1;
        if self.progress.rung == self.rungs.len() {
            self.progress.winner = kept.first().copied();
        }
        // The order of a rung is that of the candidates, whoever was better before.
        self.progress.standing = kept.clone();
        self.progress.standing.sort_unstable();
        (self.progress.place, self.epochs) = (0, None);
        Ok(RaceEvent::RungEnded { rung, kept })
    }

    /// The candidates that have run in a rung, the best first; of equals the one that was proposed first.
    pub fn ranked(&self, rung: usize) -> Vec<usize> {
        let score = self.terms.config.score;
        let mut records: Vec<&TrialRecord> = self.records_of(rung).collect();
        records.sort_by(|one, other| {
            let order = score.order(&one.scores, &other.scores);
            order.then(one.candidate.cmp(&other.candidate))
        });
        records.into_iter().map(|record| record.candidate).collect()
    }

    /// The trials of a rung that are over, in the order of the candidates.
    pub fn records_of(&self, rung: usize) -> impl Iterator<Item = &TrialRecord> {
        self.progress.records.iter().filter(move |record| record.rung == rung)
    }

    /// All trials that are over.
    pub fn records(&self) -> &[TrialRecord] {
        &self.progress.records
    }

    /// Who runs, in the order of the proposal.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// `[steps, candidates that enter, candidates that it leaves]` of each rung.
    pub fn ladder(&self) -> Vec<[usize; 3]> {
        let of = |rung: &Rung| [rung.steps as usize, rung.enter, rung.leave];
        self.rungs.iter().map(of).collect()
    }

    /// Who is left, once the race is over.
    pub fn winner(&self) -> Option<&Candidate> {
        Some(&self.candidates[self.progress.winner?])
    }

    /// Steps taken in all trials, and steps that all take.
    pub fn steps(&self) -> (u64, u64) {
        let taken = |trial: &Trial| u64::from(trial.taken());
        let over = self.progress.records.iter().map(|record| {
            // One that ended early does not hold the others up.
            u64::from(self.rungs[record.rung].steps)
        });
        let done = over.sum::<u64>() + self.trial.as_ref().map_or(0, taken);
        let all = self.rungs.iter().map(|rung| u64::from(rung.steps) * rung.enter as u64);
        (done, all.sum())
    }

    /// Rungs, and trials of the current one, that are over.
    pub fn position(&self) -> (u32, u32) {
        (self.progress.rung as u32, self.progress.place as u32)
    }

    /// What was spent so far, the running trial included.
    pub fn cost(&self) -> RaceCost {
        let Spent { samples, macs, wall_s } =
            self.trial.as_ref().map(Trial::spent).unwrap_or_default();
        RaceCost {
            samples: self.cost.samples + samples,
            macs: self.cost.macs + macs,
            wall_s: self.cost.wall_s + wall_s,
            ..self.cost
        }
    }

    /// What there is to tell of the race: things to know before trusting it.
    pub fn notes(&self) -> &[String] {
        &self.progress.notes
    }

    /// Images that are held out of the training.
    pub fn held_out(&self) -> usize {
        self.terms.held_out.len()
    }
}

/// What all trials have in common, and what was spent on it before the first.
fn terms(
    config: &RaceConfig,
    data: RaceData,
    seed: u64,
    device: Device,
) -> Result<(Terms, OneOffCost), Error> {
    let train = &data.train;
    let pool = Pool::new(train.labels().to_vec(), train.classes().len())?;
    let (pool, held_out) = without_held_out(pool, config.held_out, seed)?;
    let context = Context {
        scores: data.scores,
        embeddings: data.embeddings,
        settings: data.settings,
        split: data.split,
        ..Context::new(pool, seed, 1)
    };
    let started = Instant::now();
    let images = images(&data.policy, context)?;
    let one_off = data.one_off.plus_seconds(started.elapsed().as_secs_f64());
    let normalization = Normalization::of(train)?;
    let source = BatchSource::new(train.clone(), &normalization, data.augmentation, seed)?;
    Ok((Terms { config: config.clone(), source, images, held_out, device }, one_off))
}
