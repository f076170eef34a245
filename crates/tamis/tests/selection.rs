//! A policy that needs scores or embeddings nobody made: one command makes them, says so, counts them,
//! keeps them for the next search, and goes on inside them wherever it was cut off.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use common::{ended, program, tamis, text};

/// A search small enough for a test, by a scorer and an autoencoder that are.
const SMALL: [&str; 14] = [
    "--set=data.synthetic.train=60",
    "--set=data.synthetic.test=0",
    "--set=data.size=16",
    "--set=score.channels=2",
    "--set=score.blocks=1",
    "--set=score.batch=16",
    "--set=score.epochs=3",
    "--set=embed.width=4",
    "--set=embed.batch=16",
    "--set=embed.epochs=2",
    "--set=space.channels=2",
    "--batch=8",
    "--epochs=2",
    "--progress=plain",
];

fn search(out: &Path, policy: &str, more: &[&str]) -> Output {
    let own = ["search", "--out", out.to_str().unwrap(), "--policy", policy];
    tamis(&[&own, &SMALL[..], more].concat())
}

fn resume(run: &Path, more: &[&str]) -> Output {
    tamis(&[&["resume", run.to_str().unwrap()], more].concat())
}

/// The tables made beside runs, by their kind, with their bytes.
fn tables(runs: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(runs.join("tamis-tables")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut tables: Vec<(String, Vec<u8>)> = files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| !name.ends_with(".cost.json"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect();
    tables.sort();
    tables
}

/// What a run chose, found and spent, less what a clock or the memory says.
fn outcome(run: &Path) -> Value {
    let mut result: Value =
        serde_json::from_str(&fs::read_to_string(run.join("result.json")).unwrap()).unwrap();
    for clock in ["search_wall_s", "one_off_wall_s", "peak_rss_bytes"] {
        result["cost"][clock].take();
    }
    result
}

#[test]
fn what_a_policy_needs_is_made_once_told_counted_and_found_by_the_next_search() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    for (policy, made, kind) in [
        ("proxy:0.5", "entropy scores", "tamis-entropy-"),
        ("forgetting:0.5", "forgetting scores", "tamis-forgetting-"),
        ("dds:20", "embeddings", "tamis-triplet-ae-"),
    ] {
        let told = ended(&search(&run(policy), policy, &[]), 0);
        assert!(told.contains(made) && told.contains("are made now"), "{told}");
        let before = tables(folder.path());
        assert!(before.iter().any(|(name, _)| name.starts_with(kind)), "{policy}: {before:?}");
        assert!(outcome(&run(policy))["cost"]["one_off_samples"].as_u64() > Some(60));
        let next = run(&format!("{policy}-next"));
        let told = ended(&search(&next, policy, &["--seed=1"]), 0);
        assert!(told.contains("of an earlier run") && !told.contains("epoch 1/3"), "{told}");
        assert_eq!(tables(folder.path()), before, "nothing is made twice");
        let cost = |run: &Path| outcome(run)["cost"]["one_off_samples"].clone();
        assert_eq!(cost(&next), cost(&run(policy)), "each search tells what its scores cost");
    }
    let listed = tamis(&["runs", folder.path().to_str().unwrap()]);
    assert!(text(&listed.stdout).contains("tamis-scorer-"), "{}", text(&listed.stdout));
    assert!(!ended(&listed, 0).contains("none of a run"), "{}", text(&listed.stderr));
    let told = ended(&search(&run("other"), "proxy:0.5", &["--set=score.epochs=1"]), 0);
    assert!(told.contains("are made now"), "other settings make other scores: {told}");
}

#[test]
fn a_table_made_with_a_search_is_the_one_that_the_command_makes() {
    let folder = tempfile::tempdir().unwrap();
    ended(&search(&folder.path().join("run"), "proxy:0.5", &[]), 0);
    let out = folder.path().join("scores.csv");
    let own = ["score", "--by=entropy", "--out", out.to_str().unwrap()];
    let settings = SMALL.iter().filter(|set| set.contains("data.") || set.contains("score."));
    ended(&tamis(&own.into_iter().chain(settings.copied()).collect::<Vec<_>>()), 0);
    assert_eq!(tables(folder.path())[0].1, fs::read(out).unwrap());
}

#[test]
fn a_search_stopped_in_its_scores_says_how_to_go_on_and_ends_as_if_it_had_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (straight, stopped) = (folder.path().join("a/run"), folder.path().join("b/run"));
    for policy in ["proxy:0.5", "dds:20"] {
        for parent in ["a", "b"] {
            let _ = fs::remove_dir_all(folder.path().join(parent));
        }
        ended(&search(&straight, policy, &[]), 0);
        let told = ended(&search(&stopped, policy, &["--stop-after-steps=3"]), 75);
        assert!(told.contains("tamis resume") && told.contains("b/run"), "{told}");
        assert!(!stopped.join("run.json").exists(), "the search has not begun");
        ended(&resume(&stopped, &["--stop-after-steps=2"]), 75);
        ended(&resume(&stopped, &[]), 0);
        assert_eq!(outcome(&stopped), outcome(&straight));
        assert_eq!(tables(&folder.path().join("b")), tables(&folder.path().join("a")));
    }
}

