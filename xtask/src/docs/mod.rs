//! `cargo xtask docs`: runs every command of the pages as it stands and compares what it prints with
//! what the page shows.
//!
//! [`page`] reads a page, [`shell`] runs its commands, [`tolerance`] says whether two outputs are
//! alike, [`difference`] shows where they are not, [`mend`] puts what is printed now into the page.
//! Every command is run or says why not; one that stands outside of a console block is an error.
//! Each page has a new folder, `target/docs/PAGE`, which is left behind to look at.

mod difference;
mod mend;
mod page;
mod shell;
mod tolerance;

use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;
use page::{Block, Command};
use shell::{Place, Shell};

/// Folders and files with pages that people follow; the changelog quotes the past.
const PAGES: [&str; 4] = ["README.md", "CONTRIBUTING.md", "bench/README.md", "docs"];

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// Ends of page paths; all pages if none.
    only: Vec<String>,
    /// Put what commands print into the pages.
    fix: bool,
    /// Run what is slow, too.
    all: bool,
}

/// What came of the commands.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    mended: usize,
    skipped: usize,
}

/// Runs the pages; fails if a command does.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut pages = Vec::new();
    for path in PAGES {
        collect(workspace, path, &mut pages)?;
    }
    pages.retain(|page| {
        options.only.is_empty() || options.only.iter().any(|end| is_named(page, end))
    });
    ensure!(!pages.is_empty(), "no page is called {}", options.only.join(", "));
    cargo::build(workspace, &["--bins", "--examples"])?;
    let target = cargo::target(workspace);
    let stand_ins = target.join("docs/.stand-ins");
    shell::write_stand_ins(&stand_ins)?;
    let mut tally = Tally::default();
    for page in &pages {
        let folder = target.join("docs").join(page.trim_end_matches(".md").replace('/', "-"));
        let place =
            Place { programs: target.join("release"), folder, stand_ins: stand_ins.clone() };
        PageRun { workspace, page, place, options: &options, tally: &mut tally }.run()?;
    }
    let Tally { passed, failed, mended, skipped } = tally;
    println!("docs: {passed} passed, {failed} failed, {mended} mended, {skipped} skipped");
    ensure!(failed == 0, "{failed} commands of the pages do not do what the pages say");
    Ok(())
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Options> {
        let mut options = Options::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match (*argument, rest.as_slice()) {
                ("--fix", _) => options.fix = true,
                ("--all", _) => options.all = true,
                ("--only", [page, ..]) => {
                    options.only.push((*page).to_owned());
                    rest.next();
                }
                _ => bail!("docs takes --only PAGE, --fix and --all, not `{argument}`"),
            }
        }
        Ok(options)
    }
}

/// Whether a page is meant by the end of its path, with its ending or without.
fn is_named(page: &str, end: &str) -> bool {
    let page = page.trim_end_matches(".md");
    let end = end.trim_end_matches(".md");
    page == end || page.ends_with(&format!("/{end}"))
}

