//! Which folders of a root are the splits, and whether what is taken for classes are splits. Looks at names
//! of folders and files only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::roles::{Role, role};
use super::scan::{ClassFolder, Scanner};
use super::skip::{holds_images, is_clutter, is_own};
use super::tree::{Tree, sorted_entries};
use crate::Error;
use crate::file::name_bytes;
use crate::findings::{Findings, list};
use crate::images::by_ending;

/// Deepest nesting in which an image is looked for that makes a folder look like a class.
const DEPTH: usize = 4;

/// Where the two splits lie.
pub(super) struct Splits {
    pub(super) train: PathBuf,
    pub(super) test: Option<PathBuf>,
}

/// A folder directly in the root.
struct Folder {
    path: PathBuf,
    name: String,
    role: Option<Role>,
    /// The folders in it.
    folders: BTreeSet<String>,
}

impl Folder {
    fn new(tree: &dyn Tree, path: PathBuf) -> Folder {
        let name = name_of(&path);
        Folder { role: role(&name), folders: folders_in(tree, &path), name, path }
    }

    fn is(&self, role: Role) -> bool {
        self.role == Some(role)
    }

    /// Whether it may hold a split: a class may be called `train`, too.
    fn holds_classes(&self) -> bool {
        !self.folders.is_empty()
    }

    /// Whether it holds images and is neither a split nor anything with the classes in it.
    fn looks_like_class(&self, tree: &dyn Tree, classes: &BTreeSet<String>) -> bool {
        self.role.is_none()
            && !self.folders.iter().any(|name| classes.contains(name) || role(name).is_some())
            && holds_images_to(tree, &self.path, DEPTH)
    }
}

impl Splits {
    /// The splits that the names of the folders tell, in any case and spelling. Without a training split
    /// that holds folders the root itself is one.
    pub(super) fn of(scanner: &mut Scanner, findings: &mut Findings) -> Option<Splits> {
        let root = scanner.tree().root().to_owned();
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for path in findings.keep(sorted_entries(scanner.tree(), &root))? {
            let is_folder = scanner.tree().is_folder(&path);
            match (is_folder, scanner.skips(&path, is_folder)) {
                (_, true) => {}
                (true, _) => folders.push(Folder::new(scanner.tree(), path)),
                (false, _) => files.push(path),
            }
        }
        let trains =
            folders.iter().filter(|folder| folder.is(Role::Train) && folder.holds_classes());
        match Vec::from_iter(trains)[..] {
            [] => Some(Splits { train: root, test: None }),
            [train] => {
                scanner.tell_outside(&files, findings);
                Some(Splits::beside(scanner.tree(), train, &folders, findings))
            }
            ref several => {
                findings.problems.push(several_splits(&root, "training", several));
                None
            }
        }
    }

    /// The test split that goes with a training split; all other folders are told.
    fn beside(
        tree: &dyn Tree,
        train: &Folder,
        folders: &[Folder],
        findings: &mut Findings,
    ) -> Splits {
        let test = held_out(tree, folders, findings);
        let unread = folders.iter().filter(|folder| {
            folder.path != train.path && test.is_none_or(|test| test.path != folder.path)
        });
        let (classes, others): (Vec<&Folder>, Vec<&Folder>) =
            unread.partition(|folder| folder.looks_like_class(tree, &train.folders));
        let names = |folders: &[&Folder]| Vec::from_iter(folders.iter().map(|f| f.name.clone()));
        findings.note_list("folders beside the splits that are not read", &names(&others));
        if !classes.is_empty() {
            let (count, found) = (classes.len(), list(&names(&classes)));
            let (folder, train) = (tree.root().to_owned(), train.path.clone());
            findings.problems.push(Error::BesideSplits { folder, count, found, train });
        }
        Splits { train: train.path.clone(), test: test.map(|test| test.path.clone()) }
    }
}

/// The folder of the test split: one for testing before one for validation, one with classes before one
/// without.
fn held_out<'a>(
    tree: &dyn Tree,
    folders: &'a [Folder],
    findings: &mut Findings,
) -> Option<&'a Folder> {
    for (role, what) in [(Role::Test, "test"), (Role::Validation, "validation")] {
        let found = folders.iter().filter(|folder| folder.is(role) && folder.holds_classes());
        match Vec::from_iter(found)[..] {
            [] => {}
            [found] => {
                if role == Role::Validation {
                    let text = format!("the folder {} is taken for the test split", found.name);
                    findings.notes.push(text);
                }
                return Some(found);
            }
            ref several => {
                findings.problems.push(several_splits(tree.root(), what, several));
                return None;
            }
        }
    }
    folders
        .iter()
        .filter(|folder| folder.is(Role::Test) || folder.is(Role::Validation))
        .find(|folder| holds_images(tree, &folder.path))
}

