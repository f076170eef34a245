//! `tamis compare` from outside: a grid runs once, goes on after a stop, and prints its table from
//! the results file alone.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod common;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use common::{program, text};

/// A grid of two hosts, two policies and two seeds, two epochs of two or six steps each.
const SMALL: [&str; 10] = [
    "--set=data.synthetic.train=48",
    "--set=data.synthetic.test=10",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--batch=8",
    "--epochs=2",
    "--hosts=darts,beta-darts",
    "--policies=full,random:0.5",
    "--seeds=0..2",
    "--threads=1",
];

fn command(out: &Path, more: &[&str]) -> Command {
    let mut command = program();
    command.arg("compare").args(SMALL).arg("--out").arg(out).args(more);
    command
}

fn compare(out: &Path, more: &[&str]) -> Output {
    command(out, more).output().unwrap()
}

fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The lines of a results file without what the clock and the memory wrote.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        assert!(line["cost"]["search_wall_s"].take().is_f64());
        line["cost"]["peak_rss_bytes"].take();
        line["cost"]["one_off_wall_s"].take();
        line
    };
    text.lines().map(line).collect()
}

/// Every value and statistic of a comparison that no clock has a part in.
fn figures(csv: &str) -> BTreeMap<String, String> {
    let timed = ["wall_s", "one_off_wall_s", "peak_rss_bytes", "speed_up_wall"];
    let kept = csv.lines().filter(|line| !timed.iter().any(|name| line.contains(name)));
    kept.map(|line| line.rsplit_once(',').unwrap())
        .map(|(figure, value)| (figure.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn a_grid_runs_once_and_its_table_needs_the_results_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let output = compare(&out, &["--progress=plain"]);
    let told = text(&output.stderr);
    let table = succeed(output);
    assert!(told.contains("8 of 8 runs finished, about 0 s left"), "{told}");
    let results = lines(&out.join("results.jsonl"));
    // Every arm has its first seed before any has its second, and fewer samples come first.
    let order: Vec<(u64, &str)> = results
        .iter()
        .map(|line| (line["seed"].as_u64().unwrap(), line["policy"].as_str().unwrap()))
        .collect();
    let seed = |seed| [(seed, "random:0.5"), (seed, "random:0.5"), (seed, "full"), (seed, "full")];
    assert_eq!(order, [seed(0), seed(1)].concat());
    assert!(results.iter().all(|line| line["compare"]["channels"] == 2));
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(
        rows.len(),
        3 + 4 + 2,
        "a heading, a header, four arms and what else there is: {table}"
    );
    assert!(rows[2].contains("arch_val_accuracy"), "no table was given: {table}");
    assert!(rows[2..].iter().all(|row| row.chars().count() <= 120), "{table}");
    let named = rows[8].strip_prefix("with --wide also: ").unwrap().split(", ");
    let wide = succeed(compare(&out, &["--wide"]));
    for name in named {
        assert!(!rows[2].contains(name) && wide.contains(name), "{name}: {table}");
    }

    let again = compare(&out, &["--progress=plain"]);
    assert!(!text(&again.stderr).contains("begun"), "nothing runs twice");
    assert_eq!(succeed(again), table);
    fs::remove_dir_all(out.join("runs")).unwrap();
    assert_eq!(succeed(compare(&out, &[])), table);

    // Elsewhere, from the results file alone: nothing is made, not even the folder.
    let (elsewhere, file) = (folder.path().join("elsewhere"), out.join("results.jsonl"));
    let results = format!("--results={}", file.display());
    assert_eq!(succeed(compare(&elsewhere, &[&results])), table);
    // Also without the data, which the results then speak for.
    let output = compare(&elsewhere, &[&results, "--data=no/such/folder"]);
    assert!(text(&output.stderr).contains("no/such/folder"), "it says so");
    assert_eq!(succeed(output), table);
    assert!(!elsewhere.exists());
    // A run that is not there needs the data.
    let output = compare(&elsewhere, &[&results, "--data=no/such/folder", "--seeds=0..3"]);
    assert_eq!(output.status.code(), Some(3));

    let markdown = succeed(compare(&out, &["--format=markdown"]));
    assert_eq!(markdown.matches("`\\|").count(), 8, "an architecture a run: {markdown}");
    let picture = succeed(compare(&out, &["--format=svg"]));
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    for seed in [0, 1] {
        let drawn = picture.matches(&format!("<title>seed {seed}: ")).count();
        assert_eq!(drawn, 4, "a shape a run: {picture}");
    }
    assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn accuracies_of_cifar_10_are_not_shown_for_other_data_without_saying_so() {
    let folder = tempfile::tempdir().unwrap();
    let (out, looked_up) = (folder.path().join("grid"), folder.path().join("looked-up.jsonl"));
    let few = ["--hosts=darts", "--policies=full", "--seeds=0", "--epochs=1", "--progress=none"];
    succeed(compare(&out, &few));
    let mut line = lines(&out.join("results.jsonl")).remove(0);
    line["cost"]["search_wall_s"] = 1.0.into();
    line["lookup"] = serde_json::json!({
        "table": "t.csv", "cifar10_valid_12": 80.0, "cifar10_test_200": 93.0,
        "cifar100_test_200": 70.0, "imagenet16_test_200": 45.0, "rank": 1
    });
    fs::write(&looked_up, format!("{line}\n")).unwrap();
    let results = format!("--results={}", looked_up.display());
    for format in ["text", "markdown", "svg"] {
        let format = format!("--format={format}");
        let said = |more: &[&str]| {
            let printed = succeed(compare(&out, &[&few[..], &[&format], more].concat()));
            printed.contains("found on synthetic") && printed.contains("trained on CIFAR-10")
        };
        assert!(said(&[&results]), "{format}");
        assert!(!said(&[]), "{format}: the accuracy is the search's own");
    }
    let csv = succeed(compare(&out, &[&few[..], &["--format=csv", &results]].concat()));
    let of_cifar10 = csv.lines().filter(|line| line.contains("cifar10_test_200"));
    assert!(of_cifar10.into_iter().all(|line| line.starts_with("synthetic,")), "{csv}");
}

#[test]
fn a_stopped_comparison_goes_on_as_if_it_had_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (straight, stopped) = (folder.path().join("straight"), folder.path().join("stopped"));
    let quiet = "--progress=none";
    succeed(compare(&straight, &[quiet]));
    let output = compare(&stopped, &[quiet, "--stop-after-runs=1"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    let told = text(&output.stderr);
    assert!(told.contains("1 of 8 runs done; the same command goes on"), "{told}");
    assert!(text(&output.stdout).contains("0 of 2"), "a partial table is printed");
    let nothing = folder.path().join("nothing");
    let output = compare(&nothing, &[quiet, "--stop-after-steps=1", "--format=svg"]);
    assert!(text(&output.stdout).contains("no run is finished"), "{}", text(&output.stdout));
    // In the middle of a run.
    let output = compare(&stopped, &[quiet, "--stop-after-steps=3"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    // A run whose process was ended before it took a step leaves a folder with settings at most.
    let csv = succeed(compare(&stopped, &[quiet, "--format=csv"]));
    let results = |out: &Path| lines(&out.join("results.jsonl"));
    assert_eq!(results(&stopped), results(&straight));
    let expected = succeed(compare(&straight, &[quiet, "--format=csv"]));
    assert_eq!(figures(&csv), figures(&expected));
    assert!(figures(&csv).len() > 8 * 14, "{csv}");
}

#[test]
fn the_end_of_the_input_stops_a_comparison_that_was_told_to_watch_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let output = compare(&out, &["--progress=none", "--epochs=500", "--stop-with-input"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("0 of 8 runs done"));
}

/// Fifty images as the CIFAR-10 binary layout has them, the first last if so asked.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn write_cifar10(folder: &Path, backwards: bool) -> String {
    let record = |n: u32| {
        let pixel = move |at: u32| (n.wrapping_mul(97).wrapping_add(at * 13) % 251) as u8;
        std::iter::once((n % 10) as u8).chain((0..3072).map(pixel)).collect::<Vec<u8>>()
    };
    let mut records: Vec<Vec<u8>> = (0..50).map(record).collect();
    if backwards {
        records.reverse();
    }
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("data_batch_1.bin"), records.concat()).unwrap();
    format!("--data=cifar10:{}", folder.display())
}

#[test]
fn the_same_images_in_another_order_are_other_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let data = [("a", false), ("b", true)].map(|(name, back)| write_cifar10(&path(name), back));
    let results = format!("--results={}", path("results.jsonl").display());
    // Two hosts, a run each.
    let small = ["--policies=random:0.5", "--seeds=0", "--epochs=1"];
    let run = |out: &str, data: &str| {
        succeed(compare(&path(out), &[&small[..], &[&results, data]].concat()));
        lines(&path("results.jsonl"))
    };
    assert_eq!(run("one", &data[0]).len(), 2);
    let both = run("two", &data[1]);
    assert_eq!(both.len(), 4);
    assert_eq!(both[0]["dataset"]["fingerprint"], both[2]["dataset"]["fingerprint"]);
    assert_ne!(both[0]["dataset"]["order"], both[2]["dataset"]["order"]);
    assert_eq!(run("three", &data[0]).len(), 4, "what is there is not run again");
}

#[test]
fn runs_at_once_give_the_same_results() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let less = ["--progress=none", "--seeds=3", "--format=csv"];
    let first = succeed(compare(&one, &less));
    let second = succeed(compare(&two, &[&less[..], &["--jobs=2"]].concat()));
    assert_eq!(figures(&first), figures(&second));
}

#[cfg(unix)]
#[test]
fn a_termination_signal_stops_the_runs_and_the_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    // Long enough to be stopped on any machine.
    let mut long = command(&out, &["--progress=json", "--epochs=100000"]);
    let child = long.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let metrics = || -> Option<bool> {
        let run = fs::read_dir(out.join("runs")).ok()?.next()?.ok()?.path();
        Some(run.join("metrics.jsonl").is_file())
    };
    while metrics() != Some(true) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    let run = fs::read_dir(out.join("runs")).unwrap().next().unwrap().unwrap().path();
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    assert!(log.contains("stopped"), "the run has saved its state: {log}");
}

#[test]
fn results_that_another_comparison_adds_to_are_left_to_it_wherever_the_runs_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.jsonl");
    let lock = tamis::compare::Results::open(&path).unwrap().lock().unwrap();
    let (out, results) = (folder.path().join("grid"), format!("--results={}", path.display()));
    let output = compare(&out, &[&results]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(73), "{told}");
    assert!(told.contains("another comparison") && told.contains("hint: wait"), "{told}");
    assert!(!out.join("runs").exists());
    drop(lock);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_failure_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
    fs::write(&file, "").unwrap();
    let out = file.join("grid");
    let results = format!("--results={}", folder.path().join("results.jsonl").display());
    let output = compare(&out, &[&results]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("creating the folder {}: ", out.display())), "{told}");
}

