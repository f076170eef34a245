//! Settings of the training of a single network, and the recipes that name sets of them.

use serde::{Deserialize, Serialize};

use crate::course::Schedule;
use crate::error::Error;
use crate::rules::{
    is_at_least_one, is_at_least_two, is_below_one, is_not_negative, is_positive, refuse_first,
};

/// Section `train` of a training: optimizer, schedule and what else shapes the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkTrainingConfig {
    /// Passes over the images that are trained on.
    pub epochs: u32,
    /// Images a batch.
    pub batch: usize,
    /// Highest learning rate.
    pub lr: f64,
    /// Learning rate that the schedule falls towards.
    pub lr_min: f64,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// Epochs in which it first rises to the highest, along a line; all but the last at most.
    pub warm_up_epochs: u32,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Whether to look ahead by one step of the momentum (Nesterov).
    pub nesterov: bool,
    /// Weight decay, on all parameters.
    pub weight_decay: f64,
    /// Largest Euclidean norm of the gradient; 0 is no limit.
    pub clip_norm: f64,
    /// Share of every target that is spread over all classes; 0 is off.
    pub label_smoothing: f64,
    /// What the loss of the auxiliary classifier counts; 0 is a network without one.
    pub auxiliary_weight: f64,
    /// Probability with which paths are dropped in the last epoch, rising along a line from 0; 0 is off.
    pub drop_path: f64,
    /// What is kept of the averaged weights in each step (an exponential moving average, by which the
    /// network is then judged and exported); 0 is no average.
    pub ema_decay: f64,
    /// Share of the training images that is held out, to look at the accuracy while it trains; 0 is none.
    pub validation: f64,
}

impl Default for NetworkTrainingConfig {
    /// The recipe `quick`.
    fn default() -> Self {
        NetworkTrainingConfig {
            epochs: 20,
            batch: 128,
            lr: 0.1,
            lr_min: 0.0,
            schedule: Schedule::Cosine,
            warm_up_epochs: 1,
            momentum: 0.9,
            nesterov: true,
            weight_decay: 5e-4,
            clip_norm: 5.0,
            label_smoothing: 0.1,
            auxiliary_weight: 0.0,
            drop_path: 0.0,
            ema_decay: 0.0,
            validation: 0.0,
        }
    }
}

impl NetworkTrainingConfig {
    /// How NAS-Bench-201 trained its networks (Dong and Yang, ICLR 2020, table 1): SGD with Nesterov's
    /// momentum, batches of 256, a cosine from 0.1 to 0 by epoch, weight decay 5e-4.
    pub fn nas_bench_201(epochs: u32) -> NetworkTrainingConfig {
        NetworkTrainingConfig {
            epochs,
            batch: 256,
            warm_up_epochs: 0,
            clip_norm: 0.0,
            label_smoothing: 0.0,
            ..NetworkTrainingConfig::default()
        }
    }

    /// How DARTS evaluates on CIFAR-10 (Liu, Simonyan and Yang, ICLR 2019, appendix A.2): batches of 96, a
    /// cosine from 0.025 to 0, weight decay 3e-4, an auxiliary classifier of weight 0.4, paths dropped with
    /// up to 0.2.
    pub fn darts(epochs: u32) -> NetworkTrainingConfig {
        NetworkTrainingConfig {
            epochs,
            batch: 96,
            lr: 0.025,
            warm_up_epochs: 0,
            nesterov: false,
            weight_decay: 3e-4,
            label_smoothing: 0.0,
            auxiliary_weight: 0.4,
            drop_path: 0.2,
            ..NetworkTrainingConfig::default()
        }
    }

    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        refuse_first([
            is_at_least_one("train.epochs", f64::from(self.epochs)),
            is_at_least_two("train.batch", self.batch as f64),
            is_positive("train.lr", self.lr),
            is_not_negative("train.lr_min", self.lr_min),
            is_below_one("train.momentum", self.momentum),
            is_not_negative("train.weight_decay", self.weight_decay),
            is_not_negative("train.clip_norm", self.clip_norm),
            is_below_one("train.label_smoothing", self.label_smoothing),
            is_not_negative("train.auxiliary_weight", self.auxiliary_weight),
            is_below_one("train.drop_path", self.drop_path),
            is_below_one("train.ema_decay", self.ema_decay),
            is_below_one("train.validation", self.validation),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_passes_and_a_setting_out_of_range_is_named() {
        NetworkTrainingConfig::default().check().unwrap();
        NetworkTrainingConfig::nas_bench_201(12).check().unwrap();
        NetworkTrainingConfig::darts(600).check().unwrap();
        let all = NetworkTrainingConfig { drop_path: 1.0, ..NetworkTrainingConfig::default() };
        assert!(all.check().unwrap_err().to_string().contains("train.drop_path"));
    }
}
