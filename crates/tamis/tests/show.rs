//! Looking at runs from outside: what `tamis show` and `tamis runs` say of folders in every state, and
//! that looking changes nothing.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use common::{tamis, text};

const SMALL: [&str; 7] = [
    "--set=data.synthetic.train=64",
    "--set=data.synthetic.test=20",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--batch=8",
    "--epochs=3",
    "--progress=none",
];

/// Runs it in a folder.
fn run_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = common::run_in(folder, arguments);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn search(folder: &Path, out: &str, more: &[&str]) -> Option<i32> {
    run_in(folder, &[&["search", "--out", out], &SMALL[..], more].concat()).0
}

fn shown(folder: &Path, run: &str) -> Value {
    let (code, told, error) = run_in(folder, &["show", run, "--json"]);
    assert_eq!(code, Some(0), "{error}");
    serde_json::from_str(&told).unwrap()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn a_finished_run_shows_what_it_found_and_what_it_cost() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(search(folder.path(), "r", &["--seed=4"]), Some(0));
    let before = files(folder.path());
    let shown = shown(folder.path(), "r");
    let result: Value =
        serde_json::from_slice(&fs::read(folder.path().join("r/result.json")).unwrap()).unwrap();
    assert_eq!((&shown["state"], &shown["kind"]), (&"finished".into(), &"search".into()));
    assert_eq!(shown["genotype"], result["genotype"]);
    assert_eq!(shown["cost"]["weight_samples"], result["cost"]["weight_samples"]);
    assert_eq!((&shown["seed"], &shown["epochs_done"]), (&4.into(), &3.into()));
    assert_eq!(shown["next"], Value::Null);
    let (_, told, _) = run_in(folder.path(), &["show", "r"]);
    let genotype = result["genotype"].as_str().unwrap();
    assert!(told.contains(genotype) && told.contains("samples / full data"), "{told}");
    assert_eq!(files(folder.path()), before, "nothing is written by looking");
}

#[test]
fn a_stopped_run_shows_the_epochs_it_would_keep_and_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    // Four steps an epoch: in the second, then nothing at all.
    assert_eq!(search(folder.path(), "r", &["--stop-after-steps=6"]), Some(75));
    let seen = shown(folder.path(), "r");
    assert_eq!((&seen["state"], &seen["epochs_done"]), (&"stopped".into(), &1.into()));
    assert_eq!(seen["next"], "tamis resume r");
    let metrics = fs::read_to_string(folder.path().join("r/metrics.jsonl")).unwrap();
    let first: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    assert_eq!(seen["genotype"], first["genotype"]);
    assert_eq!(seen["cost"]["arch_samples"], first["arch_samples"]);
    assert_eq!(seen["cost"]["one_off_samples"], Value::Null, "nobody knows it yet");
    // A line whose checkpoint was never written does not count.
    let later = metrics.replace("\"epoch\":0", "\"epoch\":1");
    fs::write(folder.path().join("r/metrics.jsonl"), format!("{metrics}{later}")).unwrap();
    assert_eq!(shown(folder.path(), "r")["cost"]["arch_samples"], first["arch_samples"]);
    let (_, told, _) = run_in(folder.path(), &["show", "r"]);
    assert!(told.contains("stopped, 1 of 3 epochs done"), "{told}");
    assert_eq!(search(folder.path(), "s", &["--stop-after-steps=0"]), Some(75));
    assert_eq!(shown(folder.path(), "s")["epochs_done"], 0);
}

#[test]
fn damage_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (run, file, state) in [
        ("result", "result.json", "damaged"),
        ("settings", "config.toml", "damaged"),
        ("metrics", "metrics.jsonl", "stopped"),
        ("newest", "checkpoints/epoch-000001-step-000002.safetensors", "stopped"),
    ] {
        let stops = if run == "result" { "--stop-after-steps=99" } else { "--stop-after-steps=6" };
        search(folder.path(), run, &[stops]);
        fs::write(folder.path().join(run).join(file), "{ half").unwrap();
        let before = files(&folder.path().join(run));
        let shown = shown(folder.path(), run);
        assert_eq!(shown["state"], state, "{run}: {shown}");
        assert!(shown["problem"].is_string(), "{shown}");
        assert_eq!(files(&folder.path().join(run)), before);
    }
    let checkpoints = folder.path().join("newest/checkpoints");
    for entry in fs::read_dir(checkpoints).unwrap() {
        fs::write(entry.unwrap().path(), "half").unwrap();
    }
    let shown = shown(folder.path(), "newest");
    assert_eq!((&shown["state"], &shown["next"]), (&"damaged".into(), &Value::Null));
}

