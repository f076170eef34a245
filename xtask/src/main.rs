//! Tasks of the workspace, run as `cargo xtask TASK`: [`check`] is everything a change must pass, [`tidy`]
//! is the part of the house style that no compiler lint covers, [`spills`] looks at what the compiler made
//! of the hot loops.
//!
//! Deliberately knows nothing of the crates it checks: it starts cargo and reads source text and assembly.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to a terminal")]

mod bench;
mod cargo;
mod check;
mod docs;
mod python;
mod spills;
mod tidy;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
Usage: cargo xtask TASK

Tasks:
  check        everything a change must pass: tidy, format, lints, documentation, tests, docs
  docs [--only PAGE]... [--fix] [--all]
               runs every command of the pages and compares what it prints with what they show;
               --fix puts what is printed now into the pages, --all runs slow commands, too
  python [--with-torch]
               builds the Python package as a wheel, and runs its tests and types on it
  spills       whether a hot loop of the kernels keeps vector registers on the stack
  tidy         what of the house style no lint sees: file and line lengths, words of some crates only
  bench-step SPACE CHANNELS CELLS BATCH REPS [layered]
               seconds and peak memory of a full search step, as one line of JSON
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] | ["-h" | "--help" | "help"] => print!("{USAGE}"),
        ["check"] => check::run(workspace()?)?,
        ["bench-step", rest @ ..] => bench::run(workspace()?, rest)?,
        ["docs", rest @ ..] => docs::run(workspace()?, rest)?,
        ["python", rest @ ..] => python::run(workspace()?, rest)?,
        ["spills"] => spills::run(workspace()?)?,
        ["tidy"] => tidy::run(workspace()?)?,
        _ => bail!("no task is called `{}`; hint: cargo xtask --help", arguments.join(" ")),
    }
    Ok(())
}

fn workspace() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies outside the workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_task_is_refused_by_its_name_and_help_is_not() {
        let message = run(&["tidy", "up"]).unwrap_err().to_string();
        assert!(message.contains("`tidy up`"), "{message}");
        run(&["--help"]).unwrap();
    }
}
