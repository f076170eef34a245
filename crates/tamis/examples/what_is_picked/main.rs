//! What each policy picks, on synthetic images whose difficulty and wrong labels are known.
//!
//! Prints the Markdown table of `docs/results/what-is-picked.md`. No network is trained: scores,
//! embeddings and predictions are simulated from what is truly known of each image, see `model`.
//! So the table shows what a policy does with scores that behave as intended, not how good any
//! classifier's scores are.
//!
//! ```text
//! cargo run --release --example what_is_picked
//! ```

#![allow(clippy::print_stdout, reason = "an example")]

mod model;

use std::sync::Arc;

use tamis::Error;
use tamis::core::SampleId;
use tamis::data::{DataConfig, Truth, open};
use tamis::select::{Context, Plan, Pool, build};

use model::Model;

const SAMPLES: usize = 4_000;
const EPOCHS: u32 = 50;
const SEEDS: u64 = 5;

const SPECS: [&str; 19] = [
    "full",
    "random:0.1",
    "proxy:0.1",
    "proxy-p2:0.1",
    "proxy-p3:0.1",
    "proxy-balanced:0.1",
    "two-tail:0.1",
    "entropy-top:0.1",
    "entropy-bottom:0.1",
    "forgetting:0.1",
    "el2n:0.1",
    "k-center:0.1",
    "k-center-balanced:0.1",
    "infobatch",
    "random-like:infobatch",
    "bdp",
    "random-like:bdp",
    "proxy:0.3+bdp",
    "random:0.3+bdp",
];

fn main() -> Result<(), Error> {
    let mut config = DataConfig::default();
    config.synthetic.train = SAMPLES;
    config.synthetic.test = 0;
    let train = open(&config)?.train;
    let truth = train.truth().unwrap_or_default().to_vec();
    let pool = Arc::new(Pool::new(train.labels().to_vec(), 10)?);
    println!(
        "| policy | images | hardest quarter | easiest quarter | wrong labels | largest / smallest class |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for spec in SPECS {
        let rows = (0..SEEDS).map(|seed| row(spec, seed, &pool, &truth));
        let rows = rows.collect::<Result<Vec<Row>, Error>>()?;
        let mean = |of: fn(&Row) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
        println!(
            "| `{spec}` | {:.0} | {:.1} % | {:.1} % | {:.1} % | {:.2} |",
            mean(|row| row.images),
            mean(|row| row.hard),
            mean(|row| row.easy),
            mean(|row| row.wrong),
            mean(|row| row.imbalance),
        );
    }
    Ok(())
}

struct Row {
    images: f64,
    hard: f64,
    easy: f64,
    wrong: f64,
    imbalance: f64,
}

/// What is active in the last epoch that the policy still chooses in, both levels together.
fn row(spec: &str, seed: u64, pool: &Arc<Pool>, truth: &[Truth]) -> Result<Row, Error> {
    let model = Model { truth, pool, seed };
    let kind = spec.split([':', '+']).next().unwrap_or_default();
    let context = Context {
        scores: Some(Arc::new(model.scores(kind)?)),
        embeddings: Some(Arc::new(model.embeddings()?)),
        ..Context::new(pool.clone(), seed, EPOCHS)
    };
    let mut policy = build(spec, &context)?;
    let mut active = Vec::new();
    for epoch in 0..EPOCHS {
        let plan = policy.plan(epoch)?;
        policy.observe(&model.predictions(&plan, epoch));
        // InfoBatch takes all in the last eighth.
        if epoch < EPOCHS * 7 / 8 {
            active = chosen(spec, plan);
        }
    }
    Ok(describe(&active, pool, truth))
}

/// The samples that are chosen: InfoBatch chooses at the weight level only.
fn chosen(spec: &str, plan: Plan) -> Vec<SampleId> {
    if spec.ends_with("infobatch") { plan.weight } else { [plan.weight, plan.arch].concat() }
}

fn describe(active: &[SampleId], pool: &Pool, truth: &[Truth]) -> Row {
    let mut difficulties: Vec<f64> = truth.iter().map(|truth| truth.difficulty).collect();
    difficulties.sort_by(f64::total_cmp);
    let (low, high) = (difficulties[SAMPLES / 4], difficulties[SAMPLES * 3 / 4]);
    let share = |is: &dyn Fn(&Truth) -> bool| {
        let found = active.iter().filter(|id| is(&truth[id.index()])).count();
        100.0 * found as f64 / active.len() as f64
    };
    let counts: Vec<usize> = pool.grouped(active).iter().map(Vec::len).collect();
    let (most, least) = (counts.iter().max(), counts.iter().min());
    Row {
        images: active.len() as f64,
        hard: share(&|truth| truth.difficulty >= high),
        easy: share(&|truth| truth.difficulty < low),
        wrong: share(&|truth| truth.mislabelled),
        imbalance: most.map_or(0.0, |&most| most as f64) / least.map_or(1.0, |&n| n.max(1) as f64),
    }
}
