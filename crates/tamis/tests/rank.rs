//! Policies ranked from the command line: by a table, stopped and gone on with, refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use common::{ended, run_in, text};

const SMALL: [&str; 9] = [
    "--set=data.synthetic.train=64",
    "--set=data.synthetic.test=0",
    "--set=data.size=8",
    "--set=race.channels=2",
    "--set=race.cells=1",
    "--set=race.batch=16",
    "--set=race.warm_up_steps=1",
    "--steps=4",
    "--progress=none",
];

/// Three cells, the more 3x3 convolutions the better.
const CELLS: [(&str, f64); 3] = [
    (
        "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|",
        70.0,
    ),
    (
        "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|nor_conv_3x3~2|",
        93.0,
    ),
    (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        94.0,
    ),
];

/// A panel and a table of its accuracies, in a folder.
fn prepare(folder: &Path) {
    let panel: String = CELLS.iter().map(|(cell, _)| format!("{cell}\n")).collect();
    tamis::run::write_durably(&folder.join("panel.txt"), panel.as_bytes()).unwrap();
    let rows =
        CELLS.iter().map(|(cell, accuracy)| format!("{cell},{},{accuracy},,\n", 100.0 - accuracy));
    let header = "arch,c10_valid_12,c10_test_200,c100_test_200,in16_test_200\n".to_owned();
    let table = header + &rows.collect::<String>();
    tamis::run::write_durably(&folder.join("table.csv"), table.as_bytes()).unwrap();
}

fn rank(folder: &Path, out: &str, more: &[&str]) -> Output {
    let own = ["rank", "--out", out, "--candidates=file:panel.txt", "--table=table.csv"];
    run_in(folder, &[&own[..], &SMALL, more].concat())
}

/// The lines of a ranking, without the clock.
fn lines(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("ranking.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        assert!(line["wall_s"].take().is_f64());
        line
    });
    lines.collect()
}

/// The networks of a line.
fn networks(line: &Value) -> impl Iterator<Item = &Value> {
    line["networks"].as_array().unwrap().iter()
}

const GRID: [&str; 2] = ["--policies=full@3,5,random:0.5@3..6", "--against=random:0.5"];

#[test]
fn a_ranking_holds_every_policy_and_seed_against_the_table_and_against_one_policy() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let output = rank(folder.path(), "r", &GRID);
    ended(&output, 0);
    let found = lines(&folder.path().join("r"));
    let who: Vec<(&str, u64)> = found
        .iter()
        .map(|line| (line["policy"].as_str().unwrap(), line["seed"].as_u64().unwrap()))
        .collect();
    let expected =
        [("full", 3), ("random:0.5", 3), ("full", 5), ("random:0.5", 4), ("random:0.5", 5)];
    assert_eq!(who, expected);
    let best = CELLS[2].1;
    for line in &found {
        let top = line["top"].as_str().unwrap();
        let (_, accuracy) = CELLS.iter().find(|(cell, _)| *cell == top).unwrap();
        assert_eq!(line["regret"].as_f64(), Some(best - accuracy), "{line}");
        assert_eq!(line["steps"].as_u64(), Some(4));
        let panel: Vec<&str> = networks(line).map(|of| of["genotype"].as_str().unwrap()).collect();
        assert_eq!(panel, CELLS.map(|(cell, _)| cell));
        // Of three pairs: all, two, one or none in the same order.
        let tau = line["tau"].as_f64().unwrap();
        assert!((1.5 * tau + 1.5).fract().abs() < 1e-9, "{tau}");
        assert_eq!(line["samples"].as_u64(), Some(3 * 4 * 16));
    }
    let table = text(&output.stdout);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows[0].contains("tau against random:0.5") && rows[1].starts_with("full  "), "{table}");
    assert!(rows[2].contains(" -  "), "nothing is held against itself: {table}");
    let markdown = rank(folder.path(), "r", &[&GRID[..], &["--format=markdown"]].concat());
    ended(&markdown, 0);
    assert!(text(&markdown.stdout).contains("| --- |"));

    // By the other column the order is turned round.
    let turned = rank(folder.path(), "r", &[&GRID[..], &["--by=cifar10_valid_12"]].concat());
    ended(&turned, 0);
    for (line, other) in found.iter().zip(lines(&folder.path().join("r"))) {
        assert_eq!(line["tau"].as_f64().map(|tau| -tau), other["tau"].as_f64());
    }
}

#[test]
fn a_ranking_that_is_stopped_anywhere_goes_on_to_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    ended(&rank(folder.path(), "whole", &GRID), 0);
    let stopped = [&GRID[..], &["--stop-after-steps=7"]].concat();
    let mut sittings = 0;
    let output = loop {
        let output = rank(folder.path(), "cut", &stopped);
        sittings += 1;
        if output.status.code() != Some(75) {
            break output;
        }
    };
    ended(&output, 0);
    assert!(sittings > 5, "{sittings}");
    assert_eq!(lines(&folder.path().join("cut")), lines(&folder.path().join("whole")));
}

