//! `cargo xtask tidy`: reads the source text and lists where it leaves the house style.
//!
//! This file walks the tree; [`shape`] holds the limits on files and lines, [`words`] what only some
//! crates may say, [`paths`] what no file may say, [`circles`] which files depend on each other. What
//! clippy, rustdoc and the compiler see is theirs: see `clippy.toml` and the lints of the workspace.
//! The rules work on masked text (see [`mask`]) instead of a syntax tree, so a word that a macro puts
//! together escapes them.

mod circles;
mod mask;
mod paths;
mod shape;
mod source;
mod words;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use source::Source;

/// Names below which nothing is committed.
const SKIPPED: [&str; 5] = [".git", ".venv", "__pycache__", "runs", "target"];

/// One departure from the house style.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    line: usize,
    message: String,
}

impl Finding {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Finding { line, message: message.into() }
    }
}

/// Prints every finding as `path:line: message`; fails if there is one.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(workspace, "", &mut files)?;
    let mut texts = Vec::new();
    for path in &files {
        let bytes = fs::read(workspace.join(path)).with_context(|| format!("reading {path}"))?;
        // What is not text, such as a golden file, has no style.
        texts.extend(String::from_utf8(bytes).map(|text| (path.as_str(), text)));
    }
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    for (path, text) in &texts {
        findings.extend(check(path, text).into_iter().map(|finding| (*path, finding)));
    }
    let sources: Vec<(&str, Source<'_>)> = texts
        .iter()
        .filter(|(path, _)| is_checked(path))
        .map(|(path, text)| (*path, Source::new(text)))
        .collect();
    let sources: Vec<(&str, &Source<'_>)> =
        sources.iter().map(|(path, source)| (*path, source)).collect();
    findings.extend(circles::check(&sources));
    for (path, Finding { line, message }) in &findings {
        eprintln!("{path}:{line}: {message}");
    }
    match findings.len() {
        0 => println!("tidy: {} files, nothing found", files.len()),
        1 => bail!("tidy found 1 departure from the house style"),
        count => bail!("tidy found {count} departures from the house style"),
    }
    Ok(())
}

/// The files under `folder`, by their path from the workspace with `/` between its parts.
fn collect(workspace: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    let reading = || format!("reading the folder `{folder}`");
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace.join(folder)).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.push((name, entry.file_type().with_context(reading)?));
    }
    names.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, kind) in names {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        // In a second working tree `.git` is a file.
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_file() {
            files.push(path);
        } else if kind.is_dir() {
            collect(workspace, &path, files)?;
        }
    }
    Ok(())
}

/// Whether a file is code of the workspace.
fn is_checked(path: &str) -> bool {
    (path.starts_with("crates/") || path.starts_with("xtask/")) && path.ends_with(".rs")
}

/// The findings in one file, by line.
fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = paths::check(path, text);
    if is_checked(path) {
        let source = Source::new(text);
        findings.extend(shape::check(&source));
        findings.extend(words::check(path, &source));
    }
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIDY: &str = "fn f() {\n    burn::f()\n}\n";

    #[test]
    fn a_rust_file_meets_every_family_of_rules_and_findings_come_by_line() {
        let text = format!("{UNTIDY}// see /{}/x\n", "tmp");
        let lines: Vec<usize> =
            check("crates/tamis-data/src/a.rs", &text).iter().map(|found| found.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn other_files_are_only_searched_for_machine_paths() {
        assert_eq!(check("docs/a.md", UNTIDY), []);
        assert_eq!(check("bench/a.rs", UNTIDY), []);
        assert_eq!(check("docs/a.md", &format!("in /{}/x", "tmp")).len(), 1);
    }

    #[test]
    fn the_walk_finds_this_file_and_skips_build_outputs() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut files = Vec::new();
        collect(workspace, "", &mut files).unwrap();
        assert!(files.contains(&"xtask/src/tidy/mod.rs".to_owned()));
        assert!(!files.iter().any(|file| file.starts_with("target/") || file.starts_with(".git/")));
    }
}
