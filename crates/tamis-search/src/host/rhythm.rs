//! When within an epoch the architecture trains.

use serde::{Deserialize, Serialize};

/// How an epoch goes; kept in the search's progress, so that a search resumed inside an epoch needs no
/// second beginning of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// When the architecture trains.
    pub arch: ArchRhythm,
    /// Images a batch; the settings' if absent.
    pub batch: Option<usize>,
    /// Epochs for which the weights' learning rate begins its schedule again, from this epoch on.
    pub schedule: Option<u32>,
}

/// When the architecture trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchRhythm {
    /// Not in this epoch: no architecture samples are passed.
    Off,
    /// A batch of the architecture's samples with every batch of the weights': DARTS and its family.
    #[default]
    EachStep,
    /// A batch of the architecture's samples with the first of every so many batches of the weights'.
    Every {
        /// How many.
        steps: u32,
    },
    /// So many batches of the architecture's samples when the weights' steps are over.
    After {
        /// How many.
        steps: u32,
    },
    /// One batch of both levels' samples trains both: single-level search.
    Shared,
}

impl ArchRhythm {
    /// Steps of the weights from one step of the architecture to the next, where the two alternate.
    pub(crate) fn interval(self) -> Option<usize> {
        match self {
            ArchRhythm::EachStep => Some(1),
            ArchRhythm::Every { steps } => Some(steps.max(1) as usize),
            ArchRhythm::Off | ArchRhythm::After { .. } | ArchRhythm::Shared => None,
        }
    }
}

impl Rhythm {
    /// A batch of each level every step.
    pub const EACH_STEP: Rhythm =
        Rhythm { arch: ArchRhythm::EachStep, batch: None, schedule: None };

    /// So many steps of the architecture after the weights'.
    pub fn after(steps: u32) -> Rhythm {
        Rhythm { arch: ArchRhythm::After { steps }, ..Rhythm::default() }
    }
}
