//! `bench-step`: times full search steps in a process of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo;

const EXAMPLE: &str = "bench_step";

/// Builds the timer and runs it with `arguments`; its one line goes to standard output.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    cargo::build(workspace, &["--example", EXAMPLE])?;
    let program = cargo::target(workspace).join("release/examples").join(EXAMPLE);
    let status = Command::new(&program).args(arguments).status();
    let status = status.with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "the timer failed");
    Ok(())
}
