//! The whole state of a search or a training as named tensors and one JSON value.
//!
//! Tensors are named by path (`weights/stem.conv.weight`, `momentum/…`, `alpha/0`, `adam/0/first`), so that
//! a snapshot can be read by other tools and compared value by value. What they mean is known to whoever
//! put them there; writing them to a file is somebody else's business again.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision: weights and their momentum.
    F32(Vec<f32>),
    /// Double precision: architecture parameters and their optimizer.
    F64(Vec<f64>),
}

/// A state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Shape and values of each tensor, by path.
    pub tensors: BTreeMap<String, (Vec<usize>, Values)>,
    /// Everything else: counters, selection, ledger, history.
    pub state: Value,
}

/// A snapshot does not belong to the search or training that was to take it up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("restoring a saved state: found {found} for {what}, expected {expected}")]
pub struct Misfit {
    /// The part that does not fit.
    pub what: String,
    /// What the snapshot holds.
    pub found: String,
    /// What the search or training needs.
    pub expected: String,
}

impl Snapshot {
    /// Adds a tensor of single precision.
    pub fn put_singles(&mut self, path: String, shape: &[usize], values: &[f32]) {
        self.tensors.insert(path, (shape.to_vec(), Values::F32(values.to_vec())));
    }

    /// Adds a tensor of double precision.
    pub fn put_doubles(&mut self, path: String, shape: &[usize], values: &[f64]) {
        self.tensors.insert(path, (shape.to_vec(), Values::F64(values.to_vec())));
    }

    /// A tensor of single precision, of exactly this shape.
    ///
    /// # Errors
    ///
    /// [`Misfit`] if it is missing or something else.
    pub fn singles(&self, path: &str, shape: &[usize]) -> Result<&[f32], Misfit> {
        match self.tensors.get(path) {
            Some((found, Values::F32(values))) if found == shape => Ok(values),
            other => Err(misfit(path, other, format!("shape {shape:?}"))),
        }
    }

    /// A tensor of double precision, of so many values.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::singles`].
    pub fn doubles(&self, path: &str, length: usize) -> Result<&[f64], Misfit> {
        match self.tensors.get(path) {
            Some((_, Values::F64(values))) if values.len() == length => Ok(values),
            other => Err(misfit(path, other, format!("{length} double-precision values"))),
        }
    }
}

fn misfit(path: &str, found: Option<&(Vec<usize>, Values)>, expected: String) -> Misfit {
    let found = match found {
        None => "nothing".to_owned(),
        Some((shape, Values::F32(values))) => {
            format!("shape {shape:?} of {} single-precision values", values.len())
        }
        Some((shape, Values::F64(values))) => {
            format!("shape {shape:?} of {} double-precision values", values.len())
        }
    };
    Misfit { what: path.to_owned(), found, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back_and_anything_else_is_said_to_be_missing() {
        let mut snapshot = Snapshot::default();
        snapshot.put_singles("weights/stem".to_owned(), &[2, 1], &[1.0, 2.0]);
        snapshot.put_doubles("alpha/0".to_owned(), &[1, 3], &[0.1, 0.2, 0.3]);
        assert_eq!(snapshot.singles("weights/stem", &[2, 1]), Ok(&[1.0, 2.0][..]));
        assert_eq!(snapshot.doubles("alpha/0", 3), Ok(&[0.1, 0.2, 0.3][..]));
        let told = |error: Misfit| error.to_string();
        let shape = snapshot.singles("weights/stem", &[1, 2]).map_err(told);
        assert_eq!(
            shape.unwrap_err(),
            "restoring a saved state: found shape [2, 1] of 2 single-precision values for weights/stem, \
             expected shape [1, 2]"
        );
        assert!(snapshot.doubles("weights/stem", 2).map_err(told).is_err(), "of another precision");
        assert!(snapshot.doubles("alpha/0", 2).map_err(told).unwrap_err().contains("3 double"));
        assert!(snapshot.singles("momentum", &[]).map_err(told).unwrap_err().contains("nothing"));
    }
}
