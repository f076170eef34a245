//! What each policy picks, on synthetic images whose difficulty and wrong labels are known.
//!
//! Prints the Markdown table of `docs/results/what-is-picked.md` to standard output, and what it
//! does to standard error. Everything is real: a scorer and an autoencoder are trained for each
//! seed (see `tables`), and policies that follow a search follow one (see `picks`). No policy sees
//! what is truly known of an image; only the table's columns do (see `shares`).
//!
//! ```text
//! cargo run --release --example what_is_picked
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

mod picks;
mod shares;
mod tables;

use std::error::Error;
use std::sync::Arc;

use tamis::data::{DataConfig, Dataset, open};
use tamis::nn::keep_freed_memory;

use picks::Picks;
use shares::Shares;
use tables::Tables;

const SAMPLES: usize = 4_000;
const SEEDS: u64 = 3;

const SPECS: [&str; 22] = [
    "full",
    "random:0.1",
    "random-epoch:0.1",
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
    "dds:200",
    "random-like:dds:200",
];

fn main() -> Result<(), Box<dyn Error>> {
    keep_freed_memory();
    let data = data();
    let train = Arc::new(open(&data)?.train);
    let mut found: Vec<Vec<Shares>> = SPECS.map(|_| Vec::new()).into();
    for seed in 0..SEEDS {
        for (shares, spec) in found.iter_mut().zip(rows(&data, &train, seed)?) {
            shares.push(spec);
        }
    }
    println!(
        "| policy | images | hardest quarter | easiest quarter | wrong labels | largest / smallest class |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (spec, shares) in SPECS.iter().zip(&found) {
        println!("| `{spec}` | {} |", Shares::mean(shares));
    }
    Ok(())
}

fn data() -> DataConfig {
    let mut data = DataConfig::default();
    data.synthetic.train = SAMPLES;
    data.synthetic.test = 0;
    data
}

/// What every policy picks with this seed, which is that of all its trainings and searches.
fn rows(data: &DataConfig, train: &Arc<Dataset>, seed: u64) -> Result<Vec<Shares>, Box<dyn Error>> {
    let tables = Tables::make(data, seed)?;
    let row = |spec: &str| -> Result<Shares, Box<dyn Error>> {
        let picks = Picks::of(spec, seed, &tables, train)?;
        let shares = Shares::of(&picks.ids, train);
        eprintln!("seed {seed}, {spec}: {shares}{}", picks.searched());
        Ok(shares)
    };
    SPECS.into_iter().map(row).collect()
}
