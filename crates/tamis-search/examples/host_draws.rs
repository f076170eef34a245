//! The random draws of the hosts in the golden runs, as JSON: `bench/pytorch/golden_hosts.py` reads them.
//!
//! For ten steps of seed 0, at the epochs that the golden runs pretend to be in: of `gdas` the Gumbel noise,
//! thirty values of the weights' sample and then thirty of the architecture's; of `sdarts` thirty uniform
//! values in `[0, 1)`; of `pc-darts` what the parameters of edges start from, by kind of cell, node and edge.
//! Says the order in which hosts draw a second time, deliberately: a host that draws otherwise leaves the
//! golden runs.
//!
//! ```text
//! cargo run --release --example host_draws > draws.json
//! ```

#![allow(clippy::print_stdout, reason = "an example")]

use serde_json::json;
use tamis_core::{Key, Purpose, Stream};

const STEPS: u32 = 10;
/// Mixing weights of NAS-Bench-201.
const SHARES: usize = 30;
/// Nodes of a cell of DARTS, and the most edges into one.
const NODES: usize = 4;
const MOST_EDGES: usize = 5;

fn main() {
    let draws = json!({
        "gdas": steps(9, 2 * SHARES, gumbel),
        "sdarts": steps(9, SHARES, Stream::unit),
        "pc-darts": [edges(0), edges(1)],
    });
    println!("{draws}");
}

/// What each step of an epoch draws.
fn steps(epoch: u32, count: usize, draw: impl Fn(&mut Stream) -> f64) -> Vec<Vec<f64>> {
    let of_step = |step| {
        let mut stream = Key::new(0, Purpose::Host).epoch(epoch).step(step).stream();
        (0..count).map(|_| draw(&mut stream)).collect()
    };
    (0..STEPS).map(of_step).collect()
}

fn gumbel(stream: &mut Stream) -> f64 {
    -(-stream.unit_positive().ln()).ln()
}

/// A row a node, as long as the longest; a row of fewer edges does not use its last ones.
fn edges(kind: u64) -> Vec<f64> {
    let mut stream = Key::new(0, Purpose::Host).id(kind).stream();
    let rows: Vec<f64> = (0..NODES * MOST_EDGES).map(|_| 1e-3 * stream.normal()).collect();
    let used = rows.chunks(MOST_EDGES).enumerate();
    used.flat_map(|(node, row)| row[..node + 2].to_vec()).collect()
}
