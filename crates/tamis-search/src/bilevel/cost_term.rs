//! A term of the architecture's loss that leads the found network to what it is to cost.
//!
//! The term is TAS's (Dong and Yang: "Network Pruning via Transformable Architecture Search", NeurIPS 2019,
//! equation 8), for any space whose cost is a function of the shares and any host that follows a gradient:
//! with the expected cost `E`, `weight * ln E` while the network of the largest shares costs more than the
//! target, `-weight * ln E` while it costs less than the target by more than the tolerance, else nothing.

use crate::config::CostConfig;
use crate::cost::{ExpectedCost, Latencies, LinearCost};
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::{ChoiceSet, SearchSpace};

/// What is counted of a network.
#[derive(Clone, Debug, PartialEq)]
enum Measure {
    Macs,
    /// By measured parts.
    Latency(LinearCost),
}

impl Measure {
    fn expected(&self, space: &dyn SearchSpace, shares: &[Matrix]) -> Option<ExpectedCost> {
        match self {
            Measure::Macs => space.expected_macs(shares),
            Measure::Latency(cost) => Some(cost.expected(shares)),
        }
    }
}

/// The term of the loss.
pub(crate) struct CostTerm {
    measure: Measure,
    target: f64,
    weight: f64,
    tolerance: f64,
}

impl CostTerm {
    /// That of the settings, if they have a target.
    ///
    /// # Errors
    ///
    /// [`Error::NoCost`] if the space's cost is no function of the shares, [`Error::LatenciesNeeded`] and
    /// [`Error::Unmeasured`] if its parts were not measured.
    pub(crate) fn of(
        config: &CostConfig,
        space: &dyn SearchSpace,
        latencies: Option<&Latencies>,
        shares: &[Matrix],
    ) -> Result<Option<CostTerm>, Error> {
        let CostConfig { weight, tolerance, .. } = *config;
        let (measure, target) = match (config.target_macs, config.target_latency_ms) {
            (None, None) => return Ok(None),
            (Some(macs), _) => (Measure::Macs, macs as f64),
            (None, Some(milliseconds)) => (latency(space, latencies)?, milliseconds),
        };
        if measure.expected(space, shares).is_none() {
            return Err(NO_COST);
        }
        Ok(Some(CostTerm { measure, target, weight, tolerance }))
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
        let cost = self.measure.expected(space, found).map_or(self.target, |of| of.value);
        let sign = self.sign(cost);
        if sign == 0.0 {
            return;
        }
        let Some(expected) = self.measure.expected(space, shares) else { return };
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

    /// What these shares cost, and the target.
    pub(crate) fn figures(&self, space: &dyn SearchSpace, shares: &[Matrix]) -> [f64; 2] {
        let cost = self.measure.expected(space, shares).map_or(f64::NAN, |of| of.value);
        [cost, self.target]
    }
}

const NO_COST: Error =
    Error::NoCost { expected: "a space whose networks differ in what they cost: mobilenet, say" };

fn latency(space: &dyn SearchSpace, latencies: Option<&Latencies>) -> Result<Measure, Error> {
    let parts = space.parts()?;
    if parts.is_empty() {
        return Err(NO_COST);
    }
    let latencies = latencies.ok_or(Error::LatenciesNeeded)?;
    let shapes: Vec<[usize; 2]> = space.choices().iter().map(ChoiceSet::shape).collect();
    Ok(Measure::Latency(LinearCost::latency(&shapes, &parts, latencies)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_pulls_down_above_the_target_up_below_the_tolerance_and_not_between() {
        let term = CostTerm { measure: Measure::Macs, target: 100.0, weight: 2.0, tolerance: 0.05 };
        assert_eq!([101.0, 100.0, 95.0, 94.9].map(|cost| term.sign(cost)), [1.0, 0.0, 0.0, -1.0]);
    }
}
