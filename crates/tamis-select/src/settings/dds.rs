//! Settings of DDS-NAS (Poyser and Breckon, 2025).
//!
//! Thresholds that the paper leaves to each data set have values of its author's code; what is this
//! project's own choice says so.

use serde::{Deserialize, Serialize};

use super::{require, require_share};
use crate::Error;

/// How DDS-NAS judges and renews its subset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DdsSettings {
    /// A sample is easy, and exchanged, when its hardness score is above this: its largest
    /// probability if the answer is right, a tenth of it if not.
    pub hardness: f64,
    /// What makes a sample easy: the score above, or its place among all that were answered rightly.
    pub hardness_rule: HardnessRule,
    /// With `hardness_rule = "quantile"`: the share of the rightly answered that is easy, those of the
    /// highest scores. The project's own.
    pub easy_share: f64,
    /// The subset is mastered from this share on, of what `rule` says. The author's code has 0.1, 0.25
    /// and 0.5; that 0.5 is the default is the project's own choice.
    pub mastery: f64,
    /// What mastery is measured by.
    pub rule: DdsRule,
    /// Epochs before the first update may happen.
    pub first_update: u32,
    /// Whether an update takes an epoch in which nothing is trained.
    pub update_consumes_epoch: bool,
    /// What happens to the weights' learning rate after an update.
    pub lr_after_update: LearningRateAfterUpdate,
    /// What an easy sample is exchanged for.
    pub replacement: Replacement,
    /// How the furthest sample is searched.
    pub search: FurthestSearch,
    /// Leaves that a best-first search may look into.
    pub leaf_budget: u32,
    /// Samples of a leaf of the tree.
    pub leaf_size: u32,
    /// Whether a sample may be in the subset twice.
    pub allow_duplicates: bool,
    /// Updates for which an exchanged sample may not return; 0 is none. The project's own.
    pub tabu: u32,
    /// How the first subset is drawn.
    pub initial: InitialSubset,
}

/// What mastery of a subset is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DdsRule {
    /// Share of right answers on the subset, as the paper's figure has it.
    #[default]
    SubsetAccuracy,
    /// Share of easy samples in the subset.
    SubsetEasyFraction,
    /// Share of right answers on the architecture samples.
    ValAccuracy,
    /// Always mastered: every second epoch from the first update on is one. Three of the author's
    /// four programs do so, two of them by comparing percent with fractions.
    Always,
}

/// What makes a sample easy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HardnessRule {
    /// A hardness score above a threshold, as in the author's code.
    #[default]
    Threshold,
    /// Being among a share of the rightly answered samples, those of the highest scores: it does not
    /// depend on how sure the network is. The project's own.
    Quantile,
}

/// What happens to the learning rate after an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRateAfterUpdate {
    /// Nothing.
    #[default]
    Keep,
    /// It goes to its largest value, and on from there.
    JumpToPeak,
}

/// What an easy sample is exchanged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// The sample of its class that is furthest from it.
    #[default]
    Furthest,
    /// A random sample of its class.
    Random,
    /// Nothing: the subset stays.
    Never,
}

/// How the furthest sample is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FurthestSearch {
    /// Down one path of the tree, in logarithmic time.
    #[default]
    Greedy,
    /// The most promising leaves first, up to the budget.
    BestFirst,
    /// Until no leaf can be better.
    Exact,
}

/// How the first subset is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialSubset {
    /// As many of each class, as far as there are.
    #[default]
    Balanced,
    /// All samples equally likely.
    Random,
}

impl Default for DdsSettings {
    fn default() -> Self {
        DdsSettings {
            hardness: 0.9,
            hardness_rule: HardnessRule::default(),
            easy_share: 0.2,
            mastery: 0.5,
            rule: DdsRule::default(),
            first_update: 5,
            update_consumes_epoch: true,
            lr_after_update: LearningRateAfterUpdate::default(),
            replacement: Replacement::default(),
            search: FurthestSearch::default(),
            leaf_budget: 8,
            leaf_size: 16,
            allow_duplicates: false,
            tabu: 0,
            initial: InitialSubset::default(),
        }
    }
}

impl DdsSettings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let hardness = self.hardness;
        let holds = hardness.is_finite() && hardness >= 0.0;
        require("policy.dds.hardness", hardness, holds, "a finite number of at least 0")?;
        require_share("policy.dds.mastery", self.mastery)?;
        require_share("policy.dds.easy_share", self.easy_share)?;
        require(
            "policy.dds.rule",
            "subset-easy-fraction",
            self.rule != DdsRule::SubsetEasyFraction
                || self.hardness_rule == HardnessRule::Threshold,
            "another rule where policy.dds.hardness_rule is quantile, which sets the share of easy \
             images itself",
        )?;
        for (key, found) in
            [("policy.dds.leaf_budget", self.leaf_budget), ("policy.dds.leaf_size", self.leaf_size)]
        {
            require(key, found, found >= 1, "at least 1")?;
        }
        Ok(())
    }
}
