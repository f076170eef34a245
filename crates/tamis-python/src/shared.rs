//! NumPy's arrays as numbers of the library, without a copy.

use std::sync::Arc;

use numpy::{PyArray2, PyReadonlyArray2};
use pyo3::prelude::*;
use tamis::select::SharedValues;

use crate::errors::refused;

/// An array that is kept alive for as long as its numbers are read.
struct Held {
    /// Its numbers, which lie in `array`.
    values: *const f32,
    count: usize,
    _array: Py<PyArray2<f32>>,
}

// SAFETY: the numbers are only read, and the array that owns them lives as long as `Held`. That nobody writes
// to it meanwhile is asked of the caller, as it is of every call that reads an array without the lock.
#[allow(unsafe_code)]
unsafe impl Send for Held {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Held {}

impl AsRef<[f32]> for Held {
    #[allow(unsafe_code)]
    fn as_ref(&self) -> &[f32] {
        // SAFETY: `of` took both from the slice of a contiguous array, which `_array` keeps alive; NumPy
        // refuses to resize an array that somebody else refers to.
        unsafe { std::slice::from_raw_parts(self.values, self.count) }
    }
}

/// The numbers of a contiguous array `[row, column]`, and how many a row has.
pub(crate) fn shared(array: &PyReadonlyArray2<'_, f32>) -> PyResult<(SharedValues, usize)> {
    let values = array.as_slice().map_err(|_| {
        refused("reading an array: found one that is not contiguous, expected rows in C order")
    })?;
    let columns = array.as_array().ncols();
    let held =
        Held { values: values.as_ptr(), count: values.len(), _array: array.as_unbound_array() };
    Ok((Arc::new(held), columns))
}

/// The array itself, for as long as somebody wants it.
trait Unbound {
    fn as_unbound_array(&self) -> Py<PyArray2<f32>>;
}

impl Unbound for PyReadonlyArray2<'_, f32> {
    fn as_unbound_array(&self) -> Py<PyArray2<f32>> {
        let array: &Bound<'_, PyArray2<f32>> = self;
        array.clone().unbind()
    }
}
