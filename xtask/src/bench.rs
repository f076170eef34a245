//! `bench-step`: times full search steps in a process of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

const EXAMPLE: &str = "bench_step";

/// Builds the timer and runs it with `arguments`; its one line goes to standard output.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    // Built from the root with all default members, so that the tensor library's build is shared.
    let build = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--example", EXAMPLE])
        .current_dir(workspace)
        .stdout(Stdio::null())
        .status()
        .context("starting cargo")?;
    ensure!(build.success(), "building the timer failed");
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| workspace.join("target"));
    let program = target.join("release/examples").join(EXAMPLE);
    let status = Command::new(&program).args(arguments).status();
    let status = status.with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "the timer failed");
    Ok(())
}
