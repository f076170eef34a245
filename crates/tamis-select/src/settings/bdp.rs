//! Settings of BDP-style pruning, this project's reconstruction of Tu et al. 2023.

use serde::{Deserialize, Serialize};

use super::{require, require_share};
use crate::Error;

/// What is pruned, when and how much. The schedule is that of a search of `schedule_epochs`
/// epochs; other searches have it scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BdpSettings {
    /// What a sample is judged by.
    pub metric: BdpMetric,
    /// Records of a sample that it is judged by at least, those before the last prune among them,
    /// where it has so many.
    pub least_records: u32,
    /// Which samples the weight level keeps.
    pub weight_keeps: Keep,
    /// Which samples the architecture level keeps.
    pub arch_keeps: Keep,
    /// Share of the active samples that a prune keeps. 1 prunes nothing.
    pub keep: f64,
    /// The same for the architecture level, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_arch: Option<f64>,
    /// Epochs on all samples before the first prune.
    pub warm_up: u32,
    /// Epochs from one prune to the next.
    pub every: u32,
    /// How many prunes there are.
    pub prunes: u32,
    /// Epochs of the search that `warm_up`, `every` and `return_period` are meant for.
    pub schedule_epochs: u32,
    /// A prune leaves at least so many samples of each class, or all that there are.
    pub min_per_class: u32,
    /// How prunes treat the classes.
    pub balance: Balance,
    /// With `balance = "auto"`: how far a class may be off its share when nothing is removed.
    pub delta: f64,
    /// Whether pruned samples are looked at again and may return.
    pub allow_return: bool,
    /// With `allow_return`: epochs from one look at the pruned samples to the next.
    pub return_period: u32,
}

/// What a sample is judged by: q is the probability of its true class, one record a prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BdpMetric {
    /// Standard deviation of q.
    #[default]
    Variation,
    /// Mean of q.
    Confidence,
    /// Mean change of q from one record to the next.
    Change,
    /// How often a right answer was followed by a wrong one.
    Forgetting,
    /// Variation times (1 - confidence).
    VariationConfidence,
}

/// Which samples a level keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those of the largest metric.
    High,
    /// Those of the smallest metric.
    Low,
    /// Neither the most stable and confident nor the least confident, whatever the metric.
    Middle,
    /// Random ones.
    Random,
}

/// How prunes treat the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// Not at all.
    Off,
    /// Each class keeps its share, within one sample.
    Strict,
    /// Each class keeps its share within bounds that are tighter the more is removed.
    #[default]
    Auto,
}

impl Default for BdpSettings {
    fn default() -> Self {
        BdpSettings {
            metric: BdpMetric::default(),
            least_records: 4,
            weight_keeps: Keep::High,
            arch_keeps: Keep::Middle,
            keep: 0.7,
            keep_arch: None,
            warm_up: 10,
            every: 5,
            prunes: 6,
            schedule_epochs: 50,
            min_per_class: 10,
            balance: Balance::default(),
            delta: 0.5,
            allow_return: false,
            return_period: 10,
        }
    }
}

impl BdpSettings {
    pub(super) fn check(&self) -> Result<(), Error> {
        for (key, found) in [
            ("policy.bdp.keep", self.keep),
            ("policy.bdp.keep_arch", self.keep_arch.unwrap_or(1.0)),
        ] {
            require(key, found, found > 0.0 && found <= 1.0, "a number above 0, at most 1")?;
        }
        require_share("policy.bdp.delta", self.delta)?;
        let least = self.least_records;
        require("policy.bdp.least_records", least, least >= 2, "at least 2: one tells no change")?;
        for (key, found) in [
            ("policy.bdp.warm_up", self.warm_up),
            ("policy.bdp.every", self.every),
            ("policy.bdp.schedule_epochs", self.schedule_epochs),
            ("policy.bdp.return_period", self.return_period),
        ] {
            require(key, found, found >= 1, "at least 1")?;
        }
        Ok(())
    }
}
