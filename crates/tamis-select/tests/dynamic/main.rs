//! Policies that follow a search, on searches made up for them: whole runs, epoch by epoch.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod bdp;
mod composition;
mod controls;
mod degenerate;
mod infobatch;
mod resume;

use std::sync::Arc;

use tamis_core::{Key, Level, Prediction, Purpose, SampleId};
use tamis_select::{
    Context, Embeddings, Plan, Policy, Pool, Report, ScoreRow, ScoreTable, Settings, build,
};

/// Ten classes in turn, with scores and embeddings that mean nothing.
fn context(samples: u32, epochs: u32, settings: Settings) -> Context {
    let labels: Vec<u32> = (0..samples).map(|sample| sample % 10).collect();
    with_labels(labels, epochs, settings)
}

fn with_labels(labels: Vec<u32>, epochs: u32, settings: Settings) -> Context {
    let ids = || (0..).map(SampleId).zip(labels.iter().copied());
    let score = |id: SampleId| unit(3, 0, id);
    let rows = ids().map(|(id, class)| ScoreRow { id, class, score: score(id) }).collect();
    let samples: Vec<_> = ids().collect();
    let values: Vec<f32> =
        samples.iter().flat_map(|(id, _)| [1, 2].map(|place| unit(4, place, *id) as f32)).collect();
    Context {
        scores: Some(Arc::new(ScoreTable::new(rows).unwrap())),
        embeddings: Some(Arc::new(Embeddings::new(&samples, &values, 2).unwrap())),
        settings,
        ..Context::new(Arc::new(Pool::new(labels, 10).unwrap()), 7, epochs)
    }
}

fn unit(seed: u64, epoch: u32, id: SampleId) -> f64 {
    Key::new(seed, Purpose::Test).epoch(epoch).id(id.0.into()).stream().unit()
}

/// A prediction with this probability of the true class.
fn prediction(id: SampleId, level: Level, epoch: u32, true_probability: f64) -> Prediction {
    Prediction {
        id,
        level,
        epoch,
        true_probability: true_probability as f32,
        max_probability: true_probability.max(1.0 - true_probability) as f32,
        correct: true_probability > 0.5,
        entropy: 0.3,
        loss: -true_probability.max(1e-6).ln() as f32,
    }
}

/// What is said of every planned sample, both levels.
fn predictions(plan: &Plan, epoch: u32, says: impl Fn(SampleId, u32) -> f64) -> Vec<Prediction> {
    let levels = [(Level::Weight, &plan.weight), (Level::Arch, &plan.arch)];
    let of = |(level, ids): (Level, &Vec<SampleId>)| -> Vec<Prediction> {
        ids.iter().map(|&id| prediction(id, level, epoch, says(id, epoch))).collect()
    };
    levels.into_iter().flat_map(of).collect()
}

/// A probability that means nothing.
fn noise(id: SampleId, epoch: u32) -> f64 {
    unit(5, epoch, id)
}

/// A whole search: the plan and the report of each epoch.
fn run(
    spec: &str,
    context: &Context,
    says: impl Fn(SampleId, u32) -> f64 + Copy,
) -> Vec<(Plan, Report)> {
    let mut policy = build(spec, context).unwrap();
    (0..context.epochs).map(|epoch| turn(policy.as_mut(), epoch, says)).collect()
}

fn turn(
    policy: &mut dyn Policy,
    epoch: u32,
    says: impl Fn(SampleId, u32) -> f64,
) -> (Plan, Report) {
    let plan = policy.plan(epoch).unwrap();
    let report = policy.report();
    policy.observe(&predictions(&plan, epoch, says));
    (plan, report)
}

fn is_part(part: &[SampleId], of: &[SampleId]) -> bool {
    part.iter().all(|id| of.binary_search(id).is_ok())
}

/// Samples of each of the ten classes.
fn class_counts(ids: &[SampleId], context: &Context) -> Vec<usize> {
    context.pool.grouped(ids).iter().map(Vec::len).collect()
}
