//! Samples chosen once.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tamis::{Choice, Given, RunConfig, choose_among};

use crate::errors::raised;
use crate::settings::layers;
use crate::shared::shared;
use crate::watched::computed;

/// Real numbers of either precision.
#[derive(FromPyObject)]
pub(crate) enum Reals<'py> {
    /// Single.
    Single(PyReadonlyArray1<'py, f32>),
    /// Double.
    Double(PyReadonlyArray1<'py, f64>),
}

impl Reals<'_> {
    fn to_vec(&self) -> Vec<f64> {
        match self {
            Reals::Single(array) => array.as_array().iter().copied().map(f64::from).collect(),
            Reals::Double(array) => array.as_array().to_vec(),
        }
    }
}

/// What is known of the samples.
pub(crate) fn given(
    labels: Option<PyReadonlyArray1<'_, u32>>,
    scores: Option<Reals<'_>>,
    score_kind: Option<String>,
    embeddings: Option<PyReadonlyArray2<'_, f32>>,
) -> PyResult<Given> {
    Ok(Given {
        labels: labels.map(|labels| labels.as_array().to_vec()),
        scores: scores.map(|scores| scores.to_vec()),
        score_kind,
        embeddings: embeddings.as_ref().map(shared).transpose()?,
    })
}

/// The settings of a choice.
pub(crate) fn config(settings: &Bound<'_, PyDict>) -> PyResult<RunConfig> {
    layers(settings)?.resolve().map_err(raised)
}

/// The ids that a policy chooses, ascending, and what there is to tell.
#[pyfunction]
#[pyo3(signature = (settings, *, labels=None, scores=None, score_kind=None, embeddings=None))]
pub(crate) fn choose<'py>(
    py: Python<'py>,
    settings: &Bound<'py, PyDict>,
    labels: Option<PyReadonlyArray1<'py, u32>>,
    scores: Option<Reals<'py>>,
    score_kind: Option<String>,
    embeddings: Option<PyReadonlyArray2<'py, f32>>,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Vec<String>)> {
    let config = config(settings)?;
    let given = given(labels, scores, score_kind, embeddings)?;
    let chosen = computed(py, move || choose_among(&config, &given))?;
    let Choice { ids, notes, .. } = chosen.map_err(raised)?;
    let ids: Vec<i64> = ids.into_iter().map(|id| i64::from(id.0)).collect();
    Ok((ids.into_pyarray(py), notes))
}
