//! `tamis report`: what run folders hold, as one page.
//!
//! Reads the files of runs, and their data where it still is, and fills the values that `tamis-report`
//! draws. Nothing is computed that a run did not write down, but for means and intervals over seeds.

mod comparison;
mod images;
mod race;
mod search;
mod selection;
mod summary;
mod tensorboard;
mod training;

use std::path::{Path, PathBuf};

pub use summary::{Kind, Spent, State, Summary, summarize, summarize_all};
pub use tensorboard::event_files;

use tamis_report::{Fact, Head, Note, NoteKind, Part, Report};

use crate::error::Error;

/// The page of some runs: of a search, a race, a training and a comparison, at most one each.
///
/// # Errors
///
/// [`Error::NothingToShow`] for a folder that holds nothing of Tamis, [`Error::NotInReport`] for one that
/// a report cannot show, and whatever cannot be read.
pub fn report(runs: &[PathBuf]) -> Result<String, Error> {
    let mut report = Report::default();
    let mut shown: Vec<(Kind, &Path)> = Vec::new();
    for path in runs {
        let summary = summarize(path)?;
        if let Some((_, earlier)) = shown.iter().find(|(kind, _)| *kind == summary.kind) {
            let found = format!("{} and {} of one kind", earlier.display(), path.display());
            return Err(Error::NotInReport { found });
        }
        shown.push((summary.kind, path));
        add(&mut report, path, &summary)?;
    }
    Ok(tamis_report::render(&report))
}

fn add(report: &mut Report, path: &Path, summary: &Summary) -> Result<(), Error> {
    if summary.state == State::Damaged {
        let found = format!("{}, which is damaged", path.display());
        return Err(Error::NotInReport { found });
    }
    match summary.kind {
        Kind::Search => search::add(report, path, summary),
        Kind::Race => race::add(report, path, summary),
        Kind::Training => training::add(report, path, summary),
        Kind::Comparison => comparison::add(report, path),
        Kind::Scorer | Kind::Autoencoder => Err(Error::NotInReport {
            found: format!("{}, which only made a table", path.display()),
        }),
    }
}

/// Adds to the head what another run says of itself.
fn extend(head: &mut Head, more: Head) {
    if head.title.is_empty() {
        head.title = more.title;
    }
    head.summary = match (head.summary.take(), more.summary) {
        (Some(own), Some(other)) => Some(format!("{own} {other}")),
        (own, other) => own.or(other),
    };
    head.figures.extend(more.figures);
    head.facts.extend(more.facts);
    head.notes.extend(more.notes);
}

fn fact(name: &str, value: impl ToString) -> Fact {
    Fact { name: name.to_owned(), value: Some(value.to_string()) }
}

fn warning(text: &str) -> Note {
    Note { kind: NoteKind::Warning, text: text.to_owned() }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The lines of a file of JSON lines; those that are none are left out, as a crash may have left one.
fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What there is, or why it is missing if there is nothing.
fn given<T>(values: Vec<T>, reason: &str) -> Part<Vec<T>> {
    if values.is_empty() { Part::Missing(reason.to_owned()) } else { Part::Given(values) }
}