#[test]
fn folders_that_are_no_searches_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--set=data.synthetic.train=64", "--set=data.synthetic.test=20", "--progress=none"];
    let scored = [
        &["score", "--by=entropy", "--epochs=1", "--set=score.blocks=1", "--out=runs/s.csv"],
        &data[..],
    ]
    .concat();
    fs::create_dir(folder.path().join("runs")).unwrap();
    let (code, _, error) = run_in(folder.path(), &scored);
    assert_eq!(code, Some(0), "{error}");
    let compared =
        [&["compare", "--policies=full", "--threads=1", "--out=runs/c"], &SMALL[..]].concat();
    assert_eq!(run_in(folder.path(), &compared).0, Some(0));
    assert_eq!(search(folder.path(), "runs/r", &["--stop-after-steps=1"]), Some(75));
    fs::create_dir(folder.path().join("runs/photos")).unwrap();
    let (code, told, note) = run_in(folder.path(), &["runs", "--json"]);
    assert_eq!(code, Some(0), "{note}");
    let seen: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<[&str; 2]> = seen
        .iter()
        .map(|seen| [seen["kind"].as_str().unwrap(), seen["state"].as_str().unwrap()])
        .collect();
    assert_eq!(kinds, [["comparison", "finished"], ["search", "stopped"], ["scorer", "finished"]]);
    assert_eq!(seen[0]["runs_finished"], 1);
    assert!(note.contains("photos"), "what is left out is named: {note}");
    let (_, table, _) = run_in(folder.path(), &["runs"]);
    assert_eq!(table.lines().count(), 4, "{table}");
}

#[test]
fn a_folder_that_is_missing_or_holds_no_run_is_refused_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = tamis(&["show", path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("found no config.toml"), "{}", text(&output.stderr));
    for command in ["show", "runs"] {
        let output = tamis(&[command, &format!("{path}/none")]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("No such file"), "{}", text(&output.stderr));
    }
}

#[test]
fn names_with_control_characters_reach_nobody_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[2Jb\u{202e}c\nd";
    let acts = |text: &str| text.contains(['\u{1b}', '\u{202e}']) || text.contains("c\nd");
    assert_eq!(search(folder.path(), name, &["--stop-after-steps=1"]), Some(75));
    let classes = folder.path().join("data").join(name);
    fs::create_dir_all(&classes).unwrap();
    fs::write(classes.join("x\u{9b}y.png"), "no image").unwrap();
    for arguments in [
        vec!["show", name],
        vec!["show", name, "--json"],
        vec!["runs", "."],
        vec!["resume", name, "--stop-after-steps=1"],
        vec!["show", "no-such\u{1b}run"],
        vec!["data", "check", "data"],
        vec!["data", "stats", "data"],
        vec!["search", "--data", "data", "--policy=full"],
        vec!["lookup", "0", "--table", name],
        vec!["config", "diff", name, "no\u{1b}thing"],
    ] {
        let (_, told, error) = run_in(folder.path(), &arguments);
        assert!(!acts(&error) && !error.contains('\u{9b}'), "{arguments:?}: {error:?}");
        let is_json = arguments.contains(&"--json");
        assert!(is_json || !acts(&told), "{arguments:?}: {told:?}");
    }
}

#[test]
fn a_run_with_relative_paths_says_so_where_it_does_not_find_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    fs::create_dir_all(here.join("sets")).unwrap();
    let header = "arch,c10_valid_12,c10_test_200,c100_test_200,in16_test_200\n";
    fs::write(here.join("sets/table.csv"), header).unwrap();
    let table = ["--table=sets/table.csv", "--stop-after-steps=1"];
    assert_eq!(search(&here, "r", &table), Some(75));
    let (code, _, told) = run_in(folder.path(), &["resume", "here/r"]);
    assert_eq!(code, Some(3));
    assert!(told.contains("`sets/table.csv` is table in the run's settings"), "{told}");
    let began = fs::canonicalize(&here).unwrap();
    assert!(
        told.contains(began.to_str().unwrap()) && told.contains("here/r/config.toml"),
        "{told}"
    );
    assert_eq!(run_in(&here, &["resume", "r"]).0, Some(0), "there it goes on");
}
