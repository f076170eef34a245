//! A comparison made one command a run, as a cluster makes it: planned, carried out in any order by
//! processes of their own, cut off, done twice, and collected.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use common::{ended, for_all, program, run_in, text};

/// A grid of two policies and two seeds, two epochs of two or six steps each.
const SMALL: [&str; 10] = [
    "compare",
    "--set=data.synthetic.train=48",
    "--set=data.synthetic.test=40",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--batch=8",
    "--epochs=2",
    "--policies=full,random:0.5",
    "--seeds=0..2",
    "--threads=1",
];

/// Twice as many runs.
const HOSTS: &str = "--hosts=darts,beta-darts";

/// A folder whose name a shell would read as several words and more.
struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's a \"folder\" of $HOME");
        fs::create_dir(&path).unwrap();
        Place { _folder: folder, path }
    }

    fn compare(&self, out: &str, more: &[&str]) -> Output {
        let out = format!("--out={out}");
        run_in(&self.path, &[&SMALL[..], &[&out, "--progress=none"], more].concat())
    }

    /// The lines of the plan of a comparison.
    fn plan(&self, out: &str, more: &[&str]) -> Vec<Planned> {
        let output = self.compare(out, &[&["--plan"], more].concat());
        ended(&output, 0);
        let lines = text(&output.stdout);
        lines.lines().map(|line| Planned(serde_json::from_str(line).unwrap())).collect()
    }

    /// The lines of its results without what the clock and the memory wrote, sorted.
    fn results(&self, out: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path.join(out).join("results.jsonl")).unwrap();
        let line = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            for clock in ["search_wall_s", "peak_rss_bytes", "one_off_wall_s"] {
                line["cost"][clock].take();
            }
            if line.get("finish").is_some() {
                line["finish"]["wall_s"].take();
            }
            line.to_string()
        };
        let mut lines: Vec<String> = text.lines().map(line).collect();
        lines.sort();
        lines
    }
}

/// A line of a plan.
struct Planned(Value);

