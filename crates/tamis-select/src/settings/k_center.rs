//! Settings of greedy k-centre.

use serde::{Deserialize, Serialize};

/// How far two embeddings are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KCenterSettings {
    /// What is measured.
    pub distance: CenterDistance,
}

/// What a distance of embeddings is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CenterDistance {
    /// The length of the straight line between them, as published.
    #[default]
    Euclidean,
    /// 1 minus the cosine of the angle between them: their lengths do not matter. For embeddings that
    /// were trained to be compared so.
    Cosine,
}
