//! What is shown of the data that was chosen: active sets, exchanges, pictures.

use tamis_core::{Level, SampleId};

use super::{Image, Part};

/// The choice of samples over a search.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Selection {
    /// Names of the classes, in the order of the counts.
    pub classes: Vec<String>,
    /// Training samples of each class there are to choose from.
    pub class_sizes: Part<Vec<u64>>,
    /// The active sets, by level, epochs ascending.
    pub sets: Part<Vec<ActiveSet>>,
    /// Samples that came and went, epochs ascending.
    pub exchanges: Part<Vec<Exchange>>,
    /// Pictures of samples: hardest, easiest, exchanged, probably mislabelled.
    pub sheets: Part<Vec<ContactSheet>>,
}

/// The active set of a level in an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveSet {
    /// Epoch, from 0.
    pub epoch: u32,
    /// What the samples train.
    pub level: Level,
    /// Active samples of each class.
    pub class_counts: Vec<u64>,
}

impl ActiveSet {
    /// Active samples.
    pub fn samples(&self) -> u64 {
        self.class_counts.iter().fold(0, |sum, &count| sum.saturating_add(count))
    }
}

/// How many samples came and went with an epoch, over both levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Samples that came.
    pub came: u64,
    /// Samples that went.
    pub went: u64,
}

/// Pictures under one title.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactSheet {
    /// What the samples have in common, such as `hardest`.
    pub title: String,
    /// How they were chosen and what the score means.
    pub explanation: Option<String>,
    /// What the scores are, such as `entropy`.
    pub score_name: String,
    /// The pictures, in the order in which they are shown.
    pub pictures: Vec<Picture>,
}

/// A sample's picture with what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The sample.
    pub id: SampleId,
    /// The class it is labelled with.
    pub class: Option<String>,
    /// Its score.
    pub score: Option<f64>,
    /// A few words more, such as the class it looks like.
    pub remark: Option<String>,
    /// The image; `None` is shown as an empty frame.
    pub image: Option<Image>,
}
