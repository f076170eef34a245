//! Races from the command line: run, stopped, gone on with, looked at, refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use common::{ended, run_in, text};

/// The smallest race: two rungs on drawn images of 8 x 8.
const SMALL: [&str; 10] = [
    "--set=data.synthetic.train=64",
    "--set=data.synthetic.test=0",
    "--set=data.size=8",
    "--set=race.channels=2",
    "--set=race.cells=1",
    "--set=race.steps=[3,7]",
    "--set=race.keep=[2]",
    "--set=race.batch=16",
    "--set=race.warm_up_steps=1",
    "--progress=none",
];

const THREE: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|\
                     +|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";

fn race(folder: &Path, out: &str, more: &[&str]) -> Output {
    run_in(folder, &[&["race", "--out", out], &SMALL[..], more].concat())
}

/// What a race left, without the clock.
fn left(folder: &Path) -> (Vec<Value>, Value) {
    let trials = fs::read_to_string(folder.join("trials.jsonl")).unwrap();
    let trials = trials.lines().map(|line| {
        let mut trial: Value = serde_json::from_str(line).unwrap();
        assert!(trial["wall_s"].take().is_f64());
        trial
    });
    let trials = trials.collect();
    let text = fs::read_to_string(folder.join("result.json")).unwrap();
    let mut result: Value = serde_json::from_str(&text).unwrap();
    for clock in ["wall_s", "one_off_wall_s", "peak_rss_bytes"] {
        result["cost"][clock].take();
    }
    (trials, result)
}

#[test]
fn a_race_prints_its_winner_keeps_who_ran_and_is_shown_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let output = race(folder.path(), "r", &["--genotype", THREE]);
    ended(&output, 0);
    let winner = text(&output.stdout).trim().to_owned();
    let who = fs::read_to_string(folder.path().join("r/candidates.txt")).unwrap();
    assert_eq!(who.lines().count(), 19);
    assert_eq!(who.lines().next(), Some(THREE), "what it began at runs, too");
    assert!(who.lines().any(|line| line == winner));
    let (trials, result) = left(&folder.path().join("r"));
    assert_eq!(trials.len(), 19 + 2);
    assert_eq!(result["genotype"], winner);
    assert_eq!(result["standings"].as_array().unwrap().len(), 19);
    assert_eq!(result["standings"][0]["genotype"], winner);
    let shown = run_in(folder.path(), &["show", "r"]);
    ended(&shown, 0);
    let shown = text(&shown.stdout);
    assert!(
        shown.contains("race") && shown.contains("1. loss") && shown.contains(&winner),
        "{shown}"
    );
    ended(&run_in(folder.path(), &["report", "r", "--out", "r.html"]), 0);
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains("The ladder") && page.contains("rung 2, 7 steps"));
}

#[test]
fn a_race_that_is_stopped_at_any_step_goes_on_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let own = ["--candidates=random:4", "--policy=random-epoch:0.5", "--seed=3"];
    ended(&race(folder.path(), "whole", &own), 0);
    let mut output = race(folder.path(), "cut", &[&own[..], &["--stop-after-steps=1"]].concat());
    let mut sittings = 1;
    while output.status.code() == Some(75) {
        let told = text(&output.stderr);
        assert!(told.contains("tamis resume cut"), "{told}");
        let resume = ["resume", "cut", "--progress=none", "--stop-after-steps=5"];
        output = run_in(folder.path(), &resume);
        sittings += 1;
    }
    ended(&output, 0);
    assert!(sittings > 4, "{sittings}");
    assert_eq!(left(&folder.path().join("cut")), left(&folder.path().join("whole")));
    let again = run_in(folder.path(), &["resume", "cut", "--progress=none"]);
    ended(&again, 0);
    assert_eq!(text(&again.stdout), text(&output.stdout), "what is finished stays");
}