#[test]
fn what_a_results_file_has_is_not_made_again_wherever_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let results = folder.path().join("kept.jsonl");
    let kept = |out, more: &[&str]| {
        rank(folder.path(), out, &[&GRID[..], &["--results=kept.jsonl"], more].concat())
    };
    ended(&rank(folder.path(), "whole", &GRID), 0);
    fs::copy(folder.path().join("whole/ranking.jsonl"), &results).unwrap();
    let before = fs::read(&results).unwrap();
    let again = kept("again", &[]);
    ended(&again, 0);
    assert!(!folder.path().join("again").exists(), "a table alone");
    assert_eq!(fs::read(&results).unwrap(), before);
    assert_eq!(text(&again.stdout), text(&rank(folder.path(), "whole", &GRID).stdout));

    // Lines of other settings and of other panels stay, and stand for nothing here.
    ended(&kept("other", &["--set=race.lr=0.05"]), 0);
    assert_eq!(fs::read_to_string(&results).unwrap().lines().count(), 10);
    let two: String = CELLS[1..].iter().map(|(cell, _)| format!("{cell}\n")).collect();
    tamis::run::write_durably(&folder.path().join("panel.txt"), two.as_bytes()).unwrap();
    ended(&kept("two", &[]), 0);
    let text = fs::read_to_string(&results).unwrap();
    assert_eq!(text.lines().count(), 15);
    assert!(text.as_bytes().starts_with(&before));

    tamis::run::write_durably(&results, &[&before[..], b"{\"policy\":"].concat()).unwrap();
    let told = ended(&kept("cut", &[]), 3);
    assert!(told.contains("in line 6") && told.contains("`tamis rank` wrote"), "{told}");
}

#[test]
fn by_what_a_panel_is_put_in_order_is_a_question_of_the_table_alone() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let held_out = |out, more: &[&str]| {
        let own = [&GRID[..], &["--set=race.held_out=20", "--results=kept.jsonl"], more].concat();
        ended(&rank(folder.path(), out, &own), 0);
        fs::read_to_string(folder.path().join("kept.jsonl")).unwrap()
    };
    held_out("r", &[]);
    let turned = held_out("other", &["--set=race.score=held-out-accuracy"]);
    assert!(!folder.path().join("other").exists(), "nothing is trained");
    assert_eq!(turned.lines().count(), 5);
    for line in turned.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        assert_eq!(line["score"], "held-out-accuracy");
        assert_eq!(line["settings"]["race.held_out"], 20);
        let accuracy = |of: &Value| of["held_out_accuracy"].as_f64().unwrap();
        let best = networks(&line).map(accuracy).fold(0.0, f64::max);
        // The first of equals.
        let top = networks(&line).find(|of| accuracy(of) == best).unwrap();
        assert_eq!(line["top"], top["genotype"], "{line}");
    }
    assert_eq!(held_out("r", &[]).lines().count(), 5, "and turned back");
}

#[test]
fn a_folder_of_another_panel_or_of_other_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    ended(&rank(folder.path(), "r", &["--policies=full", "--seeds=0"]), 0);
    let other = ["--policies=full", "--seeds=0", "--set=race.lr=0.5"];
    let told = ended(&rank(folder.path(), "r", &other), 2);
    assert!(told.contains("found race.lr = 0.5") && told.contains("expected 0.1"), "{told}");
    let two: String = CELLS[1..].iter().map(|(cell, _)| format!("{cell}\n")).collect();
    tamis::run::write_durably(&folder.path().join("panel.txt"), two.as_bytes()).unwrap();
    let told = ended(&rank(folder.path(), "r", &["--policies=full", "--seeds=0"]), 2);
    assert!(told.contains("found other candidates"), "{told}");
}

#[test]
fn what_cannot_be_ranked_is_refused_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    for (arguments, code, words) in [
        (vec!["--policies=randm:0.5"], 2, "randm"),
        (vec!["--policies=full", "--against=bdp"], 2, "found --against bdp, expected one of"),
        (vec!["--policies=full", "--set=race.steps=[2,4]", "--set=race.keep=[2]"], 2, "race.steps"),
        (vec!["--policies=full", "--candidates=random:3"], 2, "expected all networks of the panel"),
        (vec!["--policies=full", "--candidates=neighbours"], 2, "--genotype G an architecture"),
        (vec!["--policies=full", "--by=cifar100_test_200"], 2, "no accuracy of"),
    ] {
        let told = ended(&rank(folder.path(), "bad", &arguments), code);
        assert!(told.contains(words), "{arguments:?}: {told}");
        assert!(!folder.path().join("bad/runs").exists(), "{arguments:?}");
    }
    let own = ["rank", "--out=bad", "--candidates=file:panel.txt", "--policies=full"];
    let told = ended(&run_in(folder.path(), &[&own[..], &SMALL].concat()), 2);
    assert!(told.contains("found no table"), "{told}");
}
