//! How tests call Chromium, where there is one. Tests of other crates take this file, too.

use std::path::Path;
use std::process::Command;

/// The program that `TAMIS_CHROMIUM` names, or `chromium`, if it runs.
pub(crate) fn chromium() -> Option<String> {
    let program = std::env::var("TAMIS_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let runs =
        Command::new(&program).arg("--version").output().is_ok_and(|out| out.status.success());
    if !runs {
        eprintln!("skipped: no Chromium as `{program}`; TAMIS_CHROMIUM may name one");
    }
    runs.then_some(program)
}

/// What the browser made of a file: its document at the end, and what it wrote to its console.
pub(crate) fn open(program: &str, folder: &Path, file: &str) -> (String, Vec<String>) {
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args([
            "--disable-background-networking",
            "--enable-logging=stderr",
            "--window-size=1400,900",
        ])
        .args(["--virtual-time-budget=4000", "--timeout=60000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join(file).display()))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let console =
        errors.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), console)
}
