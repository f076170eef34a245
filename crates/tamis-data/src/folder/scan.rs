//! Finds the class folders of a split and the files in them, in the order of torchvision's `ImageFolder`.
//! Opens no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::names::{difference, look};
use super::skip::{is_clutter, is_own};
use super::tree::{Kind, Tree, sorted_entries};
use crate::Error;
use crate::file::{code_points, name_bytes};
use crate::findings::{Findings, list};
use crate::images::by_ending;

/// Deepest nesting of folders inside a class folder.
const DEPTH: usize = 16;

/// A class: its name and its files, in order.
pub(super) struct ClassFolder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) files: Vec<PathBuf>,
}

/// Looks through the folders below a root, which it leaves only where links may be followed.
pub(super) struct Scanner {
    tree: Box<dyn Tree>,
    /// The folders that are being looked through, from the root down.
    trail: Vec<PathBuf>,
    met: Met,
}

/// What was met on the way and left out, by its place below the root.
#[derive(Default)]
struct Met {
    clutter: BTreeSet<String>,
    own: BTreeSet<String>,
    hidden: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl Scanner {
    pub(super) fn new(tree: Box<dyn Tree>) -> Result<Scanner, Error> {
        let trail = tree.identity(tree.root())?.into_iter().collect();
        Ok(Scanner { tree, trail, met: Met::default() })
    }

    pub(super) fn tree(&self) -> &dyn Tree {
        &*self.tree
    }

    /// What a file or folder is called in messages: its place below the root.
    pub(super) fn place(&self, path: &Path) -> String {
        path.strip_prefix(self.tree.root()).unwrap_or(path).display().to_string()
    }

    /// Whether an entry is no data; remembers it if it should be told.
    pub(super) fn skips(&mut self, path: &Path, is_folder: bool) -> bool {
        let name = name_bytes(path);
        let place = self.place(path);
        if !is_clutter(name) {
            return is_folder && is_own(&*self.tree, path) && {
                self.met.own.insert(place);
                true
            };
        }
        // `._a.png` holds what a Mac knows of `a.png`, and never pixels.
        let is_hidden = name.starts_with(b".") && !name.starts_with(b"._");
        if is_folder {
            self.met.clutter.insert(place);
        } else if is_hidden && by_ending(path).is_some() {
            self.met.hidden.insert(place);
        }
        true
    }

    /// The class folders of a split, in the order of their names; none is a problem.
    pub(super) fn class_folders(
        &mut self,
        split: &Path,
        findings: &mut Findings,
    ) -> Vec<ClassFolder> {
        let (mut classes, mut outside) = (Vec::new(), Vec::new());
        for (path, kind) in self.entries(split, findings) {
            match (kind, class_name(&path)) {
                (Kind::File, _) => outside.push(path),
                (Kind::Folder, Ok(name)) => {
                    let files = self.files(&path, findings);
                    classes.push(ClassFolder { name, path, files });
                }
                (Kind::Folder, Err(problem)) => findings.problems.push(problem),
                (Kind::Link, _) => {}
            }
        }
        if classes.is_empty() && self.met.links.is_empty() {
            let found = self.outside(split, &outside);
            findings.problems.push(found);
        } else {
            self.tell_outside(&outside, findings);
        }
        refuse_same_names(split, &classes, findings);
        classes
    }

    /// The problem of a split without class folders.
    fn outside(&self, split: &Path, files: &[PathBuf]) -> Error {
        let images = files.iter().filter(|file| by_ending(file).is_some());
        let images: Vec<String> = images.map(|file| self.place(file)).collect();
        let folder = split.to_owned();
        if images.is_empty() {
            let hint = "put the images of a class into a folder of its name".to_owned();
            return Error::NotClasses { folder, found: "no folders".to_owned(), hint };
        }
        let found = format!("images outside class folders ({}): {}", images.len(), list(&images));
        let hint =
            "put the images of each class into a folder of its name; a split without classes \
                    cannot be used, and the folder of another can be given alone"
                .to_owned();
        Error::NotClasses { folder, found, hint }
    }

    /// Notes on files that lie where only folders are looked for.
    pub(super) fn tell_outside(&self, files: &[PathBuf], findings: &mut Findings) {
        let (images, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
            files.iter().partition(|file| by_ending(file).is_some());
        for (what, files) in [("images", images), ("files", others)] {
            let names: Vec<String> = files.into_iter().map(|file| self.place(file)).collect();
            findings.note_list(&format!("ignored {what} outside class folders"), &names);
        }
    }

    /// All files below a class folder in the order of `ImageFolder`, which goes through
    /// `sorted(os.walk(class))`: folders by their whole paths, letter by letter, a folder's files by name.
    fn files(&mut self, class: &Path, findings: &mut Findings) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        self.walk(class, 0, &mut folders, findings);
        folders.sort_by(|(a, _), (b, _)| {
            let (a, b) = (a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
            code_points(a).cmp(code_points(b))
        });
        folders.into_iter().flat_map(|(_, files)| files).collect()
    }

    fn walk(
        &mut self,
        folder: &Path,
        depth: usize,
        folders: &mut Vec<(PathBuf, Vec<PathBuf>)>,
        findings: &mut Findings,
    ) {
        let path = folder.to_owned();
        if depth > DEPTH {
            return findings.problems.push(Error::TooDeep { path, limit: DEPTH });
        }
        let Some(identity) = findings.keep(self.tree.identity(folder)) else { return };
        if identity.as_ref().is_some_and(|folder| self.trail.contains(folder)) {
            return findings.problems.push(Error::Circle { path });
        }
        let length = self.trail.len();
        self.trail.extend(identity);
        let mut files = Vec::new();
        for (path, kind) in self.entries(folder, findings) {
            match kind {
                Kind::File => files.push(path),
                Kind::Link => {}
                Kind::Folder => self.walk(&path, depth + 1, folders, findings),
            }
        }
        folders.push((path, files));
        self.trail.truncate(length);
    }

    fn entries(&mut self, folder: &Path, findings: &mut Findings) -> Vec<(PathBuf, Kind)> {
        let mut entries = Vec::new();
        for path in findings.keep(sorted_entries(&*self.tree, folder)).unwrap_or_default() {
            if is_clutter(name_bytes(&path)) {
                self.skips(&path, self.tree.is_folder(&path));
                continue;
            }
            let Some(kind) = findings.keep(self.tree.kind(&path)) else { continue };
            if kind == Kind::Link {
                self.met.links.insert(self.place(&path));
            } else if !self.skips(&path, kind == Kind::Folder) {
                entries.push((path, kind));
            }
        }
        entries
    }

    /// Says what was left out on the way.
    pub(super) fn tell(self, findings: &mut Findings) {
        let Met { clutter, own, hidden, links } = self.met;
        let told = [
            ("skipped folders of file systems and tools", clutter),
            ("skipped folders that Tamis wrote", own),
            ("skipped hidden images", hidden),
        ];
        for (what, names) in told {
            findings.note_list(what, &Vec::from_iter(names));
        }
        if !links.is_empty() {
            let named = list(&Vec::from_iter(links.iter().cloned()));
            findings.problems.push(self.tree.refused_links(links.len(), named));
        }
    }
}

fn class_name(path: &Path) -> Result<String, Error> {
    let name = str::from_utf8(name_bytes(path)).map(str::to_owned);
    name.map_err(|_| Error::ClassEncoding { path: path.to_owned() })
}

/// Refuses `Cat` beside `cat`, and one word in two Unicode forms: on another file system they would be one
/// class, and to the eye they are.
fn refuse_same_names(split: &Path, classes: &[ClassFolder], findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for ClassFolder { name, .. } in classes {
        if let Some(first) = seen.insert(look(name), name.clone()) {
            let (path, second, difference) =
                (split.to_owned(), name.clone(), difference(&first, name));
            findings.problems.push(Error::SameClass { path, first, second, difference });
        }
    }
}
