//! Names of things: a sample by its id in the dataset, a level of the bilevel problem.
//!
//! A sample is never named by its position in a batch or loader.

use serde::{Deserialize, Serialize};

/// A training sample, by its position in the dataset's own order (the order of its files).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SampleId(pub u32);

impl SampleId {
    /// The position of the sample in the dataset's arrays.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for SampleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The two levels of differentiable architecture search: samples train either the weights of the
/// supernet or the architecture parameters, never both in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Lower level: the supernet's weights.
    Weight,
    /// Upper level: the architecture parameters.
    Arch,
}

impl Level {
    /// Both levels, in the order in which reports list them.
    pub const BOTH: [Level; 2] = [Level::Weight, Level::Arch];

    /// `"weight"` or `"arch"`, as written in files.
    pub fn name(self) -> &'static str {
        match self {
            Level::Weight => "weight",
            Level::Arch => "arch",
        }
    }
}
