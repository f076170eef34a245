//! How long choosing takes on as many samples as ImageNet has: 10 % of 1,280,000 entropies.
//!
//! Prints the least time of five builds of each policy, scores and pool in memory already, and the
//! most memory that was resident, where the system tells.
//!
//! ```text
//! cargo run --release -p tamis-select --example select_large
//! ```

#![allow(clippy::print_stdout, reason = "an example")]

use std::sync::Arc;
use std::time::Instant;

use tamis_core::{Key, Purpose, SampleId};
use tamis_select::{Context, Error, Pool, ScoreRow, ScoreTable, build};

const SAMPLES: u32 = 1_280_000;

fn main() -> Result<(), Error> {
    let row = |id: u32| {
        let unit = Key::new(0, Purpose::Test).id(id.into()).stream().unit();
        ScoreRow { id: SampleId(id), class: id % 1000, score: 10_f64.powf(-9.0 * unit) }
    };
    let scores = ScoreTable::new((0..SAMPLES).map(row).collect())?;
    let labels = (0..SAMPLES).map(|id| id % 1000).collect();
    let pool = Arc::new(Pool::new(labels, 1000)?);
    let context = Context { scores: Some(Arc::new(scores)), ..Context::new(pool, 1, 50) };
    println!("resident before choosing: {} kB", resident_kb());
    for spec in ["random:0.1", "entropy-top:0.1", "two-tail:0.1", "proxy:0.1", "proxy-balanced:0.1"]
    {
        let mut least = f64::INFINITY;
        for _ in 0..5 {
            least = least.min(wall_s(spec, &context)?);
        }
        println!("{spec}: {least:.3} s");
    }
    println!("most resident: {} kB", resident_kb());
    Ok(())
}

fn wall_s(spec: &str, context: &Context) -> Result<f64, Error> {
    let start = Instant::now();
    let plan = build(spec, context)?.plan(0)?;
    assert_eq!(plan.weight.len() + plan.arch.len(), SAMPLES as usize / 10);
    Ok(start.elapsed().as_secs_f64())
}

/// The most memory resident so far.
fn resident_kb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| line.trim().trim_end_matches(" kB").to_owned())
}
