//! Settings of a search: what a run's `config.toml` holds besides the data.
//!
//! Unknown keys are refused. [`SearchConfig::check`] refuses values out of range.

mod cost;
mod hosts;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tamis_select::{
    BdpSettings, DdsSettings, InfobatchSettings, KCenterSettings, Settings, SplitRule,
};
use tamis_training::rules::{
    Rule, is_at_least_one, is_at_least_two, is_below_one, is_not_negative, is_positive,
    refuse_first,
};

use crate::error::Error;

pub use cost::CostConfig;
pub use hosts::{
    BetaDartsSettings, DrNasSettings, EgNasSettings, EnasSettings, GaeaSettings, GdasSettings,
    HostConfig, PDartsSettings, ProxylessSettings, SdartsSettings, SgasSettings, TasSettings,
    TrialsSettings,
};

/// Settings of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Names every random draw of the run.
    pub seed: u64,
    /// Whose optimizer settings are the defaults.
    pub recipe: Recipe,
    /// How the training pool is split into the two levels.
    pub split: SplitRule,
    /// The search space and the size of its supernet.
    pub space: SpaceConfig,
    /// The search algorithm.
    pub host: HostConfig,
    /// What chooses the samples.
    pub policy: PolicyConfig,
    /// Epochs and batches.
    pub train: TrainConfig,
    /// Optimizer of the weights.
    pub weights: WeightsConfig,
    /// Optimizer of the architecture parameters.
    pub alpha: AlphaConfig,
    /// What the found network is to cost.
    pub cost: CostConfig,
}

/// Whose optimizer settings to start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// DARTS's, as β-DARTS uses it on NAS-Bench-201: weight decay 3e-4, no Nesterov.
    #[default]
    Darts,
    /// AutoDL's on NAS-Bench-201: weight decay 5e-4, Nesterov.
    Autodl,
    /// Ours, for a good architecture at less than a tenth of the cost: DARTS's optimizers on a part of the
    /// images drawn anew each epoch, the architecture's rate grown by the missing steps, and a small
    /// supernet of each space's own choice; on NAS-Bench-201 a race decides between what that finds and
    /// its neighbours. How it was chosen there is in the project's results.
    Quick,
    /// A first look within a minute: a tenth of the images an epoch for forty epochs and nothing after
    /// them, by which a thousand drawn images an epoch decide every edge.
    Demo,
}

/// The search space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpaceConfig {
    /// Its name.
    pub name: String,
    /// Channels of the supernet's first stage.
    pub channels: usize,
    /// NAS-Bench-201: cells a stage, at least 1. DARTS: all cells, at least 3. Mobilenet: blocks a stage.
    /// TAS: blocks a stage, 2 to 18.
    pub cells: usize,
    /// DARTS and NAS-Bench-1Shot1: mixed operations see one in so many channels, the others pass by; 1 is
    /// all, PC-DARTS has 4.
    pub partial: usize,
    /// NAS-Bench-201: whether the found cell may have `none`, as that benchmark's rule has it.
    pub derive_none: bool,
    /// Mobilenet: the activation of its blocks, `relu6` or `h-swish`.
    pub activation: String,
    /// Mobilenet: whether squeeze-and-excitation gates the channels of its blocks.
    pub squeeze_excitation: bool,
}

impl Default for SpaceConfig {
    /// Of the space that is searched where none is named, NAS-Bench-201.
    fn default() -> Self {
        SpaceConfig {
            name: "nas-bench-201".to_owned(),
            channels: 8,
            cells: 1,
            partial: 1,
            derive_none: true,
            activation: "relu6".to_owned(),
            squeeze_excitation: false,
        }
    }
}

/// What chooses the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The policy and its amount, such as `full`, `random:0.1`, `proxy:5000`.
    pub name: String,
    /// Score file, for policies that need one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<PathBuf>,
    /// Embedding file, for policies that need one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<PathBuf>,
    /// Proxy data: width of the histogram's bins in log10 of nats.
    pub bin_width: f64,
    /// Two-tail: share of the chosen that comes from the low-entropy end.
    pub beta: f64,
    /// Greedy k-centre.
    pub k_center: KCenterSettings,
    /// DDS-NAS.
    pub dds: DdsSettings,
    /// BDP-style pruning.
    pub bdp: BdpSettings,
    /// InfoBatch.
    pub infobatch: InfobatchSettings,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        let Settings { bin_width, beta, k_center, dds, bdp, infobatch } = Settings::default();
        PolicyConfig {
            name: "full".to_owned(),
            scores: None,
            embeddings: None,
            bin_width,
            beta,
            k_center,
            dds,
            bdp,
            infobatch,
        }
    }
}

