//! What is shown of a network that was trained: curves, classes, calibration, mistakes.

use tamis_core::SampleId;

use super::{Image, Part};

/// The training of a network and what it does on data that did not train it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Training {
    /// Its epochs, ascending.
    pub epochs: Part<Vec<TrainingEpoch>>,
    /// The data that predictions are counted on, such as `test split`.
    pub evaluated_on: String,
    /// Names of the classes, in the order of the confusion matrix.
    pub classes: Vec<String>,
    /// Predictions counted `[true class][predicted class]`; accuracies by class follow from it.
    pub confusion: Part<Vec<Vec<u64>>>,
    /// How far confidence and accuracy agree.
    pub calibration: Part<Vec<CalibrationBin>>,
    /// The worst mistakes, the most confident first.
    pub mistakes: Part<Vec<Mistake>>,
}

/// An epoch of a training. What is not known is `None`, as in [`SearchEpoch`](super::SearchEpoch).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TrainingEpoch {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Mean loss on the training data, in nats.
    pub train_loss: Option<f64>,
    /// Share of right answers on the training data, 0 to 1.
    pub train_accuracy: Option<f64>,
    /// Mean loss on the data held out, in nats.
    pub held_out_loss: Option<f64>,
    /// Share of right answers on the data held out, 0 to 1.
    pub held_out_accuracy: Option<f64>,
    /// Learning rate.
    pub learning_rate: Option<f64>,
}

/// Predictions whose confidence lies between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Least confidence, 0 to 1.
    pub lower: f64,
    /// Largest confidence, 0 to 1.
    pub upper: f64,
    /// Predictions.
    pub samples: u64,
    /// Mean confidence, 0 to 1; of no use where there are no samples.
    pub confidence: f64,
    /// Share of right answers, 0 to 1; of no use where there are no samples.
    pub accuracy: f64,
}

/// A wrong prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The sample.
    pub id: SampleId,
    /// The class it is labelled with.
    pub true_class: String,
    /// The class that was predicted.
    pub predicted_class: String,
    /// The probability it was given, 0 to 1.
    pub probability: f64,
    /// The image; `None` is shown as an empty frame.
    pub image: Option<Image>,
}
