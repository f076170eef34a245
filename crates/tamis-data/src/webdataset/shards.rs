//! Which archives are which split: `train-000000.tar` is the first of the training split, and where no name
//! speaks of a split, all are. Looks at names only.

use std::path::{Path, PathBuf};

use super::error::WebDatasetError;
use crate::archive::without_ending;
use crate::file::{name_bytes, sorted_entries};
use crate::findings::{Findings, list};
use crate::folder::{Role, is_clutter, role};
use crate::sharding::{Number, numbered};

/// The archives of both splits, each in the order of its shards.
pub(super) struct Shards {
    pub(super) train: Vec<PathBuf>,
    pub(super) test: Option<Vec<PathBuf>>,
}

/// An archive as its name describes it.
struct Named {
    path: PathBuf,
    name: String,
    /// What stands before the number: the same for all shards of a split.
    set: String,
    role: Option<Role>,
    number: Option<usize>,
    /// How many shards there are, where the name says so.
    of: Option<usize>,
}

impl Named {
    fn of(path: PathBuf) -> Option<Named> {
        let name = without_ending(&path)?;
        let (set, number, of) = match numbered(&name) {
            (set, Some(Number { shard, of })) => (set, Some(shard), Some(of)),
            (name, None) => {
                let set = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
                (set, name[set.len()..].parse().ok(), None)
            }
        };
        let set = set.trim_end_matches(['-', '_', '.']);
        // In `imagenet-train` the last word tells.
        let last = set.rsplit(['-', '_', '.']).next().unwrap_or(set);
        let (set, role) = (set.to_owned(), role(set).or_else(|| role(last)));
        Some(Named { path, name, set, role, number, of })
    }
}

/// The archives in a folder.
pub(super) fn archives_in(folder: &Path) -> Vec<PathBuf> {
    let entries = sorted_entries(folder).unwrap_or_default();
    let files = entries.into_iter().filter(|path| !is_clutter(name_bytes(path)) && path.is_file());
    files.filter(|path| without_ending(path).is_some()).collect()
}

impl Shards {
    /// The archives in a folder: the test split is the one for testing, or else the one for validation.
    pub(super) fn in_folder(
        folder: &Path,
        findings: &mut Findings,
    ) -> Result<Shards, WebDatasetError> {
        let files: Vec<Named> = archives_in(folder).into_iter().filter_map(Named::of).collect();
        let of_role = |wanted| Vec::from_iter(files.iter().filter(|file| file.role == wanted));
        let mut train = of_role(Some(Role::Train));
        if train.is_empty() && files.iter().all(|file| file.role.is_none()) {
            train = of_role(None);
        }
        let mut test = of_role(Some(Role::Test));
        if test.is_empty() {
            test = of_role(Some(Role::Validation));
            if let Some(first) = test.first() {
                let text = format!("the split {} is taken for the test split", first.set);
                findings.notes.push(text);
            }
        }
        let is_read = |file: &Named| train.iter().chain(&test).any(|read| read.path == file.path);
        let unread = files.iter().filter(|file| !is_read(file)).map(|file| file.name.clone());
        findings.note_list("archives that are not read", &Vec::from_iter(unread));
        let test = if test.is_empty() { None } else { Some(in_order(folder, test)?) };
        Ok(Shards { train: in_order(folder, train)?, test })
    }
}

/// The paths of all shards of a split, in their order.
fn in_order(folder: &Path, mut files: Vec<&Named>) -> Result<Vec<PathBuf>, WebDatasetError> {
    let wrong = |files: &[&Named], expected: String| {
        let names = files.iter().map(|file| format!("`{}`", file.name));
        let names = Vec::from_iter(names);
        let count = names.len();
        let found =
            if count == 0 { "none".to_owned() } else { format!("{} ({count})", list(&names)) };
        Err(WebDatasetError::Shards { folder: folder.to_owned(), found, expected })
    };
    let Some(&first) = files.first() else {
        return wrong(&files, "some of a split `train`".to_owned());
    };
    let is_same = |file: &&Named| file.set == first.set && file.of == first.of;
    if !files.iter().all(is_same) || (files.len() > 1 && first.number.is_none()) {
        return wrong(&files, "the shards of one split".to_owned());
    }
    files.sort_by_key(|file| file.number);
    let start = files[0].number.unwrap_or(0);
    let has_gap = files.iter().enumerate().any(|(at, file)| file.number.unwrap_or(0) != start + at);
    if has_gap || start > 1 || first.of.is_some_and(|of| of != files.len()) {
        return wrong(&files, format!("all shards of the split `{}`", first.set));
    }
    Ok(files.into_iter().map(|file| file.path.clone()).collect())
}
