//! What the found network is to cost.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tamis_training::rules::{Rule, is_below_one, is_not_negative, is_positive, refuse_first};

use crate::error::Error;

/// What the found network is to cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostConfig {
    /// Multiply-adds of an image; without a target the search follows accuracy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_macs: Option<u64>,
    /// Milliseconds of an image, by `latency_table`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_latency_ms: Option<f64>,
    /// File of the latencies of the space's parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_table: Option<PathBuf>,
    /// Weight of the logarithm of the expected cost in the architecture's loss.
    pub weight: f64,
    /// The share of the target by which a network may cost less than it.
    pub tolerance: f64,
}

impl Default for CostConfig {
    fn default() -> Self {
        CostConfig {
            target_macs: None,
            target_latency_ms: None,
            latency_table: None,
            weight: 2.0,
            tolerance: 0.05,
        }
    }
}

impl CostConfig {
    /// Whether there is a target.
    pub fn has_target(&self) -> bool {
        self.target_macs.is_some() || self.target_latency_ms.is_some()
    }

    /// # Errors
    ///
    /// [`tamis_training::Error::Setting`] naming the first value out of range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let target = self.target_macs.unwrap_or(1);
        let milliseconds = self.target_latency_ms.unwrap_or(1.0);
        let both = self.target_macs.is_some() && self.target_latency_ms.is_some();
        Ok(refuse_first([
            Rule::new("cost.target_macs", target as f64, target > 0, "at least 1"),
            is_positive("cost.target_latency_ms", milliseconds),
            Rule::new("cost.target_latency_ms", milliseconds, !both, "one target, not two"),
            is_not_negative("cost.weight", self.weight),
            is_below_one("cost.tolerance", self.tolerance),
        ])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let refused = |config: CostConfig| config.check().unwrap_err().to_string();
        let none = CostConfig { target_macs: Some(0), ..CostConfig::default() };
        assert!(refused(none).contains("cost.target_macs = 0"));
        let wide = CostConfig { tolerance: 1.0, ..CostConfig::default() };
        assert!(refused(wide).contains("cost.tolerance = 1"));
        let both = CostConfig {
            target_macs: Some(9),
            target_latency_ms: Some(5.0),
            ..CostConfig::default()
        };
        assert!(refused(both).contains("one target, not two"));
        assert!(CostConfig::default().check().is_ok());
    }
}