impl Planned {
    /// Its command, started from a folder that has nothing to do with it.
    fn run(&self, more: &[&str]) -> Output {
        let words = self.0["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        let words: Vec<&str> = words.collect();
        let elsewhere = std::env::temp_dir();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(more).current_dir(elsewhere).output().unwrap()
    }

    fn folder(&self, place: &Place) -> PathBuf {
        place.path.join(self.0["result"].as_str().unwrap()).parent().unwrap().to_owned()
    }
}

/// Every file below a folder and its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(bytes(&path)),
            false => drop(files.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    files
}

#[test]
fn runs_made_one_command_each_in_any_order_give_the_lines_of_a_local_comparison() {
    let place = Place::new();
    ended(&place.compare("local", &[HOSTS]), 0);
    let mut plan = place.plan("grid", &[HOSTS]);
    assert_eq!(plan.len(), 8);
    assert!(!place.path.join("grid").exists(), "planning makes nothing");
    // One is cut off in the middle, another before its first step.
    for (planned, steps) in plan.iter().zip(["1", "0"]) {
        let told = ended(&planned.run(&[&format!("--stop-after-steps={steps}")]), 75);
        assert!(told.contains("go on with"), "{told}");
    }
    plan.reverse();
    for_all(&plan, |planned| drop(ended(&planned.run(&[]), 0)));
    assert!(!place.path.join("grid/results.jsonl").exists(), "a run writes its folder alone");

    let runs = place.path.join("grid/runs");
    let before = bytes(&runs);
    let again = plan[3].run(&[]);
    let told = ended(&again, 0);
    assert!(told.contains("finished before"), "{told}");
    assert!(text(&again.stdout).starts_with('|'), "the genotype is data");
    assert_eq!(bytes(&runs), before, "a finished run is left as it is");

    let output = place.compare("grid", &[HOSTS, "--collect"]);
    let told = ended(&output, 0);
    assert!(told.contains("8 of 8 runs are in grid/results.jsonl"), "{told}");
    assert!(text(&output.stdout).contains("arch_val_accuracy"), "the table is printed");
    assert_eq!(place.results("grid"), place.results("local"));
    assert!(place.plan("grid", &[HOSTS]).is_empty(), "what is in the results is not planned again");
    ended(&place.compare("grid", &[HOSTS, "--collect"]), 0);
    assert_eq!(place.results("grid").len(), 8, "nor taken in twice");
}

#[test]
fn collecting_says_what_is_missing_and_begins_nothing() {
    let place = Place::new();
    let few = ["--policies=full", "--seeds=0..3"];
    let collect = || place.compare("grid", &[&few[..], &["--collect"]].concat());
    let told = ended(&collect(), 4);
    assert_eq!(told.matches("not begun").count(), 3, "{told}");
    assert!(!place.path.join("grid").exists(), "nothing is made");

    let plan = place.plan("grid", &few);
    ended(&plan[0].run(&[]), 0);
    ended(&plan[1].run(&["--stop-after-steps=4"]), 75);
    ended(&plan[2].run(&["--stop-after-steps=0"]), 75);
    let held = tamis::run::RunFolder::open(&plan[2].folder(&place)).unwrap();
    let told = ended(&plan[2].run(&[]), 73);
    assert!(told.contains("in use by another process"), "{told}");
    let before = bytes(&place.path.join("grid/runs"));
    let told = ended(&collect(), 4);
    assert!(told.contains("1 of 3 runs are in"), "{told}");
    assert!(told.contains("seed1-") && told.contains("begun, 1 of 2 epochs, saved "), "{told}");
    if cfg!(target_os = "linux") {
        assert!(told.contains(": in use"), "{told}");
    }
    assert_eq!(bytes(&place.path.join("grid/runs")), before, "nothing is begun or changed");
    drop(held);

    // A result that came to harm is told of, and keeps no other from being taken in.
    ended(&plan[1].run(&[]), 0);
    let torn = plan[1].folder(&place).join("result.json");
    let whole = fs::read(&torn).unwrap();
    tamis::run::write_durably(&torn, &whole[..whole.len() / 2]).unwrap();
    let told = ended(&collect(), 3);
    assert!(told.contains("error: reading the result of the run"), "{told}");
    assert!(told.contains("1 of 3 runs are in"), "{told}");
    ended(&plan[1].run(&[]), 3);
    fs::remove_file(&torn).unwrap();
    ended(&plan[1].run(&[]), 0);
    let told = ended(&collect(), 4);
    assert!(told.contains("2 of 3 runs are in"), "the run writes its result again: {told}");
}

#[test]
fn a_line_that_was_cut_off_is_collected_again_and_collectors_wait_for_nobody() {
    let place = Place::new();
    let few = ["--seeds=0"];
    for planned in place.plan("grid", &few) {
        ended(&planned.run(&[]), 0);
    }
    let collect = || place.compare("grid", &[&few[..], &["--collect"]].concat());
    let path = place.path.join("grid/results.jsonl");
    let lock = tamis::compare::Results::open(&path).unwrap().lock().unwrap();
    let told = ended(&collect(), 73);
    assert!(told.contains("another comparison at work"), "{told}");
    drop(lock);
    // Whichever of several comes first, a run is taken in once.
    for_all(&[(), ()], |()| {
        let code = collect().status.code();
        assert!([Some(0), Some(73)].contains(&code), "{code:?}");
    });
    ended(&collect(), 0);
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 2);
    tamis::run::write_durably(&path, &whole.as_bytes()[..whole.len() - 100]).unwrap();
    let told = ended(&collect(), 0);
    assert!(told.contains("line 2 is cut off") && told.contains("2 of 2 runs"), "{told}");
    let mended: Vec<String> =
        fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(mended.last().map(String::as_str), whole.lines().last(), "the line is there again");
}

#[test]
fn a_local_comparison_leaves_a_run_that_another_process_makes_to_it() {
    let place = Place::new();
    let plan = place.plan("grid", &[]);
    ended(&plan[1].run(&["--stop-after-steps=2"]), 75);
    let held = tamis::run::RunFolder::open(&plan[1].folder(&place)).unwrap();
    let told = ended(&place.compare("grid", &[]), 73);
    assert!(told.contains("found it in use by another process"), "{told}");
    assert_eq!(place.results("grid").len(), 3, "the others are made");
    drop(held);
    ended(&place.compare("grid", &[]), 0);
    assert_eq!(place.results("grid").len(), 4);
}

