//! Recipes: named sets of settings of a training.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tamis_data::{Augmentation, TrainingAugmentation};
use tamis_training::NetworkTrainingConfig;

use super::network::NetworkConfig;

/// A named set of settings of a training. What is set wins over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingRecipe {
    /// Fits an evening on a few cores: twenty epochs of a narrow network.
    #[default]
    Quick,
    /// NAS-Bench-201's short training: twelve epochs of 16 channels and 5 cells a stage.
    #[serde(rename = "nas-bench-201-12")]
    NasBench201Short,
    /// NAS-Bench-201's long training: 200 epochs.
    #[serde(rename = "nas-bench-201-200")]
    NasBench201Long,
    /// How DARTS evaluates on CIFAR-10: 600 epochs of 36 channels and 20 cells, cutout, an auxiliary
    /// classifier.
    #[serde(rename = "darts-600")]
    Darts600,
}

impl TrainingRecipe {
    /// Every recipe with its name and what it is for.
    pub const ALL: [(&str, TrainingRecipe, &str); 4] = [
        (
            "quick",
            TrainingRecipe::Quick,
            "twenty epochs of a narrow network: an evening on a few cores",
        ),
        (
            "nas-bench-201-12",
            TrainingRecipe::NasBench201Short,
            "the benchmark's short training: 12 epochs, 16 channels, 5 cells a stage",
        ),
        (
            "nas-bench-201-200",
            TrainingRecipe::NasBench201Long,
            "the benchmark's long training: 200 epochs",
        ),
        (
            "darts-600",
            TrainingRecipe::Darts600,
            "as DARTS evaluates: 600 epochs, 36 channels, 20 cells, cutout, auxiliary classifier",
        ),
    ];

    pub(super) fn train(self) -> NetworkTrainingConfig {
        match self {
            TrainingRecipe::Quick => NetworkTrainingConfig::default(),
            TrainingRecipe::NasBench201Short => NetworkTrainingConfig::nas_bench_201(12),
            TrainingRecipe::NasBench201Long => NetworkTrainingConfig::nas_bench_201(200),
            TrainingRecipe::Darts600 => NetworkTrainingConfig::darts(600),
        }
    }

    /// How large the network is.
    pub(super) fn network(self) -> NetworkConfig {
        let (channels, cells) = match self {
            TrainingRecipe::Quick => (None, None),
            TrainingRecipe::NasBench201Short | TrainingRecipe::NasBench201Long => {
                (Some(16), Some(5))
            }
            TrainingRecipe::Darts600 => (Some(36), Some(20)),
        };
        NetworkConfig { channels, cells, ..NetworkConfig::default() }
    }

    pub(super) fn augmentation(self) -> TrainingAugmentation {
        let cutout = match self {
            TrainingRecipe::Quick => 8,
            TrainingRecipe::NasBench201Short | TrainingRecipe::NasBench201Long => 0,
            TrainingRecipe::Darts600 => 16,
        };
        TrainingAugmentation { cutout, ..Augmentation::default().into() }
    }
}

impl FromStr for TrainingRecipe {
    type Err = String;

    fn from_str(name: &str) -> Result<TrainingRecipe, String> {
        let found = TrainingRecipe::ALL.into_iter().find(|(known, ..)| *known == name);
        found.map(|(_, recipe, _)| recipe).ok_or_else(|| {
            let names = TrainingRecipe::ALL.map(|(known, ..)| known).join(", ");
            format!("expected one of {names}")
        })
    }
}
