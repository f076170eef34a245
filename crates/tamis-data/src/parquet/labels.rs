//! The labels of Parquet files and the names of their classes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::ParquetError;
use super::shard::Shard;
use crate::Error;
use crate::findings::Findings;

/// A file and what it says of its rows.
pub(super) struct Labelled {
    pub(super) path: PathBuf,
    /// The label of each row; `None` where it cannot be used, which is a problem already.
    pub(super) labels: Vec<Option<u32>>,
    /// Names of the classes, if it has such.
    names: Option<Vec<String>>,
}

/// Reads the labels of some files.
pub(super) fn read(paths: &[PathBuf], findings: &mut Findings) -> Vec<Labelled> {
    let labelled = paths.iter().filter_map(|path| {
        let read = labelled(path, findings);
        findings.keep(read)
    });
    labelled.collect()
}

fn labelled(path: &Path, findings: &mut Findings) -> Result<Labelled, Error> {
    let shard = Shard::open(path)?;
    let names = shard.class_names()?;
    refuse_same_names(path, names.as_deref().unwrap_or_default())?;
    let classes = names.as_ref().map_or(1 << 32, |names| names.len() as u64);
    let (mut labels, mut wrong) = (Vec::new(), Wrong::default());
    shard.labels(|label| {
        let class = label.and_then(|label| u64::try_from(label).ok()).filter(|&at| at < classes);
        if class.is_none() {
            wrong.add(labels.len(), label);
        }
        labels.push(class.map(|class| class as u32));
    })?;
    findings.problems.extend(wrong.problem(path, &shard.columns.label.name, names.as_deref()));
    Ok(Labelled { path: path.to_owned(), labels, names })
}

/// Refuses one name of two classes.
fn refuse_same_names(path: &Path, names: &[String]) -> Result<(), ParquetError> {
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !seen.insert(*name));
    let (path, expected) = (path.to_owned(), "a name for each class".to_owned());
    twice.map_or(Ok(()), |name| {
        Err(ParquetError::Names { path, found: format!("`{name}` twice"), expected })
    })
}

/// Names that are not those of the first file are a problem.
pub(super) fn refuse_other_names<'a>(
    mut shards: impl Iterator<Item = &'a Labelled>,
    findings: &mut Findings,
) {
    let Some(first) = shards.next() else { return };
    let text = |names: &Option<Vec<String>>| {
        names
            .as_ref()
            .map_or_else(|| "none".to_owned(), |names| format!("`{}`", names.join("`, `")))
    };
    for Labelled { path, names, .. } in shards.filter(|shard| shard.names != first.names) {
        let (path, found) = (path.clone(), text(names));
        let expected = format!("{} as in `{}`", text(&first.names), first.path.display());
        findings.problems.push(ParquetError::Names { path, found, expected }.into());
    }
}

/// Rows whose labels are no class: the first of them, and how many.
#[derive(Default)]
struct Wrong {
    first: Option<(usize, Option<i64>)>,
    rows: usize,
}

impl Wrong {
    fn add(&mut self, row: usize, label: Option<i64>) {
        self.first.get_or_insert((row, label));
        self.rows += 1;
    }

    fn problem(self, path: &Path, column: &str, names: Option<&[String]>) -> Option<Error> {
        let (row, label) = self.first?;
        let found = label.map_or_else(|| "no label".to_owned(), |label| format!("label {label}"));
        let more = self.rows - 1;
        let expected = match names {
            Some(names) => format!("0 to {}, which have names", names.len() - 1),
            None => format!("0 to {}", u32::MAX),
        };
        let (path, column) = (path.to_owned(), column.into());
        let (found, expected) = (found.into_boxed_str(), expected.into_boxed_str());
        Some(ParquetError::Labels { path, column, found, row, more, expected }.into())
    }
}

impl Labelled {
    /// The name of a label: that of the metadata, or its number.
    fn name(&self, label: u32) -> String {
        let name = self.names.as_ref().and_then(|names| names.get(label as usize));
        name.cloned().unwrap_or_else(|| label.to_string())
    }
}

/// The labels of the training split with their names.
pub(super) fn names_of(train: &[Labelled]) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for shard in train {
        for &label in shard.labels.iter().flatten() {
            names.entry(label).or_insert_with(|| shard.name(label));
        }
    }
    names
}

/// Takes labels that the training split lacks from those of the test split; each is a problem.
pub(super) fn refuse_unknown(
    test: &mut [Labelled],
    known: &BTreeMap<u32, String>,
    findings: &mut Findings,
) {
    let mut unknown = BTreeMap::new();
    for shard in test {
        let labels = shard.labels.iter_mut();
        let taken = labels.filter_map(|label| label.take_if(|label| !known.contains_key(label)));
        let taken: BTreeSet<u32> = taken.collect();
        unknown.extend(taken.into_iter().map(|label| (label, shard.name(label))));
    }
    let problems = unknown.into_values().map(|class| Error::UnknownClass { class });
    findings.problems.extend(problems);
}