fn several_splits(root: &Path, split: &'static str, found: &[&Folder]) -> Error {
    let found: Vec<String> = found.iter().map(|folder| folder.name.clone()).collect();
    Error::SeveralSplits { folder: root.to_owned(), split, found: found.join(", ") }
}

/// The problem of class folders that are splits, or hold splits.
pub(super) fn taken_for_classes(
    tree: &dyn Tree,
    split: &Path,
    classes: &[ClassFolder],
) -> Option<Error> {
    let roles: Vec<Option<Role>> = classes.iter().map(|class| role(&class.name)).collect();
    let has = |role: Role| roles.contains(&Some(role));
    let has_both = has(Role::Train) && (has(Role::Test) || has(Role::Validation));
    if !classes.is_empty() && (roles.iter().all(Option::is_some) || has_both) {
        return Some(nothing_but_splits(tree, split, classes));
    }
    let names: BTreeSet<&str> = classes.iter().map(|class| &*class.name).collect();
    for (class, role) in classes.iter().zip(roles) {
        let folders = folders_in(tree, &class.path);
        if role.is_some() && folders.iter().any(|folder| names.contains(&**folder)) {
            return Some(split_among_classes(split, class));
        }
        if holds_splits(&folders) {
            return Some(splits_in_class(split, class, &folders));
        }
    }
    None
}

fn nothing_but_splits(tree: &dyn Tree, split: &Path, classes: &[ClassFolder]) -> Error {
    let found = classes.iter().filter(|class| role(&class.name).is_some()).map(|class| {
        let images = class.files.iter().filter(|file| by_ending(file).is_some()).count();
        format!("`{}` ({images} images)", class.name)
    });
    let mut found = format!("names of splits: {}", Vec::from_iter(found).join(", "));
    let tables = tables_in(tree, split);
    if !tables.is_empty() {
        found += &format!("; beside them {}", list(&tables));
    }
    let nested = classes.iter().find(|class| !folders_in(tree, &class.path).is_empty());
    let hint = match nested {
        Some(class) => format!(
            "if the folders in `{0}` are the classes, give `{0}`, or put them into `train/`",
            class.path.display()
        ),
        None => {
            "put the images of each class into a folder of its name, as in `train/CLASS/`; a table \
                 of labels is not read"
                .to_owned()
        }
    };
    Error::NotClasses { folder: split.to_owned(), found, hint }
}

fn split_among_classes(split: &Path, class: &ClassFolder) -> Error {
    Error::NotClasses {
        folder: split.to_owned(),
        found: format!("the split `{}` beside the classes that are in it", class.name),
        hint: "put the other classes into a folder `train` beside it".to_owned(),
    }
}

fn splits_in_class(split: &Path, class: &ClassFolder, folders: &BTreeSet<String>) -> Error {
    let splits = folders.iter().filter(|name| role(name).is_some()).cloned();
    Error::NotClasses {
        folder: split.to_owned(),
        found: format!(
            "splits in the folder `{}`: {}",
            class.name,
            Vec::from_iter(splits).join(", ")
        ),
        hint: format!(
            "if the classes are in those, give `{}`; if it is a class, put the splits above the classes, \
             as in `train/{}/`",
            class.path.display(),
            class.name
        ),
    }
}

fn holds_splits(folders: &BTreeSet<String>) -> bool {
    let has = |wanted: Role| folders.iter().any(|name| role(name) == Some(wanted));
    has(Role::Train) && (has(Role::Test) || has(Role::Validation))
}

/// Files that may be tables of labels.
fn tables_in(tree: &dyn Tree, folder: &Path) -> Vec<String> {
    let entries = sorted_entries(tree, folder).unwrap_or_default();
    let tables = entries.iter().filter(|path| {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        ["csv", "tsv", "json", "parquet", "txt", "xlsx"].iter().any(|table| ending == *table)
    });
    tables.map(|path| format!("`{}`", name_of(path))).collect()
}

fn name_of(path: &Path) -> String {
    String::from_utf8_lossy(name_bytes(path)).into_owned()
}

/// The names of the folders in a folder that are not skipped.
fn folders_in(tree: &dyn Tree, folder: &Path) -> BTreeSet<String> {
    let paths = tree.entries(folder).into_iter().flatten().filter_map(Result::ok);
    let named = paths.filter(|path| {
        !is_clutter(name_bytes(path)) && tree.is_folder(path) && !is_own(tree, path)
    });
    named.map(|path| name_of(&path)).collect()
}

/// Whether there are images in a folder or below it, by their names.
fn holds_images_to(tree: &dyn Tree, folder: &Path, depth: usize) -> bool {
    holds_images(tree, folder)
        || (depth > 0
            && folders_in(tree, folder)
                .into_iter()
                .any(|name| holds_images_to(tree, &folder.join(name), depth - 1)))
}
