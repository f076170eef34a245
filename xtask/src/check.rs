//! `cargo xtask check`: the steps that a change must pass, cheapest first, up to the first that
//! fails.
//!
//! Everything is compiled in the release profile: a second profile would build everything a second time.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{cargo, docs, spills, tidy};

/// Arguments of cargo, a line a step.
const CARGO_STEPS: [&str; 6] = [
    "fmt --all --check",
    "clippy --release --workspace --all-targets -- -D warnings",
    "doc --release --workspace --no-deps",
    "test --release --package xtask",
    "test --release",
    "test --release --package tamis-tensors",
];

/// Runs every step in `workspace`.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let start = Instant::now();
    timed("tidy", || tidy::run(workspace))?;
    timed("spills", || spills::run(workspace))?;
    for arguments in CARGO_STEPS {
        timed(&format!("cargo {arguments}"), || run_cargo(workspace, arguments))?;
    }
    timed("docs", || docs::run(workspace, &[]))?;
    println!("check passed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn timed(name: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("==> {name}");
    let start = Instant::now();
    let result = step();
    let wall_s = start.elapsed().as_secs_f64();
    result.with_context(|| format!("check stopped after {wall_s:.1} s at `{name}`"))?;
    println!("    passed in {wall_s:.1} s");
    Ok(())
}

fn run_cargo(workspace: &Path, arguments: &str) -> Result<()> {
    let status = cargo::command(workspace)
        .args(arguments.split(' '))
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_itself_and_keeps_its_cause() {
        let error = timed("cargo nonsense", || bail!("cargo ended with 101")).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("at `cargo nonsense`: cargo ended with 101"), "{message}");
    }

    #[test]
    fn only_the_release_profile_is_built() {
        let building = CARGO_STEPS.iter().filter(|step| !step.starts_with("fmt"));
        assert!(building.into_iter().all(|step| step.contains(" --release")));
    }
}
