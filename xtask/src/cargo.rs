//! Starting cargo, and where it puts what it builds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The cargo that runs this task.
pub(crate) fn command(workspace: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace);
    command
}

/// Builds in the release profile, from the root with all default members, so that builds are shared.
pub(crate) fn build(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let build = command(workspace)
        .args(["build", "--release", "--quiet"])
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .context("starting cargo")?;
    ensure!(build.success(), "cargo build {} failed", arguments.join(" "));
    Ok(())
}

/// The folder that builds go to.
pub(crate) fn target(workspace: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| workspace.join("target"))
}
