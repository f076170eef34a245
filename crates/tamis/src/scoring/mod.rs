//! Scores and embeddings of all training images: what `tamis score` and `tamis embed` make.
//!
//! [`Scoring::score`] and [`Scoring::embed`] train what they need, keep it in a work folder beside
//! the file, and write the table and its cost. A work folder is named by everything that the
//! training depends on: asked again, or for another score of the same network, it goes on from
//! where it stands, and a finished training is used as it is. Its cost is counted all the same:
//! a file's cost is what it takes to make that file alone.

mod embed;
mod forecast;
mod identity;
mod missing;
mod score;
mod work;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tamis_core::SampleId;
use tamis_data::{DataConfig, Dataset, Loaded, Reading};
use tamis_nn::Device;
use tamis_record::ScoringConfig;
use tamis_search::OneOffCost;
use tamis_tables::{Column, Table, TableFormat};
use tamis_training::{ComponentsEvent, TrainingCost, TrainingEvent};

use crate::choosing::Beside;
use crate::error::Error;

pub use embed::Embedding;
pub use forecast::Forecast;
pub(crate) use missing::{Missing, TABLES, complete};
pub use score::ScoreKind;

/// Samples that are scored or encoded at a time.
const EVALUATED_TOGETHER: usize = 250;

/// What happened while a table was made.
#[derive(Clone, Debug)]
pub enum ScoringEvent {
    /// Something to tell the user.
    Note(String),
    /// Something about the data that may disappoint.
    Warning(String),
    /// A network of several, whose scores are averaged, is next.
    Network {
        /// Which, from 0.
        number: u32,
        /// How many there are.
        networks: u32,
    },
    /// A network's training begins or goes on.
    Training {
        /// What is trained.
        what: &'static str,
        /// Steps that were taken before.
        steps_done: u64,
        /// Steps in all.
        steps: u64,
        /// Epochs in all.
        epochs: u32,
    },
    /// What a training did.
    Trained(TrainingEvent),
    /// What the search for principal components did, which is not saved on the way.
    Components(ComponentsEvent),
    /// So many of all samples are scored or encoded.
    Evaluated(usize, usize),
    /// How far the reading of the images is.
    Reading(Reading),
}

/// Whom a table's making tells what it does, and who may stop it.
pub trait Observer {
    /// Whether to stop.
    fn stop(&self) -> bool;

    /// Takes in what happened.
    fn observe(&mut self, event: &ScoringEvent);
}

/// An observer who does not look, and stops nothing.
pub(crate) struct Unobserved;

impl Observer for Unobserved {
    fn stop(&self) -> bool {
        false
    }

    fn observe(&mut self, _: &ScoringEvent) {}
}

