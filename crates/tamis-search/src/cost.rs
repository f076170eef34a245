//! What a found network is to cost: the expected cost of the architectures that shares weigh, and a term of the
//! architecture's loss that leads it to a target.
//!
//! The term is TAS's (Dong and Yang: "Network Pruning via Transformable Architecture Search", NeurIPS 2019,
//! equation 8), for any space whose cost is a function of the shares and any host that follows a gradient:
//! with the expected cost `E`, `weight * ln E` while the network of the largest shares costs more than the
//! target, `-weight * ln E` while it costs less than the target by more than the tolerance, else nothing.

use serde::{Deserialize, Serialize};
use tamis_training::rules::{Rule, is_below_one, is_not_negative, refuse_first};

use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::SearchSpace;

/// What the found network is to cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostConfig {
    /// Multiply-adds of an image; without a target the search follows accuracy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_macs: Option<u64>,
    /// Weight of the logarithm of the expected cost in the architecture's loss.
    pub weight: f64,
    /// The share of the target by which a network may cost less than it.
    pub tolerance: f64,
}

impl Default for CostConfig {
    fn default() -> Self {
        CostConfig { target_macs: None, weight: 2.0, tolerance: 0.05 }
    }
}

impl CostConfig {
    /// # Errors
    ///
    /// [`tamis_training::Error::Setting`] naming the first value out of range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let target = self.target_macs.unwrap_or(1);
        Ok(refuse_first([
            Rule::new("cost.target_macs", target as f64, target > 0, "at least 1"),
            is_not_negative("cost.weight", self.weight),
            is_below_one("cost.tolerance", self.tolerance),
        ])?)
    }
}

/// The expected cost of the architectures that shares weigh.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedCost {
    /// Its value, larger than 0.
    pub value: f64,
    /// Its gradient with respect to the shares, a matrix a choice set.
    pub gradient: Vec<Matrix>,
}

/// The term of the loss.
pub(crate) struct CostTerm {
    target: f64,
    weight: f64,
    tolerance: f64,
}

impl CostTerm {
    /// That of the settings, if they have a target.
    ///
    /// # Errors
    ///
    /// [`Error::NoCost`] if the space's cost is no function of the shares.
    pub(crate) fn of(
        config: &CostConfig,
        space: &dyn SearchSpace,
        shares: &[Matrix],
    ) -> Result<Option<CostTerm>, Error> {
        let Some(target) = config.target_macs else { return Ok(None) };
        if space.expected_macs(shares).is_none() {
            return Err(Error::NoCost {
                reason: "a space whose networks differ in what they cost by \
                 their shares: mobilenet or tas",
            });
        }
        let CostConfig { weight, tolerance, .. } = *config;
        Ok(Some(CostTerm { target: target as f64, weight, tolerance }))
    }

    /// Adds the term's gradient at `shares` to that of the loss; `found` are the shares of the network that
    /// would be found now.
    pub(crate) fn add(
        &self,
        space: &dyn SearchSpace,
        found: &[Matrix],
        shares: &[Matrix],
        gradients: &mut [Matrix],
    ) {
        let cost = space.expected_macs(found).map_or(self.target, |of| of.value);
        let sign = self.sign(cost);
        let Some(expected) = space.expected_macs(shares).filter(|_| sign != 0.0) else { return };
        let factor = sign * self.weight / expected.value;
        for (gradient, slopes) in gradients.iter_mut().zip(&expected.gradient) {
            let pairs = gradient.values_mut().iter_mut().zip(slopes.values());
            pairs.for_each(|(gradient, slope)| *gradient += factor * slope);
        }
    }

    /// 1 if the network is too expensive, -1 if it is too cheap.
    fn sign(&self, cost: f64) -> f64 {
        if cost > self.target {
            1.0
        } else if cost < self.target * (1.0 - self.tolerance) {
            -1.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_pulls_down_above_the_target_up_below_the_tolerance_and_not_between() {
        let term = CostTerm { target: 100.0, weight: 2.0, tolerance: 0.05 };
        assert_eq!([101.0, 100.0, 95.0, 94.9].map(|cost| term.sign(cost)), [1.0, 0.0, 0.0, -1.0]);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let refused = |config: CostConfig| config.check().unwrap_err().to_string();
        let none = CostConfig { target_macs: Some(0), ..CostConfig::default() };
        assert!(refused(none).contains("cost.target_macs = 0"));
        let wide = CostConfig { tolerance: 1.0, ..CostConfig::default() };
        assert!(refused(wide).contains("cost.tolerance = 1"));
        assert!(CostConfig::default().check().is_ok());
    }
}
