//! Single networks: trained on chosen images, judged on the test split, and kept in a file.
//!
//! [`TrainingJob`] is to a training what [`crate::Job`] is to a search. The test split is opened here
//! alone, and read once, when all epochs are over: a search cannot reach it.

mod config;
mod evaluate;
mod export;
mod file;
mod job;
mod judgement;
mod latency;
mod network;
mod outcome;
mod predict;
mod recipe;

pub use config::TrainingConfig;
pub use evaluate::{Evaluated, evaluate};
pub use export::{ExportForm, ExportOptions, beside as export_path, description, drawn};
pub use file::{NETWORK_FILE, TrainedNetwork};
pub use job::{TrainingEnding, TrainingJob, is_training};
pub use judgement::{Calibration, CalibrationBin, ClassJudgement, Judgement, Mistake};
pub use latency::{Latency, LatencyTable, latency, quickest_ms};
pub use network::{DescribedNetwork, NetworkConfig};
pub use outcome::{TrainedOn, TrainingOutcome};
pub use predict::{Prediction, predict, predictions_table};
pub use recipe::TrainingRecipe;