#[test]
fn a_plan_has_in_it_what_stood_in_files_and_variables_when_it_was_made() {
    let place = Place::new();
    let file = place.path.join("settings.toml");
    let settings = b"[train]\nbatch = 12\n[weights]\nlr = 0.5\n";
    tamis::run::write_durably(&file, settings).unwrap();
    let own = ["--config=settings.toml", "--policies=random:0.5", "--seeds=4"];
    let planned = place.plan("grid", &own).remove(0);
    fs::remove_file(&file).unwrap();
    // A folder with a table that the plan knew nothing of.
    let table = place.path.join("data/nas-bench-201");
    fs::create_dir_all(&table).unwrap();
    tamis::run::write_durably(&table.join("nasbench201.csv"), b"no table").unwrap();
    let words = planned.0["command"].as_array().unwrap();
    let mut command = Command::new(words[0].as_str().unwrap());
    command.args(words[1..].iter().map(|word| word.as_str().unwrap()));
    command.env("TAMIS_DATA", place.path.join("data"));
    ended(&command.output().unwrap(), 0);
    let config = fs::read_to_string(planned.folder(&place).join("config.toml")).unwrap();
    assert!(config.contains("lr = 0.5") && config.contains("batch = 8"), "{config}");

    // The folder is that of these settings and of no others.
    let told = ended(&planned.run(&["--set=weights.lr=0.25"]), 2);
    assert!(told.contains("found weights.lr = 0.5, expected 0.25, which was asked for"), "{told}");
    let told = ended(&planned.run(&["--set=data.synthetic.seed=1"]), 3);
    assert!(told.contains("found data with fingerprint"), "{told}");
}

#[test]
fn what_a_run_needs_before_and_after_its_search_is_made_once_by_whoever_comes_first() {
    let place = Place::new();
    let more = [
        "--policies=proxy:0.5",
        "--set=data.size=16",
        "--set=score.epochs=1",
        "--set=finish=race:random:2",
        "--set=race.warm_up_steps=1",
        "--set=race.steps=[2]",
        "--set=race.keep=[]",
        "--set=race.channels=2",
        "--set=race.cells=1",
        "--retrain=quick",
        "--format=csv",
    ];
    let local = place.compare("local", &more);
    ended(&local, 0);
    let plan = place.plan("grid", &more);
    for_all(&plan, |planned| {
        let code = planned.run(&[]).status.code();
        // Both may have found one architecture, which the other trains.
        assert!([Some(0), Some(73)].contains(&code), "{code:?}");
    });
    let collected = place.compare("grid", &[&more[..], &["--collect"]].concat());
    ended(&collected, 0);
    assert_eq!(place.results("grid"), place.results("local"));
    let retrained = |output: &Output| -> Vec<String> {
        let csv = text(&output.stdout);
        csv.lines().filter(|line| line.contains("retrained_accuracy")).map(str::to_owned).collect()
    };
    assert!(!retrained(&local).is_empty());
    assert_eq!(retrained(&collected), retrained(&local));

    fs::remove_dir_all(place.path.join("grid/retrained")).unwrap();
    let told = ended(&place.compare("grid", &[&more[..], &["--collect"]].concat()), 4);
    assert!(told.contains("missing: the training of |"), "{told}");
    assert_eq!(place.plan("grid", &more).len(), 2, "what is still to be trained is planned");
}

/// A program that tells its arguments and ends with a code, or sends the script a signal and ends with 75
/// when it is asked to stop.
#[cfg(unix)]
const STAND_IN: &str = r#"printf '<%s>' "$@" >> "$TOLD"; echo >> "$TOLD"
[ "$SIGNAL" ] || exit "$CODE"
trap 'exit 75' USR1
kill -"$SIGNAL" "$PPID"
while :; do command -p sleep 0.02; done"#;

