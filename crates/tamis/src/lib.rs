//! # Tamis: neural architecture search on the images that matter
//!
//! A *tamis* is a drum sieve. Tamis searches neural architectures with differentiable methods
//! (DARTS and its family), chooses the images the search runs on, and counts what that saved and
//! what it cost. This crate is the library behind the `tamis` program; the parts are crates of
//! their own, re-exported here: [`data`], [`select`], [`space`], [`nn`], [`training`], [`search`],
//! [`run`].
//!
//! ## A search in a few lines
//!
//! ```
//! use tamis::{RunConfig, prepare, search::Event};
//!
//! let mut config = RunConfig::default();          // synthetic images, DARTS, NAS-Bench-201
//! config.data.synthetic.train = 200;
//! config.data.synthetic.test = 50;
//! config.search.policy.name = "random:0.5".to_owned();
//! config.search.train.epochs = 1;
//! config.search.space.channels = 2;
//!
//! let mut prepared = prepare(&config)?;
//! loop {
//!     match prepared.search.advance()? {
//!         Event::EpochEnded(record) => println!("epoch {}: {}", record.epoch, record.genotype),
//!         Event::Finished => break,
//!         _ => {}
//!     }
//! }
//! assert!(prepared.search.ledger().sample_ratio() < 0.8);
//! # Ok::<(), tamis::Error>(())
//! ```

#![deny(missing_docs)]

// The command line names this crate as every other caller does.
extern crate self as tamis;

mod choosing;
#[doc(hidden)]
pub mod cli;
mod error;
mod exit_code;
mod folder;
mod ground;
mod lookup;
mod networks;
mod packing;
mod racing;
mod reporting;
mod scoring;
mod searches;

pub use choosing::{
    Choice, Given, PoolSource, ProbabilityScore, Samples, choose, choose_among, inputs_of_data,
    inputs_of_run, load_embeddings, load_scores, load_scores_of, refuse_replacing,
};
pub use error::Error;
pub use lookup::{Asked, CellEntry, Entry, LookedUp, load_table, lookup};
pub use networks::{
    Calibration, CalibrationBin, ClassJudgement, DescribedNetwork, Evaluated, ExportForm,
    ExportOptions, Judgement, Latency, LatencyTable, Mistake, NETWORK_FILE, NetworkConfig,
    Prediction, TrainedNetwork, TrainedOn, TrainingConfig, TrainingEnding, TrainingJob,
    TrainingOutcome, TrainingRecipe, description, drawn, evaluate, export_path, is_training,
    latency, predict, predictions_table, quickest_ms,
};

pub use folder::TrainingSpent;
pub use packing::{pack, pack_datasets};
pub use racing::{
    RaceEnding, RaceJob, RaceOutcome, RaceStart, Raced, RankEnding, RankEvent, RankPlan, Ranked,
    RankedNetwork, Truth, is_race, rank,
};
pub use reporting::{Kind, Spent, State, Summary, event_files, report, summarize, summarize_all};
pub use scoring::{Embedding, Forecast, Observer, ScoreKind, Scoring, ScoringEvent};
pub use searches::{
    Advanced, Ending, Job, LeftOpen, Opened, Prepared, check_data, is_provided, prepare,
    prepare_on, provide,
};

pub use tamis_record::{
    Layers, Lookup, Outcome, RunConfig, ScoringConfig, TargetCost, WITHOUT_DEFAULT, content_hash,
    flatten,
};

pub use tamis_compare as compare;
pub use tamis_core as core;
pub use tamis_data as data;
pub use tamis_graph as graph;
pub use tamis_nn as nn;
pub use tamis_race as race;
pub use tamis_record as record;
pub use tamis_run as run;
pub use tamis_search as search;
pub use tamis_select as select;
pub use tamis_space as space;
pub use tamis_tables as tables;
pub use tamis_training as training;
