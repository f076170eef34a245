//! Finds the class folders of an image folder and the files in them. Opens no file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::file::{name_bytes, sorted_entries};
use crate::findings::Findings;

/// Deepest nesting of folders inside a class folder.
const DEPTH: usize = 16;

/// Where the two splits lie.
pub(super) struct Splits {
    pub(super) train: PathBuf,
    pub(super) test: Option<PathBuf>,
    pub(super) note: Option<String>,
}

impl Splits {
    /// `train/` and `test/`, or `val/` where there is no `test/`; without a `train/` that holds
    /// folders (a class may be called `train`) the root itself is the training split.
    pub(super) fn of(root: &Path) -> Splits {
        let train = root.join("train");
        let entries = sorted_entries(&train).unwrap_or_default();
        if !entries.iter().any(|entry| entry.is_dir()) {
            return Splits { train: root.to_owned(), test: None, note: None };
        }
        let (test, val) = (root.join("test"), root.join("val"));
        let note = (test.is_dir() && val.is_dir())
            .then(|| "the folder val is not read: test is the test split".to_owned());
        let test = [test, val].into_iter().find(|folder| folder.is_dir());
        Splits { train, test, note }
    }
}

/// A class: its name and its files, in order.
pub(super) struct ClassFolder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) files: Vec<PathBuf>,
}

/// Looks through the folders below a root that it never leaves.
pub(super) struct Scanner {
    root: PathBuf,
}

enum Kind {
    Folder,
    File,
}

impl Scanner {
    pub(super) fn new(root: &Path) -> Result<Scanner, Error> {
        let root = root.canonicalize().map_err(Error::read(root))?;
        Ok(Scanner { root })
    }

    /// The name of the root folder.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(name_bytes(&self.root)).into_owned()
    }

    /// The class folders of a split, in byte order of their names.
    pub(super) fn class_folders(&self, split: &Path, findings: &mut Findings) -> Vec<ClassFolder> {
        let (mut classes, mut outside) = (Vec::new(), Vec::new());
        for (path, kind) in self.entries(split, findings) {
            match (kind, class_name(&path)) {
                (Kind::File, _) => outside.push(path.display().to_string()),
                (Kind::Folder, Ok(name)) => {
                    let mut files = Vec::new();
                    self.walk(&path, 0, &mut files, findings);
                    classes.push(ClassFolder { name, path, files });
                }
                (Kind::Folder, Err(problem)) => findings.problems.push(problem),
            }
        }
        findings.note_list("ignored files outside class folders", &outside);
        if classes.is_empty() {
            findings.problems.push(Error::Empty { path: split.to_owned() });
        }
        refuse_same_names(split, &classes, findings);
        classes
    }

    fn walk(&self, folder: &Path, depth: usize, files: &mut Vec<PathBuf>, findings: &mut Findings) {
        if depth > DEPTH {
            let path = folder.to_owned();
            return findings.problems.push(Error::TooDeep { path, limit: DEPTH });
        }
        for (path, kind) in self.entries(folder, findings) {
            match kind {
                Kind::File => files.push(path),
                Kind::Folder => self.walk(&path, depth + 1, files, findings),
            }
        }
    }

    fn entries(&self, folder: &Path, findings: &mut Findings) -> Vec<(PathBuf, Kind)> {
        let entries = findings.keep(sorted_entries(folder)).unwrap_or_default();
        let wanted = entries.into_iter().filter(|path| !is_clutter(name_bytes(path)));
        wanted.filter_map(|path| findings.keep(self.kind(&path)).map(|kind| (path, kind))).collect()
    }

    /// Links lead to regular files inside the root or are refused; pipes and devices are refused.
    fn kind(&self, path: &Path) -> Result<Kind, Error> {
        let own = std::fs::symlink_metadata(path).map_err(Error::read(path))?;
        if own.is_symlink() {
            let target = path.canonicalize().map_err(Error::read(path))?;
            let inside = target.starts_with(&self.root) && target.is_file();
            return if inside {
                Ok(Kind::File)
            } else {
                Err(Error::Link { path: path.to_owned() })
            };
        }
        match (own.is_dir(), own.is_file()) {
            (true, _) => Ok(Kind::Folder),
            (_, true) => Ok(Kind::File),
            _ => Err(Error::NotRegular { path: path.to_owned() }),
        }
    }
}

/// What file managers and archives leave behind: hidden entries (`.DS_Store`, `._a.jpg`), caches.
fn is_clutter(name: &[u8]) -> bool {
    name.starts_with(b".") || [&b"Thumbs.db"[..], b"desktop.ini", b"__MACOSX"].contains(&name)
}

fn class_name(path: &Path) -> Result<String, Error> {
    let name = str::from_utf8(name_bytes(path)).map(str::to_owned);
    name.map_err(|_| Error::ClassEncoding { path: path.to_owned() })
}

/// Refuses `Cat` beside `cat`: on another file system they would be one class.
fn refuse_same_names(split: &Path, classes: &[ClassFolder], findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for ClassFolder { name, .. } in classes {
        if let Some(first) = seen.insert(name.to_lowercase(), name.clone()) {
            let (path, second) = (split.to_owned(), name.clone());
            findings.problems.push(Error::SameClass { path, first, second });
        }
    }
}
