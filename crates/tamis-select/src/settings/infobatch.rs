//! Settings of InfoBatch (Qin et al., ICLR 2024).

use serde::{Deserialize, Serialize};

use super::{require, require_share};
use crate::Error;

/// How InfoBatch leaves out samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InfobatchSettings {
    /// Share of the samples of low loss that an epoch leaves out: the paper's r.
    pub prune: f64,
    /// Share of the epochs after which nothing is left out any more: the paper's delta.
    pub stop: f64,
}

impl Default for InfobatchSettings {
    fn default() -> Self {
        InfobatchSettings { prune: 0.5, stop: 0.875 }
    }
}

impl InfobatchSettings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let prune = self.prune;
        let holds = (0.0..1.0).contains(&prune);
        require("policy.infobatch.prune", prune, holds, "a number from 0 to below 1")?;
        require_share("policy.infobatch.stop", self.stop)
    }
}