/// More than what a pipe holds that nobody reads: whoever writes as much waits before the end.
const MORE_THAN_A_PIPE_HOLDS: usize = 70_000;

/// Epochs of a scorer that tells more of them than a pipe holds.
const LONG: [&str; 2] = ["--set=score.epochs=800", "--progress=json"];

/// Whether a training in this folder has a checkpoint.
fn has_checkpoint(tables: &Path) -> bool {
    let works = fs::read_dir(tables).into_iter().flatten().flatten();
    let mut files = works.flat_map(|work| fs::read_dir(work.path().join("checkpoints")));
    // What is being written has another ending.
    let is_whole = |path: PathBuf| path.extension().is_some_and(|it| it == "safetensors");
    files.any(|files| files.flatten().any(|file| is_whole(file.path())))
}

#[test]
fn a_search_killed_in_its_scorer_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (straight, killed) = (folder.path().join("a/run"), folder.path().join("b/run"));
    let told = ended(&search(&straight, "proxy:0.5", &LONG), 0);
    assert!(told.split(r#"{"epoch":0,"steps":2"#).next().unwrap().len() > MORE_THAN_A_PIPE_HOLDS);
    let own = ["search", "--out", killed.to_str().unwrap(), "--policy=proxy:0.5"];
    let mut command = program();
    command.args([&own, &SMALL[..], &LONG].concat());
    // Nobody reads what it says, so that it cannot leave the scorer before it is killed.
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !has_checkpoint(&folder.path().join("b/tamis-tables")) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!killed.join("run.json").exists(), "the kill met the scorer");
    let told = ended(&resume(&killed, &["--progress=plain"]), 0);
    assert!(!told.contains("epoch 1/800"), "the scorer goes on, it does not begin again: {told}");
    assert_eq!(outcome(&killed), outcome(&straight));
    assert_eq!(tables(&folder.path().join("b")), tables(&folder.path().join("a")));
    // Without its table a run makes it again; another in its place is refused.
    let tables_of_run = folder.path().join("b/tamis-tables");
    fs::remove_dir_all(&tables_of_run).unwrap();
    ended(&resume(&killed, &[]), 0);
    assert_eq!(tables(&folder.path().join("b")), tables(&folder.path().join("a")));
}

#[test]
fn a_comparison_makes_what_its_policies_need_once_before_its_runs_and_prints_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let policies = "--policies=proxy:0.5,forgetting:0.5,random:0.5";
    let grid = ["compare", "--out", out.to_str().unwrap(), policies, "--seeds=0..2", "--jobs=2"];
    let compare = |more: &[&str]| tamis(&[&grid, &SMALL[..], more].concat());
    let told = ended(&compare(&["--stop-after-steps=3"]), 75);
    assert!(told.contains("stopped with 0 of 6 runs done"), "{told}");
    let told = ended(&compare(&[]), 0);
    assert_eq!(told.matches("are made now").count(), 2, "{told}");
    let made = tables(&out.join("runs"));
    assert_eq!(made.len(), 2, "entropy and forgetting, each once");
    fs::remove_dir_all(out.join("runs")).unwrap();
    let output = compare(&[]);
    assert!(!ended(&output, 0).contains("are made now"), "the results are enough");
    let table = text(&output.stdout);
    assert!(table.contains("proxy:0.5") && table.contains("forgetting:0.5"), "{table}");
}

#[test]
fn what_cannot_be_searched_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    for (policy, more, part) in [
        ("proxy:0.5", "--space=dart", "dart"),
        ("proxy:0.5", "--set=data.size=15", "divisible"),
        ("proxy:600", "--seed=0", "proxy:600"),
        ("proxy:0.5+el2n:0.5", "--seed=0", "entropy"),
    ] {
        let output = search(&run, policy, &[more]);
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains(part), "{policy} {more}: {told}");
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "{policy} {more}");
    }
}