fn collect(workspace: &Path, path: &str, pages: &mut Vec<String>) -> Result<()> {
    if path.ends_with(".md") {
        pages.push(path.to_owned());
        return Ok(());
    }
    let folder = workspace.join(path);
    if !folder.is_dir() {
        return Ok(());
    }
    let reading = || format!("reading the folder {path}");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(reading)? {
        names.push(entry.with_context(reading)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    names.iter().try_for_each(|name| collect(workspace, &format!("{path}/{name}"), pages))
}

/// A page whose commands are run.
struct PageRun<'a> {
    workspace: &'a Path,
    page: &'a str,
    place: Place,
    options: &'a Options,
    tally: &'a mut Tally,
}

/// Lines of the page and what stands there now.
type Changes = Vec<(Range<usize>, Vec<String>)>;

impl PageRun<'_> {
    fn run(&mut self) -> Result<()> {
        let path = self.workspace.join(self.page);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", self.page))?;
        let page = page::parse(&text).with_context(|| self.page.to_owned())?;
        for line in &page.unchecked {
            println!(
                "{}:{line}: a command that is in no console block, so that nobody runs it",
                self.page
            );
            self.tally.failed += 1;
        }
        if page.blocks.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        self.new_folder()?;
        let mut shell = Shell::start(&self.place)?;
        let lines: Vec<&str> = text.lines().collect();
        let mut changes = Changes::new();
        for block in &page.blocks {
            match self.reason_to_skip(block) {
                Some(reason) => self.skip(block, &reason),
                None => self.block(block, &lines, &mut shell, &mut changes)?,
            }
        }
        println!("{}: {:.0} s", self.page, start.elapsed().as_secs_f64());
        if !changes.is_empty() {
            #[expect(
                clippy::disallowed_methods,
                reason = "version control has the page as it was"
            )]
            fs::write(&path, mend::replaced(&text, &changes))
                .with_context(|| format!("writing {}", self.page))?;
        }
        Ok(())
    }

    fn new_folder(&self) -> Result<()> {
        let folder = &self.place.folder;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
    }

    fn reason_to_skip(&self, block: &Block) -> Option<String> {
        if block.skip.is_some() {
            return block.skip.clone();
        }
        if let Some(missing) = block.needs.iter().find(|name| data_set(name).is_none()) {
            return Some(format!("needs {missing} in the folder TAMIS_DATA"));
        }
        let slow = block.slow.as_ref().filter(|_| !self.options.all)?;
        Some(format!("slow, {slow}; --all runs it"))
    }

    fn skip(&mut self, block: &Block, reason: &str) {
        println!("{}:{}: skipped: {reason}", self.page, block.line);
        // A program is one, too.
        self.tally.skipped += block.commands.len().max(1);
    }

    fn block(
        &mut self,
        block: &Block,
        lines: &[&str],
        shell: &mut Shell,
        changes: &mut Changes,
    ) -> Result<()> {
        for data in block.needs.iter().filter_map(|name| data_set(name)) {
            let name = data.file_name().unwrap_or_default();
            let link = self.place.folder.join(name);
            if !link.exists() {
                let linked = process::Command::new("ln").arg("-s").arg(&data).arg(&link).status();
                linked.with_context(|| format!("linking {}", data.display()))?;
            }
        }
        if let Some(first) = &block.first {
            let ended = shell.run(first).with_context(|| format!("{}: `{first}`", self.page))?;
            ensure!(
                ended.code == 0,
                "{}: `{first}` printed\n{}",
                self.page,
                ended.lines.join("\n")
            );
        }
        for command in &block.commands {
            self.command(command, lines, shell, changes)?;
        }
        Ok(())
    }

    fn command(
        &mut self,
        command: &Command,
        lines: &[&str],
        shell: &mut Shell,
        changes: &mut Changes,
    ) -> Result<()> {
        let Command { line, text, output } = command;
        let place = format!("{}:{line}: $ {text}", self.page);
        let ended = shell.run(text).with_context(|| place.clone())?;
        let (expected, found) = (trimmed(&lines[output.clone()]), ended.lines);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let found = trimmed(&found);
        if expected.is_empty() {
            // What a page does not show is not compared, but it has to work.
            if ended.code == 0 {
                self.tally.passed += 1;
            } else {
                println!("{place}\nexit code {}", ended.code);
                found.iter().for_each(|line| println!("+ {line}"));
                self.tally.failed += 1;
            }
        } else if tolerance::alike(expected, found) {
            self.tally.passed += 1;
        } else {
            println!("{place}");
            for line in difference::difference(expected, found) {
                println!("{line}");
            }
            if self.options.fix {
                // The output's range may end in empty lines, which belong to its looks.
                let range =
                    output.start..output.start + leading(&lines[output.clone()]) + expected.len();
                changes.push((range, mend::shown(expected, found)));
                self.tally.mended += 1;
            } else {
                self.tally.failed += 1;
            }
        }
        Ok(())
    }
}

/// The path of a data set, if there is one of this name.
fn data_set(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os("TAMIS_DATA")?).join(name);
    // Commands run in another folder.
    fs::canonicalize(path).ok()
}

/// How many empty lines come first.
fn leading(lines: &[&str]) -> usize {
    lines.iter().take_while(|line| line.trim().is_empty()).count()
}

/// Without empty lines at both ends.
fn trimmed<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let lines = &lines[leading(lines)..];
    let empty = lines.iter().rev().take_while(|line| line.trim().is_empty()).count();
    &lines[..lines.len() - empty]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order_and_others_are_refused() {
        let options = Options::parse(&["--fix", "--only", "guide", "--only", "README.md"]).unwrap();
        assert_eq!(options.only, ["guide", "README.md"]);
        assert!(options.fix && !options.all);
        for wrong in [&["--only"][..], &["--fixed"], &["guide"]] {
            let message = Options::parse(wrong).unwrap_err().to_string();
            assert!(message.contains(wrong[0]), "{message}");
        }
    }

    #[test]
    fn a_page_is_named_by_the_end_of_its_path() {
        assert!(is_named("docs/guide.md", "guide") && is_named("docs/guide.md", "docs/guide.md"));
        assert!(is_named("README.md", "README"));
        assert!(!is_named("docs/methods/darts.md", "arts") && !is_named("docs/a.md", "docs"));
    }

    #[test]
    fn every_page_can_be_read_and_has_no_command_outside_of_console_blocks() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut pages = Vec::new();
        PAGES.iter().for_each(|path| collect(workspace, path, &mut pages).unwrap());
        assert!(pages.contains(&"docs/methods/darts.md".to_owned()));
        for path in pages {
            let text = fs::read_to_string(workspace.join(&path)).unwrap();
            let page = page::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(page.unchecked, [], "lines of {path}");
        }
    }

    #[test]
    fn only_the_ends_are_trimmed() {
        assert_eq!(trimmed(&["", " ", "a", "", "b", ""]), ["a", "", "b"]);
        assert_eq!(trimmed(&["", ""]), [""; 0]);
    }
}
