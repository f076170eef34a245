//! `result.json` of a training: what was trained, on what, how well it answers, what it cost.

use serde::{Deserialize, Serialize};
use tamis_record::DatasetSummary;

use super::judgement::Judgement;
use crate::folder::TrainingSpent;

/// The contents of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingOutcome {
    /// Version of the layout, 1.
    pub format: u32,
    /// `training`: what tells it from the result of a search.
    pub what: String,
    /// The genotype, or the network's name.
    pub network: String,
    /// The space that it is of, if it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Channels of the first stage or cell.
    pub channels: usize,
    /// Cells, of a stage or in all.
    pub cells: usize,
    /// Trainable parameters; an auxiliary classifier's are not among them.
    pub params: u64,
    /// Multiply-adds of judging one image.
    pub macs: u64,
    /// The data.
    pub dataset: DatasetSummary,
    /// What chose the images, and how many there were.
    pub trained_on: TrainedOn,
    /// The recipe.
    pub recipe: String,
    /// Seed of the run.
    pub seed: u64,
    /// Epochs trained.
    pub epochs: u32,
    /// Of the last epoch: share of right answers on the images that it trained on, while it did.
    pub training_accuracy: Option<f64>,
    /// Share of right answers on the images that were held out, if any were.
    pub validation_accuracy: Option<f64>,
    /// On the test split, if the data has one.
    pub test: Option<Judgement>,
    /// What was spent.
    pub cost: TrainingSpent,
}

/// The images of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// What chose them.
    pub policy: String,
    /// Images that were trained on.
    pub images: usize,
    /// Images that were held out.
    pub held_out: usize,
}
