//! What the supernet said of one sample during a training step.
//!
//! Predictions are by-products of steps that are taken anyway: no extra forward pass is spent on
//! them. Selection methods that follow the search (DDS-NAS, BDP, InfoBatch) live on them.

use serde::{Deserialize, Serialize};

use crate::{Level, SampleId};

/// One prediction, made in training mode on the augmented image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The sample.
    pub id: SampleId,
    /// The level whose step made the prediction.
    pub level: Level,
    /// Epoch, from 0.
    pub epoch: u32,
    /// Softmax probability of the true class, 0 to 1.
    pub true_probability: f32,
    /// Largest softmax probability, 0 to 1.
    pub max_probability: f32,
    /// Whether the class with the largest probability is the true one.
    pub correct: bool,
    /// Entropy of the softmax output in nats, 0 to ln(classes).
    pub entropy: f32,
    /// Cross-entropy loss in nats, before any loss weight.
    pub loss: f32,
}
