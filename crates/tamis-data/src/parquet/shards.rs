//! Which Parquet files are which split: `train-00000-of-00002.parquet` is the first of two of the training
//! split. Looks at names only.

use std::path::{Path, PathBuf};

use super::error::ParquetError;
use crate::file::{name_bytes, sorted_entries};
use crate::findings::{Findings, list};
use crate::folder::{Role, holds_images, is_clutter, role};
use crate::sharding::{Number, numbered};

/// The files of both splits, each in the order of its shards.
pub(super) struct Shards {
    pub(super) train: Vec<PathBuf>,
    pub(super) test: Option<Vec<PathBuf>>,
}

/// A Parquet file as its name describes it.
struct Named {
    path: PathBuf,
    /// Its name without the ending.
    stem: String,
    /// What stands before the numbers: the same for all shards of a split.
    set: String,
    /// The split, if the name tells.
    role: Option<Role>,
    number: Option<Number>,
    /// Whether a folder of the split's name holds it, and all that is in it belongs together.
    in_split: bool,
}

impl Named {
    fn of(path: PathBuf) -> Option<Named> {
        is_named(&path).then_some(())?;
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        let (set, number) = numbered(&stem);
        let (set, role) = (set.to_owned(), role(set));
        Some(Named { path, stem, set, role, number, in_split: false })
    }

    /// The files in a folder, and in the folders of splits in it.
    fn all(folder: &Path) -> Vec<Named> {
        let mut files = Named::directly_in(folder);
        for split in folders_in(folder).iter().filter(|folder| is_split(folder)) {
            let name = String::from_utf8_lossy(name_bytes(split)).into_owned();
            files.extend(Named::directly_in(split).into_iter().map(|file| Named {
                stem: format!("{name}/{}", file.stem),
                role: role(&name),
                set: if file.number.is_some() { file.set } else { name.clone() },
                in_split: true,
                ..file
            }));
        }
        files
    }

    fn directly_in(folder: &Path) -> Vec<Named> {
        let entries = sorted_entries(folder).unwrap_or_default();
        let files = entries.into_iter().filter(|path| !is_clutter(name_bytes(path)));
        files.filter(|path| path.is_file()).filter_map(Named::of).collect()
    }
}

/// Whether a folder is called a split and holds Parquet files alone.
fn is_split(folder: &Path) -> bool {
    role(&String::from_utf8_lossy(name_bytes(folder))).is_some()
        && !Named::directly_in(folder).is_empty()
        && folders_in(folder).is_empty()
        && !holds_images(folder)
}

/// Whether a file is called a Parquet file.
pub(super) fn is_named(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// How many shards a split has of which a file is one, if its name tells and there are several.
pub(super) fn shards_of(path: &Path) -> Option<usize> {
    let (_, number) = numbered(path.file_stem()?.to_str()?);
    number.map(|number| number.of).filter(|&of| of > 1)
}

/// Whether a folder is one of Parquet files with a training split, and holds neither folders of classes nor
/// images.
pub(crate) fn is_here(folder: &Path) -> bool {
    let Some(place) = place_of(folder) else { return false };
    let folders = folders_in(folder);
    let holds_splits = |folder: &Path| folders_in(folder).iter().all(|inner| is_split(inner));
    let is_alone = place == folder || folders == [place.clone()];
    is_alone && holds_splits(&place) && ![folder, &place].into_iter().any(holds_images)
}

/// Where the files are: in a folder, in the folder `data` in it, or in the only folder in it.
fn place_of(folder: &Path) -> Option<PathBuf> {
    let mut places = vec![folder.to_owned(), folder.join("data")];
    if let [only] = &folders_in(folder)[..] {
        places.push(only.clone());
    }
    let has_train = |place: &PathBuf| Named::all(place).iter().any(|file| is(file, Role::Train));
    places.into_iter().find(has_train)
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = sorted_entries(folder).unwrap_or_default();
    let folders = entries.into_iter().filter(|path| path.is_dir());
    folders.filter(|path| !is_clutter(name_bytes(path))).collect()
}

fn is(file: &Named, role: Role) -> bool {
    file.role == Some(role)
}

impl Shards {
    /// The files in a folder: the test split is the one for testing, or else the one for validation.
    pub(super) fn in_folder(
        folder: &Path,
        findings: &mut Findings,
    ) -> Result<Shards, ParquetError> {
        let place = place_of(folder).unwrap_or_else(|| folder.to_owned());
        let files = Named::all(&place);
        let Some(train) = shards(&place, &files, Role::Train)? else {
            return Err(no_train(&place, &files));
        };
        let mut tests = shards(&place, &files, Role::Test)?;
        if tests.is_none() {
            tests = shards(&place, &files, Role::Validation)?;
            if let Some(first) = tests.as_deref().and_then(<[_]>::first) {
                let text = format!("the split {} is taken for the test split", first.set);
                findings.notes.push(text);
            }
        }
        let read = |file: &Named| {
            let mut splits = [Some(&train), tests.as_ref()].into_iter().flatten().flatten();
            splits.any(|read| read.path == file.path)
        };
        let unread: Vec<String> =
            files.iter().filter(|file| !read(file)).map(|file| file.stem.clone()).collect();
        findings.note_list("Parquet files that are not read", &unread);
        let paths = |files: Vec<&Named>| files.into_iter().map(|file| file.path.clone()).collect();
        Ok(Shards { train: paths(train), test: tests.map(paths) })
    }
}

fn no_train(folder: &Path, files: &[Named]) -> ParquetError {
    let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.stem)).collect();
    let found = if names.is_empty() { "none".to_owned() } else { list(&names) };
    let expected = "such of a split `train`".to_owned();
    ParquetError::Shards { folder: folder.to_owned(), found, expected }
}

/// All shards of a split in their order.
fn shards<'a>(
    folder: &Path,
    files: &'a [Named],
    role: Role,
) -> Result<Option<Vec<&'a Named>>, ParquetError> {
    let mut found: Vec<&Named> = files.iter().filter(|file| is(file, role)).collect();
    let Some(first) = found.first() else { return Ok(None) };
    let wrong = |found: &[&Named], expected: String| {
        let names: Vec<String> = found.iter().map(|file| format!("`{}`", file.stem)).collect();
        let found = format!("{} ({})", list(&names), names.len());
        Err(ParquetError::Shards { folder: folder.to_owned(), found, expected })
    };
    let (set, of) = (&first.set, first.number.map(|number| number.of));
    let is_same = |file: &&Named| file.set == *set && file.number.map(|number| number.of) == of;
    if !found.iter().all(is_same) || (of.is_none() && found.len() > 1 && !first.in_split) {
        return wrong(&found, "the shards of one split".to_owned());
    }
    if of.is_none() && first.in_split {
        return Ok(Some(found));
    }
    let of = of.unwrap_or(1);
    found.sort_by_key(|file| file.number.map(|number| number.shard));
    let numbers = found.iter().filter_map(|file| file.number.map(|number| number.shard));
    if found.len() != of || numbers.enumerate().any(|(expected, shard)| expected != shard) {
        return wrong(&found, format!("all {of} shards of the split `{set}`"));
    }
    Ok(Some(found))
}
