//! Furthest neighbours of points.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use tamis::select::furthest::{Effort, FurthestTree, Points, PointsError};

use crate::errors::refused;
use crate::shared::shared;
use crate::watched::computed;

/// A tree over points, which knows which of them are available.
#[pyclass(module = "tamis._tamis", frozen)]
pub(crate) struct FurthestNeighbours {
    tree: Arc<Mutex<FurthestTree>>,
    dimensions: usize,
}

/// Points, and how far away each is.
type Found<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);

#[pymethods]
impl FurthestNeighbours {
    #[new]
    fn new(
        py: Python<'_>,
        points: PyReadonlyArray2<'_, f32>,
        leaf_size: usize,
    ) -> PyResult<FurthestNeighbours> {
        let leaf_size = positive("leaf_size", leaf_size)?;
        let (values, dimensions) = shared(&points)?;
        let built = computed(py, move || {
            let points = Points::new((*values).as_ref(), dimensions)?;
            Ok(FurthestTree::build(&points, leaf_size))
        });
        let tree = built?.map_err(|error: PointsError| refused(error.to_string()))?;
        Ok(FurthestNeighbours { tree: Arc::new(Mutex::new(tree)), dimensions })
    }

    /// The furthest available point of each query, and its distance; -1 and NaN where there is none.
    fn query<'py>(
        &self,
        py: Python<'py>,
        queries: PyReadonlyArray2<'py, f32>,
        effort: &str,
        leaves: usize,
    ) -> PyResult<Found<'py>> {
        let effort = match effort {
            "exact" => Effort::Exact,
            "greedy" => Effort::Greedy,
            "best-first" => Effort::BestFirst { leaves: positive("leaves", leaves)? },
            _ => {
                return Err(refused(format!(
                    "asking for furthest neighbours: found effort={effort:?}, expected \"exact\", \
                     \"best-first\" or \"greedy\""
                )));
            }
        };
        let (values, dimensions) = shared(&queries)?;
        if dimensions != self.dimensions {
            return Err(refused(format!(
                "asking for furthest neighbours: found queries of {dimensions} dimensions, expected {}",
                self.dimensions
            )));
        }
        let tree = self.tree.clone();
        let found = computed(py, move || {
            let tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = (*values).as_ref().chunks_exact(dimensions.max(1));
            let found = rows.map(|query| {
                let found = tree.furthest(query, effort)?;
                Ok(found.map_or((-1, f64::NAN), |found| (found.point as i64, found.distance)))
            });
            found.collect::<Result<(Vec<i64>, Vec<f64>), PointsError>>()
        });
        let (points, distances) = found?.map_err(|error| refused(error.to_string()))?;
        Ok((points.into_pyarray(py), distances.into_pyarray(py)))
    }

    /// Makes a point unavailable; false if it was already.
    fn take(&self, point: usize) -> PyResult<bool> {
        self.changed(point, FurthestTree::take)
    }

    /// Makes a point available again; false if it was already.
    fn release(&self, point: usize) -> PyResult<bool> {
        self.changed(point, FurthestTree::release)
    }

    /// How many points are available.
    #[getter]
    fn available(&self) -> usize {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).available()
    }

    fn __len__(&self) -> usize {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl FurthestNeighbours {
    fn changed(
        &self,
        point: usize,
        change: impl FnOnce(&mut FurthestTree, usize) -> bool,
    ) -> PyResult<bool> {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let points = tree.len();
        if point >= points {
            return Err(refused(format!(
                "furthest neighbours: found point {point}, expected one below {points}"
            )));
        }
        Ok(change(&mut tree, point))
    }
}

fn positive(name: &str, value: usize) -> PyResult<NonZeroUsize> {
    NonZeroUsize::new(value)
        .ok_or_else(|| refused(format!("furthest neighbours: found {name}=0, expected at least 1")))
}