#[test]
fn mistakes_have_their_exit_codes_and_make_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let fails = |more: &[&str], code: i32, expected: &str| {
        let output = compare(&out, more);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(!out.exists(), "nothing is made before everything is checked");
    };
    fails(&["--seeds=5..5"], 2, "0..5");
    fails(&["--policies=full,randm:0.1"], 2, "random");
    fails(&["--hosts=dart"], 2, "beta-darts");
    fails(&["--set=seed=3"], 2, "--seeds");
    fails(&["--alpha-lr-scales=steep"], 2, "steps");
    fails(&["--jobs=0"], 2, "jobs");
    fails(&["--data=no/such/folder"], 3, "no/such/folder");
}

#[test]
fn found_architectures_are_trained_on_their_own_and_compared_by_that() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("comparison");
    let compare = |more: &[&str]| {
        let own = ["compare", "--policies=random:0.5", "--seeds=0..2", "--epochs=1", "--batch=8"];
        let data = ["--set=data.synthetic.train=64", "--set=data.synthetic.test=32"];
        let small = ["--set=data.size=16", "--set=space.channels=2", "--retrain=quick"];
        let place = ["--out", out.to_str().unwrap(), "--progress=none"];
        let arguments = [&own[..], &data, &small, &place, more].concat();
        program().args(arguments).output().unwrap()
    };
    let output = compare(&["--format=csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let csv = text(&output.stdout);
    assert!(csv.lines().any(|line| line.contains("retrained_accuracy")), "{csv}");
    let trained = || fs::read_dir(out.join("retrained")).unwrap().count();
    let found = trained();
    assert!((1..=2).contains(&found), "an architecture is trained once, whoever found it");
    let again = compare(&[]);
    assert!(text(&again.stdout).contains("retrained_accuracy"), "{}", text(&again.stdout));
    assert_eq!(trained(), found);
}

/// The table of NAS-Bench-201 on CIFAR-10, drawn from its results file alone.
fn drawn_results(out: &Path, data: Option<OsString>) -> String {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let policies = "full@0..3,random:0.1,random-epoch:0.1,proxy:0.1,proxy-balanced:0.1,entropy-top:0.1,\
                    full-steps:0.1,random-like:proxy-balanced:0.1,dds:1000,random-like:dds:1000,\
                    full-steps:2000,bdp@0..3,random-like:bdp@0..3,full-steps:0.43@0..3,\
                    infobatch@0..3,random-like:infobatch@0..3,full-steps:0.72@0..3";
    let mut command = program();
    command.args(["compare", "--data=cifar10:no/such/folder", "--hosts=darts,beta-darts"]);
    command.args(["--epochs=20", "--seeds=0..5", "--policies", policies]);
    command.args(["--alpha-lr-scales=none,steps", "--set=policy.scores=scores.parquet"]);
    command.args(["--set=policy.embeddings=embeddings.parquet", "--format=svg", "--out"]).arg(out);
    command.arg("--results").arg(results.join("nas-bench-201-cifar10.jsonl"));
    command.envs(data.map(|data| ("TAMIS_DATA", data)));
    succeed(command.output().unwrap())
}

/// Middles of the dots that are runs.
fn marks(picture: &str) -> Vec<(f64, f64)> {
    let number = |text: &str| text.split('"').next().unwrap().parse::<f64>().unwrap();
    let dots = picture
        .split("<circle cx=\"")
        .skip(1)
        .filter(|rest| rest.split('\n').next().unwrap().contains("<title>"));
    dots.map(|rest| (number(rest), number(rest.split("cy=\"").nth(1).unwrap()))).collect()
}

#[test]
fn a_picture_says_in_words_what_it_shows_and_no_run_hides_another() {
    let folder = tempfile::tempdir().unwrap();
    let picture = drawn_results(&folder.path().join("grid"), None);
    for words in [
        ">What every search found",
        ">NAS-Bench-201 on CIFAR-10<",
        "Recipe DARTS: 20 epochs over 50,000 training images",
        ">beta-darts<",
        "CIFAR-10 test accuracy of the found cell after 200 epochs",
    ] {
        assert!(picture.contains(words), "{words}");
    }
    assert!(!picture.contains("a9792bbd130b5ffb"), "the hash of a file says nothing to a reader");
    // Seeds 0 to 4 of ten policies and 0 to 2 of six at two rates, `full` at one, by two hosts.
    assert_eq!(picture.matches("<title>seed ").count(), 2 * (2 * (10 * 5 + 6 * 3) + 3));
    let marks = marks(&picture);
    assert!(marks.len() > 200, "most runs are dots: {}", marks.len());
    for (number, (x, y)) in marks.iter().enumerate() {
        for (other_x, other_y) in &marks[..number] {
            let distance = (x - other_x).hypot(y - other_y);
            assert!(
                distance > 9.0,
                "dots of radius 3.6 and half an outline: {distance} at {x}, {y}"
            );
        }
    }
}

#[test]
fn the_picture_of_the_results_page_is_what_its_command_draws() {
    let data = std::env::var_os("TAMIS_DATA");
    let Some(data) = data.filter(|data| Path::new(data).join("nas-bench-201").exists()) else {
        eprintln!("skipped: TAMIS_DATA names no folder with the table of NAS-Bench-201");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let drawn = drawn_results(&folder.path().join("grid"), Some(data));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let committed = fs::read_to_string(page.join("nas-bench-201-cifar10.svg")).unwrap();
    assert!(
        drawn == committed,
        "draw docs/results/nas-bench-201-cifar10.svg again, as its page says"
    );
}