impl PolicyConfig {
    /// The settings of the policies themselves.
    pub fn settings(&self) -> Settings {
        Settings {
            bin_width: self.bin_width,
            beta: self.beta,
            k_center: self.k_center,
            dds: self.dds.clone(),
            bdp: self.bdp.clone(),
            infobatch: self.infobatch,
        }
    }
}

/// Epochs and batches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Epochs of the search.
    pub epochs: u32,
    /// Images a batch, at both levels.
    pub batch: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig { epochs: 50, batch: 64 }
    }
}

/// Optimizer of the weights: SGD, cosine schedule by epoch, global-norm clipping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightsConfig {
    /// Learning rate at epoch 0.
    pub lr: f64,
    /// Learning rate that the schedule tends to.
    pub lr_min: f64,
    /// Momentum.
    pub momentum: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// Weight decay.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient.
    pub clip: f64,
}

impl Default for WeightsConfig {
    fn default() -> Self {
        WeightsConfig {
            lr: 0.025,
            lr_min: 0.001,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 3e-4,
            clip: 5.0,
        }
    }
}

/// Optimizer of the architecture parameters: Adam, constant rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlphaConfig {
    /// Learning rate.
    pub lr: f64,
    /// The first epoch that trains the architecture; before it the weights train alone, and no
    /// architecture samples are passed. 0 is DARTS; PC-DARTS begins at 15 of 50.
    pub first_epoch: u32,
    /// Whether the rate grows when there are fewer steps than full data would take.
    pub lr_scale: LearningRateScale,
    /// Adam's decay rates.
    pub betas: [f64; 2],
    /// Weight decay.
    pub weight_decay: f64,
}

impl Default for AlphaConfig {
    fn default() -> Self {
        AlphaConfig {
            lr: 3e-4,
            first_epoch: 0,
            lr_scale: LearningRateScale::None,
            betas: [0.5, 0.999],
            weight_decay: 1e-3,
        }
    }
}

/// What the architecture's learning rate is multiplied with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRateScale {
    /// 1: the published recipes.
    #[default]
    None,
    /// Epoch by epoch, the steps that full data would take over those planned, at most 10.
    Steps,
}

impl Recipe {
    /// Whether its settings are those of a publication, so that a host's own published ones go with it.
    pub fn is_published(self) -> bool {
        matches!(self, Recipe::Darts | Recipe::Autodl)
    }
}

impl SearchConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`tamis_training::Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        let TrainConfig { epochs, batch } = self.train;
        let first_epoch = self.alpha.first_epoch;
        refuse_first([
            is_at_least_one("train.epochs", f64::from(epochs)),
            is_at_least_two("train.batch", batch as f64),
            is_positive("weights.lr", self.weights.lr),
            is_not_negative("weights.lr_min", self.weights.lr_min),
            is_below_one("weights.momentum", self.weights.momentum),
            is_not_negative("weights.weight_decay", self.weights.weight_decay),
            is_positive("weights.clip", self.weights.clip),
            is_positive("alpha.lr", self.alpha.lr),
            Rule::new(
                "alpha.first_epoch",
                f64::from(first_epoch),
                first_epoch < epochs.max(1),
                "less than train.epochs",
            ),
            is_below_one("alpha.betas", self.alpha.betas[0]),
            is_below_one("alpha.betas", self.alpha.betas[1]),
            is_not_negative("alpha.weight_decay", self.alpha.weight_decay),
            is_at_least_one("space.partial", self.space.partial as f64),
        ])?;
        self.host.check()?;
        self.cost.check()?;
        Ok(self.policy.settings().check()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_range_is_named() {
        let mut config = SearchConfig::default();
        config.weights.momentum = 1.0;
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("weights.momentum = 1"), "{message}");
        config.weights.momentum = f64::NAN;
        assert!(config.check().is_err());
    }
}
