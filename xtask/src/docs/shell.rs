//! A shell that runs the commands of a page one after the other, as a reader would: variables,
//! folders and files of earlier commands are there for later ones.
//!
//! The built program is on its PATH as `tamis`; `cargo` there stands in for the forms of it that pages
//! use, so that nothing is built or installed in the middle of a page.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longest that a command may take.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Ends the output of each command; no program prints it.
const END: &str = "\u{1e}end";

/// Stands in for cargo: runs what is built, takes tests and installation for done, refuses the rest.
const CARGO: &str = r#"#!/usr/bin/env bash
case "$*" in
    "run --release -- "*) exec tamis "${@:4}" ;;
    "run --release --example "*) exec "$TAMIS_DOCS_EXAMPLES/$4" "${@:6}" ;;
    "test --release" | "install --locked --path crates/tamis") ;;
    *) echo "cargo: this form is not run in pages; mark the block" >&2; exit 64 ;;
esac
"#;

/// Where things are for the commands of a page.
pub(super) struct Place {
    /// The folder of the built programs.
    pub(super) programs: PathBuf,
    /// The folder that the page's commands run in, new and empty.
    pub(super) folder: PathBuf,
    /// The folder of what stands in for programs.
    pub(super) stand_ins: PathBuf,
}

/// A running shell.
pub(super) struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// What is not of the page in what commands print.
    folder: String,
}

/// How a command ended.
pub(super) struct Ended {
    /// Lines of both its streams, in their order.
    pub(super) lines: Vec<String>,
    pub(super) code: i32,
}

/// Writes what stands in for cargo.
pub(super) fn write_stand_ins(folder: &Path) -> Result<()> {
    let path = folder.join("cargo");
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    #[expect(clippy::disallowed_methods, reason = "written anew by each call")]
    std::fs::write(&path, CARGO).with_context(|| format!("writing {}", path.display()))?;
    let made = Command::new("chmod").arg("+x").arg(&path).status();
    made.with_context(|| format!("making {} executable", path.display()))?;
    Ok(())
}

impl Shell {
    /// A shell in the folder of a page.
    pub(super) fn start(place: &Place) -> Result<Shell> {
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc", "-s"])
            .current_dir(&place.folder)
            .env("PATH", search_path(place)?)
            .env("TAMIS_DOCS_EXAMPLES", place.programs.join("examples"))
            // Tables would otherwise be looked up where a reader has none.
            .env_remove("TAMIS_DATA")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("starting bash")?;
        let mut input = child.stdin.take().context("bash has no input")?;
        let output = child.stdout.take().context("bash has no output")?;
        writeln!(input, "exec 2>&1").context("writing to bash")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let folder = format!("{}/", place.folder.display());
        Ok(Shell { child, input, lines, folder })
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    ///
    /// A command that takes longer than [`PATIENCE`], or one that ends the shell.
    pub(super) fn run(&mut self, command: &str) -> Result<Ended> {
        // In braces of their own lines, so that a comment at the end ends nothing else. Without a
        // line end before it, the mark would stand behind the last line of an output that has none.
        let text = format!("{{\n{command}\n}} < /dev/null\nprintf '\\n{END} %s\\n' $?\n");
        self.input.write_all(text.as_bytes()).context("writing to bash")?;
        let mut lines = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                bail!("no output for {} s, or the shell has ended", PATIENCE.as_secs());
            };
            if let Some(code) = line.strip_prefix(END) {
                if lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                let code = code.trim().parse().context("reading the exit code")?;
                return Ok(Ended { lines, code });
            }
            lines.push(line.replace(&self.folder, "").trim_end().to_owned());
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What it started and left behind ends with its own input; nothing is to be done if not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn search_path(place: &Place) -> Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let ours = [place.stand_ins.clone(), place.programs.clone()];
    env::join_paths(ours.into_iter().chain(env::split_paths(&inherited)))
        .context("a folder on the PATH that no PATH can hold")
}