#[test]
fn candidates_come_from_a_search_or_a_file_and_nothing_else_is_raced() {
    let folder = tempfile::tempdir().unwrap();
    let search = [
        "search",
        "--out=s",
        "--epochs=2",
        "--batch=16",
        "--progress=none",
        "--set=data.synthetic.train=64",
        "--set=data.synthetic.test=0",
        "--set=data.size=8",
        "--set=space.channels=2",
        "--set=space.cells=1",
        "--set=space.derive_none=false",
    ];
    ended(&run_in(folder.path(), &search), 0);
    ended(&race(folder.path(), "n", &["--run", "s"]), 0);
    let found = fs::read_to_string(folder.path().join("s/result.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let who = fs::read_to_string(folder.path().join("n/candidates.txt")).unwrap();
    assert_eq!(who.lines().next(), found["genotype"].as_str());
    ended(&race(folder.path(), "v", &["--run", "s", "--candidates=visited"]), 0);

    let own = format!("# mine\n\n{THREE}\n{}\n", THREE.replace("3x3~0", "1x1~0"));
    tamis::run::write_durably(&folder.path().join("own.txt"), own.as_bytes()).unwrap();
    ended(&race(folder.path(), "f", &["--candidates=file:own.txt"]), 0);
    let who = fs::read_to_string(folder.path().join("f/candidates.txt")).unwrap();
    assert_eq!(who.lines().count(), 2);

    tamis::run::write_durably(&folder.path().join("bad.txt"), b"\n|nor_conv_3x3~0|\n").unwrap();
    for (arguments, code, words) in [
        (vec!["--candidates=file:bad.txt"], 3, "bad.txt: in line 2: reading a nas-bench-201"),
        (vec!["--candidates=file:none.txt"], 3, "none.txt"),
        (vec!["--candidates=neighbours"], 2, "--genotype G an architecture"),
        (vec!["--candidates=visited"], 2, "without the epochs of a search"),
        (vec!["--candidates=smallest:3"], 2, "found `smallest:3`, expected neighbours"),
        (vec!["--candidates=random:99999"], 2, "found `random:99999`, expected neighbours"),
        (vec!["--candidates=largest:9999"], 2, "no more than the space has"),
        (
            vec!["--candidates=random:3", "--set=race.held_out=99"],
            2,
            "race.held_out = 99 of 64 images",
        ),
        (
            vec!["--candidates=random:3", "--set=cost.target_macs=1000"],
            2,
            "found a target of cost, expected none",
        ),
        (vec!["--set=race.keep=[]"], 2, "race.keep = []"),
        (vec!["--set=race.stepz=[3]"], 2, "the nearest is `race.steps`"),
        (vec!["--run=f"], 2, "found no finished search"),
    ] {
        let output = race(folder.path(), "bad", &arguments);
        let told = ended(&output, code);
        assert!(told.contains(words), "{arguments:?}: {told}");
        assert!(!folder.path().join("bad").exists(), "{arguments:?} leaves nothing");
    }
}

/// The smallest search on what the smallest race runs on, finished by it.
fn finished_search(folder: &Path, out: &str, more: &[&str]) -> Output {
    let own = [
        "search",
        "--out",
        out,
        "--epochs=2",
        "--batch=16",
        "--policy=random-epoch:0.5",
        "--set=finish=race:neighbours",
        "--set=space.channels=2",
        "--set=space.cells=1",
        "--set=space.derive_none=false",
    ];
    run_in(folder, &[&own[..], &SMALL, more].concat())
}

#[test]
fn a_search_with_a_finish_ends_in_what_its_race_decides_wherever_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let output = finished_search(folder.path(), "whole", &[]);
    let told = ended(&output, 0);
    assert!(
        told.contains("decided by a race") && told.contains("neighbours, 19 candidates"),
        "{told}"
    );
    let read = |run: &str| {
        let text = fs::read_to_string(folder.path().join(run).join("result.json")).unwrap();
        let mut result: Value = serde_json::from_str(&text).unwrap();
        for clock in ["search_wall_s", "one_off_wall_s", "peak_rss_bytes"] {
            result["cost"][clock].take();
        }
        assert!(result["finish"]["wall_s"].take().is_f64());
        result
    };
    let whole = read("whole");
    let (_, raced) = left(&folder.path().join("whole/race"));
    assert_eq!(whole["genotype"], raced["genotype"]);
    assert_eq!(whole["genotype"].as_str(), Some(text(&output.stdout).trim()));
    let last = whole["genotype_history"].as_array().unwrap().last().unwrap();
    assert_eq!(whole["finish"]["proposed"], last["genotype"]);
    let number = |value: &Value| value.as_u64().unwrap();
    let cost = &whole["cost"];
    let passed = number(&cost["weight_samples"])
        + number(&cost["arch_samples"])
        + number(&whole["finish"]["samples"]);
    let ratio = passed as f64 / number(&cost["full_data_samples"]) as f64;
    assert_eq!(cost["sample_ratio"].as_f64(), Some(ratio), "a finish is no free lunch");
    assert_eq!(whole["finish"]["samples"], raced["cost"]["samples"]);

    // Two epochs of a step each, then 71 of the race.
    let mut output = finished_search(folder.path(), "cut", &["--stop-after-steps=1"]);
    let mut sittings = 1;
    while output.status.code() == Some(75) {
        let resume = ["resume", "cut", "--progress=none", "--stop-after-steps=17"];
        output = run_in(folder.path(), &resume);
        sittings += 1;
    }
    ended(&output, 0);
    assert!(sittings > 4, "{sittings}");
    assert_eq!(read("cut"), whole);
    ended(&run_in(folder.path(), &["report", "cut", "--out", "r.html"]), 0);
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains("The ladder") && page.contains("Accuracy in the batches"));
    assert!(page.contains("the winner of 19 candidates"), "the search found another");
    assert!(page.contains("<th scope=\"row\" class=\"words\">race</th>"), "a part of the cost");
}

