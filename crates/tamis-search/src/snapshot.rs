//! The whole state of a search as named tensors and one JSON value.
//!
//! Tensors are named by module path (`weights/stem.conv.weight`, `momentum/…`, `alpha/0`,
//! `adam/0/first`), so that a snapshot can be read by other tools and compared value by value.
//! Writing it to a file is somebody else's business.

use std::collections::BTreeMap;

use serde_json::Value;
use tamis_nn::ParameterLayout;

use crate::bilevel::Choices;
use crate::error::Error;
use crate::matrix::Matrix;

/// Values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision: weights and their momentum.
    F32(Vec<f32>),
    /// Double precision: architecture parameters and their optimizer.
    F64(Vec<f64>),
}

impl Values {
    fn describe(&self) -> String {
        match self {
            Values::F32(values) => format!("{} single-precision values", values.len()),
            Values::F64(values) => format!("{} double-precision values", values.len()),
        }
    }
}

/// A search's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Shape and values of each tensor, by path.
    pub tensors: BTreeMap<String, (Vec<usize>, Values)>,
    /// Everything else: counters, selection, ledger, history.
    pub state: Value,
}

impl Snapshot {
    /// Adds a flat vector of parameters under `prefix`, one tensor per parameter.
    pub(crate) fn put_parameters(&mut self, prefix: &str, layout: &ParameterLayout, flat: &[f32]) {
        for parameter in layout.parameters() {
            let values = Values::F32(flat[parameter.range()].to_vec());
            let path = format!("{prefix}/{}", parameter.path);
            self.tensors.insert(path, (parameter.shape.clone(), values));
        }
    }

    /// Reads back what [`Snapshot::put_parameters`] wrote; returns the flat vector and the number
    /// of tensors that it was put together from.
    pub(crate) fn parameters(
        &self,
        prefix: &str,
        layout: &ParameterLayout,
    ) -> Result<(Vec<f32>, usize), Error> {
        let mut flat = Vec::with_capacity(layout.length());
        for parameter in layout.parameters() {
            let path = format!("{prefix}/{}", parameter.path);
            match self.tensors.get(&path) {
                Some((shape, Values::F32(values))) if *shape == parameter.shape => {
                    flat.extend_from_slice(values);
                }
                other => return Err(misfit(path, other, format!("shape {:?}", parameter.shape))),
            }
        }
        Ok((flat, layout.parameters().len()))
    }

    pub(crate) fn put_values(&mut self, path: String, shape: &[usize], values: &[f64]) {
        self.tensors.insert(path, (shape.to_vec(), Values::F64(values.to_vec())));
    }

    pub(crate) fn matrix(&self, path: &str, shape: [usize; 2]) -> Result<Matrix, Error> {
        let values = self.values(path, shape[0] * shape[1])?;
        Ok(Matrix::from_fn(shape, |index| values[index]))
    }

    /// Adds the parameters of a choice set, and what its optimizer remembers.
    pub(crate) fn put_choices(&mut self, alphas: &str, adam: &str, choices: &Choices) {
        let shape = choices.alphas.shape();
        self.put_values(alphas.to_owned(), &shape, choices.alphas.values());
        self.put_values(format!("{adam}/first"), &shape, &choices.adam.first);
        self.put_values(format!("{adam}/second"), &shape, &choices.adam.second);
    }

    /// Reads back what [`Snapshot::put_choices`] wrote.
    pub(crate) fn take_choices(
        &self,
        alphas: &str,
        adam: &str,
        choices: &mut Choices,
    ) -> Result<(), Error> {
        let shape = choices.alphas.shape();
        let length = shape[0] * shape[1];
        choices.alphas = self.matrix(alphas, shape)?;
        choices.adam.first = self.values(&format!("{adam}/first"), length)?.to_vec();
        choices.adam.second = self.values(&format!("{adam}/second"), length)?.to_vec();
        Ok(())
    }

    pub(crate) fn values(&self, path: &str, length: usize) -> Result<&[f64], Error> {
        match self.tensors.get(path) {
            Some((_, Values::F64(values))) if values.len() == length => Ok(values),
            other => {
                let expected = format!("{length} double-precision values");
                Err(misfit(path.to_owned(), other, expected))
            }
        }
    }
}

fn misfit(what: String, found: Option<&(Vec<usize>, Values)>, expected: String) -> Error {
    let found = found.map_or_else(
        || "nothing".to_owned(),
        |(shape, values)| format!("shape {shape:?} of {}", values.describe()),
    );
    Error::Snapshot { what, found, expected }
}
