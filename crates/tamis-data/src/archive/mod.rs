//! Tar archives of image folders, plain or gzip: the same data as the folder that was packed.
//!
//! The headers are read first, from front to back, and nothing is unpacked. Then the files of a plain archive
//! are read by their positions, in the order of the folder, several at once. A gzip stream has no positions:
//! such an archive is unpacked in memory, within limits.

mod content;
mod error;
mod index;

use std::path::{Path, PathBuf};

pub(crate) use self::content::Content;
pub use self::error::ArchiveError;
pub(crate) use self::index::{Index, Node, Span};
use crate::file::name_bytes;
use crate::findings::Findings;
use crate::folder::{Entries, Kind, Tree, is_clutter, role};
use crate::{Error, Limits, file};

/// Where a header says that it is one of a tar archive, and what it says.
const MAGIC: (usize, &[u8]) = (257, b"ustar");

/// Endings of archives' names.
const ENDINGS: [&str; 3] = [".tar", ".tar.gz", ".tgz"];

/// Whether a file is a tar archive, by its content or its name.
pub(crate) fn is_file(path: &Path) -> bool {
    let (at, magic) = MAGIC;
    let start = file::beginning(path, at + magic.len()).unwrap_or_default();
    start.get(at..) == Some(magic) || without_ending(path).is_some()
}

/// The name of a file that is called an archive, without what calls it so.
pub(crate) fn without_ending(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let end = ENDINGS.iter().find(|ending| name.to_lowercase().ends_with(**ending))?;
    name.get(..name.len() - end.len()).map(str::to_owned)
}

/// An archive whose headers are read.
pub(crate) struct Archive {
    path: PathBuf,
    content: Content,
    index: Index,
    /// The folder in it that is the root.
    top: PathBuf,
}

impl Archive {
    /// Reads the headers of an archive.
    pub(crate) fn open(path: &Path, limits: &Limits, findings: &mut Findings) -> Option<Archive> {
        let content = findings.keep(Content::open(path, limits))?;
        let index = findings.keep(content.index(path))?;
        findings.problems.extend(index.outside(path));
        let top = top(&index);
        Some(Archive { path: path.to_owned(), content, index, top })
    }

    /// The path in the archive of one below the root.
    fn inner(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.path) {
            Ok(below) if below.as_os_str().is_empty() => self.top.clone(),
            below => self.top.join(below.unwrap_or(path)),
        }
    }

    fn node(&self, path: &Path) -> Option<&Node> {
        self.index.nodes.get(&self.inner(path))
    }

    fn span(&self, file: &Path) -> Result<Span, Error> {
        match self.node(file) {
            Some(&Node::File(span)) => Ok(span),
            _ => Err(Error::NotRegular { path: file.to_owned() }),
        }
    }
}

/// The folder that was packed: the only one in the archive, and the only one in that, as long as it is no
/// split and holds folders. Where there are several entries it is the archive itself.
fn top(index: &Index) -> PathBuf {
    let named = |folder: &Path| {
        let entries = index.entries(folder).unwrap_or_default();
        entries.iter().filter(|path| !is_clutter(name_bytes(path))).cloned().collect::<Vec<_>>()
    };
    let is_folder = |path: &PathBuf| matches!(index.nodes.get(path), Some(Node::Folder(_)));
    let mut top = PathBuf::new();
    while let [only] = &named(&top)[..] {
        let is_split = role(&String::from_utf8_lossy(name_bytes(only))).is_some();
        if is_split || !named(only).iter().any(is_folder) {
            break;
        }
        top = only.clone();
    }
    top
}

impl Tree for Archive {
    fn root(&self) -> &Path {
        &self.path
    }

    /// The name of the folder that was packed, or that of the archive without its ending.
    fn name(&self) -> String {
        if let Some(folder) = self.top.file_name() {
            return folder.to_string_lossy().into_owned();
        }
        let name = || String::from_utf8_lossy(name_bytes(&self.path)).into_owned();
        without_ending(&self.path).unwrap_or_else(name)
    }

    fn entries(&self, folder: &Path) -> Result<Entries<'_>, Error> {
        let paths = self.index.entries(&self.inner(folder)).unwrap_or_default();
        let below =
            |path: &PathBuf| Ok(self.path.join(path.strip_prefix(&self.top).unwrap_or(path)));
        Ok(Box::new(paths.iter().map(below)))
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.entry_kind(path) == Some(Kind::Folder)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.entry_kind(path) == Some(Kind::File)
    }

    fn kind(&self, path: &Path) -> Result<Kind, Error> {
        self.entry_kind(path).ok_or_else(|| Error::NotRegular { path: path.to_owned() })
    }

    fn entry_kind(&self, path: &Path) -> Option<Kind> {
        match self.node(path)? {
            Node::Folder(_) => Some(Kind::Folder),
            Node::File(_) => Some(Kind::File),
            Node::Link => Some(Kind::Link),
            Node::Other => None,
        }
    }

    fn identity(&self, _: &Path) -> Result<Option<PathBuf>, Error> {
        Ok(None)
    }

    fn refused_links(&self, count: usize, links: String) -> Error {
        ArchiveError::Links { path: self.path.clone(), count, links }.into()
    }

    fn beginning(&self, file: &Path, bytes: usize) -> Result<Vec<u8>, Error> {
        let span = self.span(file)?;
        self.content.read(Span { bytes: span.bytes.min(bytes as u64), ..span }, file)
    }

    fn content(&self, file: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
        let span = self.span(file)?;
        if span.bytes > limits.file_bytes {
            return Err(Error::TooLarge { path: file.to_owned(), limit: limits.file_bytes });
        }
        self.content.read(span, file)
    }
}
