//! Every search algorithm with the policies of the three papers, from the command line.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tamis::search::{HOSTS, SPACES};

use common::{for_all, tamis, text};

/// The smallest search: one epoch on drawn images, and one of whatever makes scores and embeddings.
const SMALL: [&str; 21] = [
    "--set=data.synthetic.train=48",
    "--set=data.synthetic.test=0",
    "--set=data.size=16",
    "--set=score.channels=2",
    "--set=score.blocks=1",
    "--set=score.batch=16",
    "--set=score.epochs=1",
    "--set=embed.width=4",
    "--set=embed.batch=16",
    "--set=embed.epochs=1",
    "--set=space.channels=4",
    "--set=host.p_darts.cells=[3, 3, 3]",
    "--set=host.enas.steps=2",
    "--set=host.enas.children=2",
    "--set=host.eg_nas.population=4",
    "--set=host.eg_nas.restarts=2",
    "--set=host.trials.batches=2",
    "--set=alpha.first_epoch=0",
    "--batch=12",
    "--epochs=1",
    "--threads=1",
];

/// Runs one; false if the host is not defined on the space, and says so.
fn is_run(runs: &Path, space: &str, host: &str, policy: &str) -> bool {
    let run = runs.join(format!("{space}-{host}-{policy}"));
    let cells = match space {
        "darts" => "3",
        "tas" => "2",
        _ => "1",
    };
    let cells = format!("--set=space.cells={cells}");
    let own = ["search", "--out", run.to_str().unwrap(), "--space", space, "--host", host];
    let own = [&own[..], &["--policy", policy, &cells, "--progress=none"]].concat();
    let output = tamis(&[&own[..], &SMALL].concat());
    let told = text(&output.stderr);
    if output.status.code() == Some(2) {
        assert!(
            told.contains(&format!("searching with {host}: found the space {space}")),
            "{told}"
        );
        assert!(!run.exists(), "{host} on {space} leaves nothing");
        return false;
    }
    assert_eq!(output.status.code(), Some(0), "{host} on {space} with {policy}: {told}");
    let result = std::fs::read_to_string(run.join("result.json")).unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!([&result["host"], &result["space"], &result["policy"]], [host, space, policy]);
    assert_eq!(text(&output.stdout).trim(), result["genotype"].as_str().unwrap());
    assert!(result["cost"]["weight_samples"].as_u64() > Some(0), "{result}");
    true
}

#[test]
fn every_host_runs_with_the_policies_of_the_three_papers_on_every_space_that_it_is_defined_on() {
    let folder = tempfile::tempdir().unwrap();
    // Scores and embeddings are made once, and found by all others.
    for policy in ["proxy:0.5", "dds:24"] {
        assert!(is_run(folder.path(), "nas-bench-201", "darts", policy));
    }
    let spaces = SPACES.iter().flat_map(|space| HOSTS.iter().map(|host| (space.name, host.name)));
    let all: Vec<(&str, &str)> = spaces.filter(|of| *of != ("nas-bench-201", "darts")).collect();
    let undefined = AtomicUsize::new(0);
    for_all(&all, |(space, host)| {
        let run = |policy: &&str| is_run(folder.path(), space, host, policy);
        match ["proxy:0.5", "dds:24", "bdp"].iter().filter(|policy| run(policy)).count() {
            3 => {}
            0 => drop(undefined.fetch_add(1, Ordering::Relaxed)),
            some => panic!("{host} on {space} runs with {some} of three policies"),
        }
    });
    // pc-darts and p-darts on NAS-Bench-201, mobilenet and TAS; p-darts, sgas and proxyless on three spaces
    // of NAS-Bench-1shot1.
    assert_eq!(undefined.into_inner(), 3 * 2 + 3 * 3);
}