/// What a task of a Slurm script runs, and what it does afterwards, where the program ends with this code,
/// or where the script is sent this signal.
#[cfg(unix)]
fn attended(
    place: &Place,
    script: &str,
    task: usize,
    (code, signal): (i32, &str),
) -> (Option<i32>, String) {
    use std::os::unix::fs::PermissionsExt;

    let stubs = place.path.join("stubs");
    fs::create_dir_all(&stubs).unwrap();
    let stub = |name: &str, text: &str| {
        let path = stubs.join(name);
        let text = format!("#!/bin/bash\n{text}\n");
        tamis::run::write_durably(&path, text.as_bytes()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let told = place.path.join("told");
    tamis::run::write_durably(&told, b"").unwrap();
    stub("scontrol", "echo \"scontrol $*\" >> \"$TOLD\"");
    stub("sleep", "echo sleep >> \"$TOLD\"");
    let tamis = stub("tamis", STAND_IN);
    let own = env!("CARGO_BIN_EXE_tamis");
    assert!(script.contains(own), "the program is named by its path");
    let tamis = tamis.to_str().unwrap().replace('\'', r"'\''");
    let path = place.path.join("script");
    let text = script.replace(own, &format!("'{tamis}'"));
    tamis::run::write_durably(&path, text.as_bytes()).unwrap();
    let mut bash = Command::new("bash");
    let inherited = std::env::var("PATH").unwrap();
    bash.arg(&path).env("PATH", format!("{}:{inherited}", stubs.display()));
    bash.env("TOLD", &told).env("CODE", code.to_string()).env("SIGNAL", signal);
    bash.env("SLURM_ARRAY_JOB_ID", "7").env("SLURM_ARRAY_TASK_ID", task.to_string());
    let status = bash.status().unwrap();
    (status.code(), fs::read_to_string(&told).unwrap())
}

#[cfg(unix)]
#[test]
fn a_task_of_slurm_runs_its_line_of_the_plan_and_is_requeued_where_the_run_was_stopped() {
    let place = Place::new();
    let output = place.compare("a 'b' $c", &[HOSTS, "--plan=slurm"]);
    ended(&output, 0);
    let script = text(&output.stdout);
    for line in ["--array=0-7", "--requeue", "--signal=B:USR1@120", "--cpus-per-task=1"] {
        assert!(script.contains(&format!("#SBATCH {line}\n")), "{line}: {script}");
    }
    let plan = place.plan("a 'b' $c", &[HOSTS]);
    for (task, planned) in plan.iter().enumerate() {
        let (code, told) = attended(&place, &script, task, (0, ""));
        assert_eq!(code, Some(0));
        let mut words: Vec<&str> = told.trim_end().split_inclusive('>').collect();
        let quoted = planned.0["command"].as_array().unwrap()[1..].iter();
        let quoted: Vec<String> =
            quoted.map(|word| format!("<{}>", word.as_str().unwrap())).collect();
        let mut expected: Vec<&str> = quoted.iter().map(String::as_str).collect();
        expected.retain(|word| !word.starts_with("<--threads="));
        words.sort_unstable();
        expected.sort_unstable();
        assert_eq!(words, expected, "task {task}");
    }
    for code in [75, 138] {
        let (ended, told) = attended(&place, &script, 5, (code, ""));
        assert_eq!(ended, Some(code));
        assert!(told.ends_with("scontrol requeue 7_5\n"), "{told}");
    }
    // Warned of its time limit, it goes on later; ended by Slurm, it is not started again behind its back.
    let (code, told) = attended(&place, &script, 5, (0, "USR1"));
    assert_eq!((code, told.matches("scontrol requeue 7_5").count()), (Some(75), 1), "{told}");
    let (code, told) = attended(&place, &script, 5, (0, "TERM"));
    assert_eq!((code, told.contains("scontrol")), (Some(75), false), "{told}");
    for code in [1, 2, 3, 139] {
        let (ended, told) = attended(&place, &script, 5, (code, ""));
        assert_eq!(ended, Some(code));
        assert!(!told.contains("scontrol") && !told.contains("sleep"), "{told}");
    }
    // Another process makes it: its lock may be that of a node that was lost.
    let (code, told) = attended(&place, &script, 5, (73, ""));
    assert_eq!((code, told.matches("<search>").count()), (Some(73), 5), "{told}");
    assert!(!told.contains("scontrol"), "{told}");
    let (code, told) = attended(&place, &script, 8, (0, ""));
    assert_eq!((code, told.as_str()), (Some(2), ""), "there is no such task");
}

#[test]
fn what_slurm_lends_is_what_a_run_computes_with_unless_it_is_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let run = |out: &str, lent: &str, more: &[&str]| {
        let mut command = program();
        command.args(["search", "--set=data.synthetic.train=40", "--set=space.channels=2"]);
        command.args(["--set=recipe=demo", "--set=space.cells=1", "--epochs=1", "--progress=none"]);
        command.args(["--out", out]).args(more).env("SLURM_CPUS_PER_TASK", lent);
        command.current_dir(folder.path()).output().unwrap()
    };
    let threads = |out: &str| {
        let text = fs::read_to_string(folder.path().join(out).join("run.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["threads"].as_u64().unwrap()
    };
    ended(&run("lent", "1", &[]), 0);
    assert_eq!(threads("lent"), 1);
    ended(&run("told", "1", &["--threads=2"]), 0);
    assert_eq!(threads("told"), 2);
    let told = ended(&run("none", "many", &[]), 2);
    assert!(told.contains("SLURM_CPUS_PER_TASK: found `many`"), "{told}");
}
