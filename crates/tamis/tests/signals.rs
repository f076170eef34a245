//! Signals from outside: which of them save a run, and which are left alone.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::program;

const LONG: [&str; 8] = [
    "search",
    "--set=data.synthetic.train=400",
    "--set=data.synthetic.test=20",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--policy=full",
    "--progress=json",
    "--out=run",
];

/// Starts a command and waits until it has told of its first epoch.
fn started(mut command: Command, folder: &Path, epochs: &str) -> Child {
    command.args(LONG).arg(format!("--epochs={epochs}")).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"epoch\"") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it ended before its first epoch did");
    }
    // Whoever writes to a pipe that nobody reads any more must not fail for it.
    child
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn every_signal_that_asks_for_an_end_saves_the_run() {
    // What this process ignores, as `nohup` has it ignore hang-ups, its children ignore, too.
    let heard = |(_, number): &(&str, i32)| tamis::run::ignores_signal(*number) != Some(true);
    let signals = [("-HUP", 1), ("-USR1", 10), ("-TERM", 15), ("-INT", 2)].into_iter();
    for (signal, _) in signals.filter(heard) {
        let folder = tempfile::tempdir().unwrap();
        let mut child = started(program(), folder.path(), "100000");
        send(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(75), "{signal}");
        let checkpoints = fs::read_dir(folder.path().join("run/checkpoints")).unwrap();
        assert!(checkpoints.count() > 0, "{signal}");
    }
}

#[test]
fn a_hang_up_that_comes_twice_and_before_a_termination_still_saves() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = started(program(), folder.path(), "100000");
    for signal in ["-HUP", "-HUP", "-USR1", "-HUP", "-TERM"] {
        // It may have come to its end already.
        let _ = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
    }
    assert_eq!(child.wait().unwrap().code(), Some(75));
}

#[test]
fn a_warning_to_a_comparison_saves_the_run_that_it_makes() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command.args(["compare", "--policies=full", "--epochs=100000", "--threads=1", "--out=c"]);
    command.args(&LONG[1..5]).arg("--progress=none").current_dir(folder.path());
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = || fs::read_dir(folder.path().join("c/runs")).ok()?.next()?.ok();
    while !run().is_some_and(|run| run.path().join("metrics.jsonl").is_file()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first epoch did");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    send("-USR1", &child);
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let log = fs::read_to_string(run().unwrap().path().join("log.jsonl")).unwrap();
    assert!(log.contains("stopped"), "the run has saved its state: {log}");
}

#[test]
fn a_hang_up_that_was_to_be_ignored_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.env_remove("TAMIS_DATA");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tamis")]);
    let mut child = started(shell, folder.path(), "6");
    send("-HUP", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.path().join("run/result.json").is_file());
}
