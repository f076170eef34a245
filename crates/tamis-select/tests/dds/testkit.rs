//! A search that trains nothing: every prediction is made up from the sample and the epoch.

use std::sync::Arc;

use tamis_core::{Key, Level, Prediction, Purpose, SampleId};
use tamis_select::{
    Context, DdsSettings, Embeddings, Plan, Policy, Pool, Report, Settings, SplitRule, build,
};

pub(crate) const EPOCHS: u32 = 30;

/// What is said of a sample: its largest probability, and whether that is the right class.
pub(crate) type Answer = fn(SampleId, u32) -> (f32, bool);

/// Sure and right.
pub(crate) fn mastered(_: SampleId, _: u32) -> (f32, bool) {
    (0.99, true)
}

/// Right, sure or neither, by chance.
pub(crate) fn mixed(id: SampleId, epoch: u32) -> (f32, bool) {
    let mut stream = Key::new(5, Purpose::Test).epoch(epoch).id(id.0.into()).stream();
    (0.2 + 0.8 * stream.unit() as f32, stream.chance(0.7))
}

/// A pool of so many samples of three classes, in file order, with normal embeddings.
pub(crate) fn context(samples: u32, settings: DdsSettings) -> Context {
    let labels: Vec<u32> = (0..samples).map(|sample| (sample * 7 / 3) % 3).collect();
    let rows: Vec<_> = (0..).map(SampleId).zip(labels.iter().copied()).collect();
    let mut stream = Key::new(2, Purpose::Test).stream();
    let values: Vec<f32> = (0..4 * samples).map(|_| stream.normal() as f32).collect();
    let embeddings = Arc::new(Embeddings::new(&rows, &values, 4).unwrap());
    let pool = Arc::new(Pool::new(labels, 3).unwrap());
    let settings = Settings { dds: settings, ..Settings::default() };
    Context { embeddings: Some(embeddings), settings, ..Context::new(pool, 11, EPOCHS) }
}

/// One class in file order, so that the first half of the samples are the weight half, each at its
/// place on a line.
pub(crate) fn on_a_line(places: &[f32], settings: DdsSettings) -> Context {
    let samples: Vec<_> = (0..places.len() as u32).map(|id| (SampleId(id), 0)).collect();
    let embeddings = Arc::new(Embeddings::new(&samples, places, 1).unwrap());
    let pool = Arc::new(Pool::new(vec![0; places.len()], 1).unwrap());
    let settings = Settings { dds: settings, ..Settings::default() };
    let context = Context::new(pool, 1, EPOCHS);
    Context { embeddings: Some(embeddings), settings, split: SplitRule::Order, ..context }
}

/// Shows the policy what its plan leads to, in an order of its own.
pub(crate) fn train(policy: &mut dyn Policy, plan: &Plan, epoch: u32, answer: Answer) {
    if plan.steps == Some(0) {
        return;
    }
    let mut shown = predictions(&plan.arch, Level::Arch, epoch, answer);
    shown.extend(predictions(&plan.weight, Level::Weight, epoch, answer));
    Key::new(8, Purpose::Test).epoch(epoch).stream().shuffle(&mut shown);
    shown.chunks(7).for_each(|batch| policy.observe(batch));
}

pub(crate) fn predictions(
    ids: &[SampleId],
    level: Level,
    epoch: u32,
    answer: Answer,
) -> Vec<Prediction> {
    let predict = |&id| {
        let (max_probability, correct) = answer(id, epoch);
        let [true_probability, entropy, loss] = [0.0; 3];
        Prediction { id, level, epoch, true_probability, max_probability, correct, entropy, loss }
    };
    ids.iter().map(predict).collect()
}

/// All plans of a run with their reports.
pub(crate) fn run(spec: &str, context: &Context, answer: Answer) -> Vec<(Plan, Report)> {
    let mut policy = build(spec, context).unwrap();
    let epoch = |epoch| {
        let plan = policy.plan(epoch).unwrap();
        let report = policy.report();
        train(policy.as_mut(), &plan, epoch, answer);
        (plan, report)
    };
    (0..context.epochs).map(epoch).collect()
}

/// The epochs that have an update.
pub(crate) fn updates(run: &[(Plan, Report)]) -> Vec<usize> {
    (0..run.len()).filter(|&epoch| run[epoch].1.metrics.contains_key("turnover")).collect()
}

/// A figure of each update.
pub(crate) fn figures(run: &[(Plan, Report)], name: &str) -> Vec<f64> {
    updates(run).into_iter().map(|epoch| run[epoch].1.metrics[name]).collect()
}