/// Opens data. `observer` is told how far that is, and may stop it.
///
/// # Errors
///
/// As [`tamis_data::open_watched`].
pub(crate) fn open_observed(
    config: &DataConfig,
    observer: &mut dyn Observer,
) -> Result<Loaded, Error> {
    let loaded = tamis_data::open_watched(config, &mut |reading| {
        observer.observe(&ScoringEvent::Reading(reading));
        if observer.stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Ok(loaded?)
}

/// Data and settings to make tables from.
pub struct Scoring {
    config: ScoringConfig,
    train: Arc<Dataset>,
    device: Device,
    notes: Vec<String>,
    warnings: Vec<String>,
}

/// A table's values and what they cost; `None` if it was stopped.
type Made<T> = Result<Option<(T, OneOffCost)>, Error>;

impl Scoring {
    /// Opens the data; `observer` is told how far that is, and may stop it.
    ///
    /// # Errors
    ///
    /// Settings out of range, or data that cannot be used.
    pub fn new(config: ScoringConfig, observer: &mut dyn Observer) -> Result<Scoring, Error> {
        config.check()?;
        let Loaded { train, notes, warnings, .. } = open_observed(&config.data, observer)?;
        Ok(Scoring { notes, warnings, ..Scoring::on(config, Arc::new(train))? })
    }

    /// Of data that is open already, of which everything was told that there is to tell.
    ///
    /// # Errors
    ///
    /// Settings out of range.
    pub fn on(config: ScoringConfig, train: Arc<Dataset>) -> Result<Scoring, Error> {
        config.check()?;
        let device = config.device.parse()?;
        Ok(Scoring { config, train, device, notes: Vec::new(), warnings: Vec::new() })
    }

    /// Scores every training image and writes the scores to `out`, by the form of its ending, and
    /// their cost beside it. False if it was stopped; asked again, it goes on.
    ///
    /// # Errors
    ///
    /// A training that fails, or a file that cannot be written.
    pub fn score(
        &self,
        kind: ScoreKind,
        out: &Path,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        self.begin(out, observer)?;
        observer.observe(&ScoringEvent::Note(self.forecast_scores(kind)?.to_string()));
        let Some((scores, cost)) = score::scores(self, kind, out, observer)? else {
            return Ok(false);
        };
        let columns = self.keys().into_iter().chain([Column::real("score", scores)]);
        self.finish(columns.collect(), &Beside::new(&cost, Some(kind.name()), &self.train), out)
    }

    /// Embeds every training image and writes the embeddings to `out`, as [`Scoring::score`] does.
    ///
    /// # Errors
    ///
    /// As [`Scoring::score`].
    pub fn embed(
        &self,
        embedding: Embedding,
        out: &Path,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        if TableFormat::for_writing(out)? == TableFormat::Text {
            return Err(tamis_tables::TableError::Form {
                path: out.to_owned(),
                found: "the ending .txt".to_owned(),
                expected: ".csv, .parquet or .npy for embeddings",
            }
            .into());
        }
        self.begin(out, observer)?;
        if let Some(forecast) = self.forecast_embeddings(embedding)? {
            observer.observe(&ScoringEvent::Note(forecast.to_string()));
        }
        let Some((values, cost)) = embed::embeddings(self, embedding, out, observer)? else {
            return Ok(false);
        };
        let width = values.len() / self.train.len();
        let axes = (0..width).map(|number| {
            let axis = values.iter().skip(number).step_by(width).copied().collect();
            Column::real(&format!("z_{number}"), axis)
        });
        let columns = self.keys().into_iter().chain(axes);
        self.finish(columns.collect(), &Beside::new(&cost, None, &self.train), out)
    }

    /// Refuses a name that cannot be written before anything is trained for it.
    fn begin(&self, out: &Path, observer: &mut dyn Observer) -> Result<(), Error> {
        TableFormat::for_writing(out)?;
        for note in &self.notes {
            observer.observe(&ScoringEvent::Note(note.clone()));
        }
        for warning in &self.warnings {
            observer.observe(&ScoringEvent::Warning(warning.clone()));
        }
        Ok(())
    }

    /// The columns that say which sample a row is of.
    fn keys(&self) -> [Column; 2] {
        let ids = 0..self.train.len() as u32;
        let labels = self.train.labels().iter().copied();
        [Column::whole("sample_id", ids), Column::whole("label", labels)]
    }

    fn finish(&self, columns: Vec<Column>, beside: &Beside, out: &Path) -> Result<bool, Error> {
        Table::new(columns).write(out)?;
        beside.write(out)?;
        Ok(true)
    }

    /// Runs `evaluate` on all samples in the order of their ids; `None` if stopped.
    fn all<T>(
        &self,
        observer: &mut dyn Observer,
        forward_macs: u64,
        mut evaluate: impl FnMut(&[SampleId]) -> Result<Vec<T>, tamis_training::Error>,
    ) -> Made<Vec<T>> {
        let started = Instant::now();
        let ids: Vec<SampleId> = self.train.ids().collect();
        let mut found = Vec::with_capacity(ids.len());
        let mut done = 0;
        for ids in ids.chunks(EVALUATED_TOGETHER) {
            if observer.stop() {
                return Ok(None);
            }
            found.extend(evaluate(ids)?);
            done += ids.len();
            observer.observe(&ScoringEvent::Evaluated(done, self.train.len()));
        }
        let samples = ids.len() as u64;
        let wall_s = started.elapsed().as_secs_f64();
        Ok(Some((found, known_cost(samples, samples * forward_macs, wall_s))))
    }
}

fn known_cost(samples: u64, macs: u64, wall_s: f64) -> OneOffCost {
    OneOffCost { samples: Some(samples), macs: Some(macs), wall_s: Some(wall_s) }
}

fn training_cost(cost: TrainingCost) -> OneOffCost {
    known_cost(cost.samples, cost.macs, cost.wall_s)
}