#[test]
fn a_finish_that_cannot_be_is_refused_before_the_search() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, words) in [
        ("--set=finish=race:all", "found `all`"),
        ("--set=finish=neighbours", "found finish = neighbours, expected race:neighbours"),
        ("--set=race.keep=[1]", "race.keep = [1]"),
        ("--set=race.held_out=64", "race.held_out = 64 of 64 images"),
        ("--set=race.candidates=random:3", "beside race.candidates = random:3"),
        ("--set=finish=race:largest:9999", "expected no more than the space has"),
        ("--set=finish=race:file:none.txt", "none.txt"),
    ] {
        let output = finished_search(folder.path(), "bad", &[setting]);
        let code = output.status.code().unwrap();
        assert!([2, 3].contains(&code), "{setting}: {code}");
        let told = text(&output.stderr);
        assert!(told.contains(words), "{told}");
        assert!(!folder.path().join("bad").exists());
    }
}

#[test]
fn every_space_is_raced() {
    let folder = tempfile::tempdir().unwrap();
    for (space, size) in [
        ("darts", ["--set=race.channels=2", "--set=race.cells=3"]),
        ("nas-bench-1shot1:1", ["--set=race.channels=2", "--set=race.cells=1"]),
        ("mobilenet", ["--set=space.channels=8", "--set=space.cells=1"]),
        ("tas", ["--set=space.channels=4", "--set=space.cells=2"]),
    ] {
        let mut settings: Vec<&str> = SMALL.to_vec();
        // Networks that say their own size have no other.
        settings.retain(|of| !of.contains("race.channels") && !of.contains("race.cells"));
        let own = ["race", "--out", space, "--candidates=random:3", "--space", space];
        let output = run_in(folder.path(), &[&own[..], &settings, &size].concat());
        ended(&output, 0);
        let (trials, result) = left(&folder.path().join(space));
        assert_eq!(trials.len(), 3 + 2, "{space}");
        assert_eq!(result["genotype"].as_str(), Some(text(&output.stdout).trim()));
    }
}
