//! The expected cost of the architectures that shares weigh; costs that are sums over the parts of a
//! network, and latencies of such parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_graph::Graph;

use crate::error::Error;
use crate::matrix::Matrix;

/// The expected cost of the architectures that shares weigh.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedCost {
    /// Its value, larger than 0.
    pub value: f64,
    /// Its gradient with respect to the shares, a matrix a choice set.
    pub gradient: Vec<Matrix>,
}

/// A part of the networks of a space: its cost does not depend on what stands around it.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is, at which size; parts of one name are equal.
    pub name: String,
    /// It alone, as a network.
    pub network: Graph,
    /// The option that it is, by choice set, row and column; absent of what every network has.
    pub option: Option<[usize; 3]>,
}

/// Milliseconds that parts take on some machine, by their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(pub BTreeMap<String, f64>);

impl Latencies {
    fn of(&self, part: &Part) -> Result<f64, Error> {
        let found = self.0.get(&part.name).copied();
        found.ok_or_else(|| Error::Unmeasured { part: part.name.clone() })
    }
}

/// A cost that is a sum over what always runs and over the options that shares weigh.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinearCost {
    /// Of what always runs.
    fixed: f64,
    /// Of each option, a matrix a choice set; 0 of one without parts.
    options: Vec<Matrix>,
}

impl LinearCost {
    /// The sum of what each part costs, given the shapes of the choice sets' matrices.
    fn new(
        shapes: &[[usize; 2]],
        parts: &[Part],
        cost: impl Fn(&Part) -> Result<f64, Error>,
    ) -> Result<LinearCost, Error> {
        let options = shapes.iter().map(|&shape| Matrix::zeros(shape)).collect();
        let mut sum = LinearCost { fixed: 0.0, options };
        for part in parts {
            let cost = cost(part)?;
            match part.option {
                None => sum.fixed += cost,
                Some([set, row, option]) => {
                    let [_, columns] = shapes[set];
                    sum.options[set].values_mut()[row * columns + option] += cost;
                }
            }
        }
        Ok(sum)
    }

    /// Multiply-adds of an image.
    pub(crate) fn macs(shapes: &[[usize; 2]], parts: &[Part]) -> Result<LinearCost, Error> {
        LinearCost::new(shapes, parts, |part| Ok(part.network.counts().macs as f64))
    }

    /// Milliseconds of an image.
    ///
    /// # Errors
    ///
    /// [`Error::Unmeasured`] naming the first part that was not measured.
    pub(crate) fn latency(
        shapes: &[[usize; 2]],
        parts: &[Part],
        latencies: &Latencies,
    ) -> Result<LinearCost, Error> {
        LinearCost::new(shapes, parts, |part| latencies.of(part))
    }

    /// What it is on average over architectures drawn by these shares.
    pub(crate) fn expected(&self, shares: &[Matrix]) -> ExpectedCost {
        let products = self.options.iter().zip(shares).flat_map(|(costs, shares)| {
            costs.values().iter().zip(shares.values()).map(|(cost, share)| cost * share)
        });
        ExpectedCost { value: self.fixed + products.sum::<f64>(), gradient: self.options.clone() }
    }
}
