//! A policy in somebody else's training loop: planned epoch by epoch, told what the network says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};
use tamis::core::{Level, Prediction, SampleId};
use tamis::select::{LearningRateEvent, Plan, Policy as Chooser, Pool, build};

use crate::errors::{raised, refused};
use crate::select::{Reals, config, given};
use crate::watched::computed;

/// A policy and where it stands.
#[pyclass(module = "tamis._tamis", frozen)]
pub(crate) struct Policy {
    name: String,
    pool: Arc<Pool>,
    state: Arc<Mutex<State>>,
}

struct State {
    chooser: Box<dyn Chooser>,
    /// The epoch that is planned next.
    next: u32,
    /// What was planned last.
    plan: Option<Plan>,
    /// What there is to tell of it.
    notes: Vec<String>,
}

/// Ids of both levels, factors on the losses of the first, steps, and whether the rate jumps to its peak.
type Planned<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Option<Bound<'py, PyArray1<f32>>>,
    Option<u32>,
    bool,
);

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (settings, *, labels=None, scores=None, score_kind=None, embeddings=None))]
    fn new(
        settings: &Bound<'_, PyDict>,
        labels: Option<PyReadonlyArray1<'_, u32>>,
        scores: Option<Reals<'_>>,
        score_kind: Option<String>,
        embeddings: Option<PyReadonlyArray2<'_, f32>>,
    ) -> PyResult<Policy> {
        let config = config(settings)?;
        config.search.check().map_err(raised)?;
        let (context, _) =
            given(labels, scores, score_kind, embeddings)?.context(&config).map_err(raised)?;
        let name = config.search.policy.name;
        let chooser = build(&name, &context).map_err(raised)?;
        let state = State { chooser, next: 0, plan: None, notes: Vec::new() };
        Ok(Policy { name, pool: context.pool, state: Arc::new(Mutex::new(state)) })
    }

    /// The samples of an epoch: the one planned last, or the next.
    fn plan<'py>(&self, py: Python<'py>, epoch: u32) -> PyResult<Planned<'py>> {
        let (state, name) = (self.state.clone(), self.name.clone());
        let plan = computed(py, move || planned(&mut locked(&state), &name, epoch))??;
        let jumps = plan.learning_rate == Some(LearningRateEvent::JumpToPeak);
        let factors = plan.loss_weights.map(|factors| factors.into_pyarray(py));
        Ok((ids(py, &plan.weight), ids(py, &plan.arch), factors, plan.steps, jumps))
    }

    /// Takes in what a network says of samples of the last plan: probabilities `[sample, class]`.
    fn observe(
        &self,
        py: Python<'_>,
        ids: PyReadonlyArray1<'_, i64>,
        probabilities: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<()> {
        let (ids, rows) = (ids.as_array(), probabilities.as_array());
        if ids.len() != rows.nrows() {
            let (found, expected) = (rows.nrows(), ids.len());
            return Err(refused(format!(
                "observing: found {found} rows of probabilities for {expected} samples, expected as many"
            )));
        }
        let given: Vec<(i64, Vec<f64>)> =
            ids.iter().copied().zip(rows.rows()).map(|(id, row)| (id, row.to_vec())).collect();
        py.detach(|| self.observed(&given))
    }

    /// What the policy told of the last plan.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.locked().notes.clone()
    }

    /// Everything that later plans depend on, as JSON.
    fn state(&self) -> String {
        let state = self.locked();
        let plan = state.plan.as_ref().map(|plan| json!(plan));
        json!({ "policy": self.name, "next": state.next, "plan": plan, "state": state.chooser.state() })
            .to_string()
    }

    /// Goes back to what `state` told.
    fn restore(&self, state: &str) -> PyResult<()> {
        let wrong = |found: String| {
            refused(format!(
                "restoring the policy {}: found {found}, expected what its state_dict() gave",
                self.name
            ))
        };
        let mut saved: Value = serde_json::from_str(state).map_err(|e| wrong(e.to_string()))?;
        if saved["policy"] != self.name.as_str() {
            return Err(wrong(format!("the state of {}", saved["policy"])));
        }
        let plan: Option<Plan> =
            serde_json::from_value(saved["plan"].take()).map_err(|e| wrong(e.to_string()))?;
        let next = saved["next"].as_u64().and_then(|next| u32::try_from(next).ok());
        let next = next.ok_or_else(|| wrong("no epoch".to_owned()))?;
        let mut own = self.locked();
        own.chooser.restore(&saved["state"]).map_err(raised)?;
        (own.plan, own.next) = (plan, next);
        own.notes.clear();
        Ok(())
    }
}

impl Policy {
    fn locked(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    fn observed(&self, given: &[(i64, Vec<f64>)]) -> PyResult<()> {
        let mut state = self.locked();
        let (Some(plan), Some(epoch)) = (&state.plan, state.next.checked_sub(1)) else {
            return Err(refused("observing: found no plan, expected one: plan(0) comes first"));
        };
        let predictions = given.iter().map(|(id, probabilities)| {
            let sample = u32::try_from(*id).ok().filter(|id| (*id as usize) < self.pool.bound());
            let sample = SampleId(sample.ok_or_else(|| {
                refused(format!(
                    "observing: found the id {id}, expected one of the {} samples",
                    self.pool.bound()
                ))
            })?);
            let class = self.pool.label(sample) as usize;
            check(sample, probabilities, class)?;
            let place = (sample, plan.level(sample), epoch);
            Ok(Prediction::of_probabilities(place, probabilities, class))
        });
        let predictions = predictions.collect::<PyResult<Vec<Prediction>>>()?;
        let [weight, arch]: [Vec<Prediction>; 2] = Level::BOTH
            .map(|level| predictions.iter().filter(|of| of.level == level).copied().collect());
        state.chooser.observe(&weight);
        state.chooser.observe(&arch);
        Ok(())
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The plan of an epoch: the last, or the next.
fn planned(state: &mut State, name: &str, epoch: u32) -> PyResult<Plan> {
    let last = state.next.checked_sub(1);
    if let (Some(plan), true) = (&state.plan, last == Some(epoch)) {
        return Ok(plan.clone());
    }
    if epoch != state.next {
        let or = last.map_or(String::new(), |last| format!(" or {last}"));
        return Err(refused(format!(
            "planning by {name}: found epoch {epoch}, expected {}{or}: epochs are planned one after the \
             other, from 0",
            state.next
        )));
    }
    let plan = state.chooser.plan(epoch).map_err(raised)?;
    state.notes = state.chooser.report().notes;
    (state.next, state.plan) = (epoch + 1, Some(plan.clone()));
    Ok(plan)
}

/// Refuses what are no probabilities of the classes.
fn check(sample: SampleId, probabilities: &[f64], class: usize) -> PyResult<()> {
    let sum: f64 = probabilities.iter().sum();
    let found = if class >= probabilities.len() {
        format!("{} probabilities for a sample of class {class}", probabilities.len())
    } else if probabilities.iter().any(|p| !(0.0..=1.002).contains(p)) || (sum - 1.0).abs() > 2e-3 {
        format!("values that sum up to {sum:.6}")
    } else {
        return Ok(());
    };
    Err(refused(format!(
        "observing sample {sample}: found {found}, expected a probability a class, from 0 on, that sum \
         up to 1; hint: take the softmax of logits first"
    )))
}

fn ids<'py>(py: Python<'py>, ids: &[SampleId]) -> Bound<'py, PyArray1<i64>> {
    ids.iter().map(|id| i64::from(id.0)).collect::<Vec<_>>().into_pyarray(py)
}
