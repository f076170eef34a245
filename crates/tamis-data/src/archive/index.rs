//! What is in an archive and where, by its headers.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Entry, EntryType};

use super::error::ArchiveError;
use crate::Error;
use crate::findings::list;

/// What headers and contents are padded to.
const BLOCK: u64 = 512;

/// Most folders that an entry may lie in.
const DEPTH: usize = 64;

/// What was found of an entry, and what was expected.
type Wrong = (String, &'static str);

/// An entry of an archive.
#[derive(Debug)]
pub(crate) enum Node {
    /// A folder, whose entries have these paths.
    Folder(Vec<PathBuf>),
    File(Span),
    Link,
    /// A pipe, a device, a file with holes.
    Other,
}

/// Where the content of a file is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) bytes: u64,
}

/// All entries by their paths, of which that of the archive itself is empty.
pub(crate) struct Index {
    pub(crate) nodes: BTreeMap<PathBuf, Node>,
    /// Files that a later one of the same path took the place of.
    pub(crate) replaced: Vec<String>,
    /// Entries that would be unpacked elsewhere.
    outside: Vec<String>,
}

impl Index {
    /// Reads the headers of an archive from front to back, passing over what is between.
    pub(crate) fn of(mut reader: impl Read + Seek, path: &Path) -> Result<Index, Error> {
        let damaged = |found: String, expected: String| -> Error {
            ArchiveError::Damaged { path: path.to_owned(), found, expected }.into()
        };
        let failed =
            |error: std::io::Error| damaged(error.to_string(), "a whole tar archive".into());
        let length = reader.seek(SeekFrom::End(0)).map_err(failed)?;
        reader.rewind().map_err(failed)?;
        let root = (PathBuf::new(), Node::Folder(Vec::new()));
        let nodes = BTreeMap::from([root]);
        let mut index = Index { nodes, replaced: Vec::new(), outside: Vec::new() };
        let (mut archive, mut end) = (Archive::new(reader), 0);
        for entry in archive.entries_with_seek().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            end = entry.raw_file_position().saturating_add(stored(&entry).map_err(failed)?);
            if end > length {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let expected = format!("{end} or more, as the header of `{name}` says");
                return Err(damaged(format!("{length} bytes"), expected));
            }
            index.add(&entry).map_err(|(found, expected)| damaged(found, expected.to_owned()))?;
        }
        // The mark of an archive's end is two blocks of zeros; where it was cut, there is none.
        if end.next_multiple_of(BLOCK) + BLOCK > length {
            let found = format!("{length} bytes, without the zeros of an archive's end");
            return Err(damaged(found, "a whole tar archive".to_owned()));
        }
        Ok(index)
    }

    fn add<R: Read>(&mut self, entry: &Entry<'_, R>) -> Result<(), Wrong> {
        let name = entry.path_bytes();
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let path = entry.path().ok().and_then(|path| inside(&path));
        let Some(path) = path else {
            self.outside.push(String::from_utf8_lossy(&name).into_owned());
            return Ok(());
        };
        let span = Span { start: entry.raw_file_position(), bytes: entry.size() };
        let node = match kind {
            _ if name.ends_with(b"/") => Node::Folder(Vec::new()),
            EntryType::Directory => Node::Folder(Vec::new()),
            EntryType::Regular | EntryType::Continuous => Node::File(span),
            EntryType::Symlink | EntryType::Link => Node::Link,
            _ => Node::Other,
        };
        self.insert(&path, node)
    }

    /// Puts an entry where it belongs, in folders that need no entries of their own. A later entry takes the
    /// place of an earlier one of the same path, as where they are unpacked.
    fn insert(&mut self, path: &Path, node: Node) -> Result<(), Wrong> {
        let mut above: Vec<&Path> = path.ancestors().skip(1).take(DEPTH + 1).collect();
        if above.len() > DEPTH {
            let found = format!("an entry below more than {DEPTH} folders");
            return Err((found, "fewer"));
        }
        above.reverse();
        for pair in above.windows(2) {
            self.put(pair[0], pair[1], Node::Folder(Vec::new()))?;
        }
        above.last().map_or(Ok(()), |folder| self.put(folder, path, node))
    }

    /// Puts an entry into a folder that is there.
    fn put(&mut self, folder: &Path, path: &Path, node: Node) -> Result<(), Wrong> {
        let both = (format!("`{}` as a file and as a folder", path.display()), "one of them");
        match (self.nodes.get_mut(path), node) {
            (Some(Node::Folder(_)), Node::Folder(_)) => {}
            (Some(Node::Folder(_)), _) | (Some(_), Node::Folder(_)) => return Err(both),
            (Some(before), node) => {
                self.replaced.push(path.display().to_string());
                *before = node;
            }
            (None, node) => {
                self.nodes.insert(path.to_owned(), node);
                if let Some(Node::Folder(entries)) = self.nodes.get_mut(folder) {
                    entries.push(path.to_owned());
                }
            }
        }
        Ok(())
    }

    /// The entries of a folder.
    pub(crate) fn entries(&self, folder: &Path) -> Option<&[PathBuf]> {
        match self.nodes.get(folder)? {
            Node::Folder(entries) => Some(entries),
            _ => None,
        }
    }

    /// The problem of entries that would be unpacked elsewhere.
    pub(crate) fn outside(&self, path: &Path) -> Option<Error> {
        let (path, count, entries) = (path.to_owned(), self.outside.len(), list(&self.outside));
        (count > 0).then(|| ArchiveError::Outside { path, count, entries }.into())
    }
}

/// Bytes that the content of an entry takes in the archive; of a file with holes these are not its own.
fn stored<R: Read>(entry: &Entry<'_, R>) -> std::io::Result<u64> {
    match entry.header().entry_type() {
        EntryType::GNUSparse => entry.header().entry_size(),
        _ => Ok(entry.size()),
    }
}

/// The path of an entry below the archive; `None` if it leaves it.
fn inside(path: &Path) -> Option<PathBuf> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let is_inside = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let parts: Vec<Component<'_>> = parts.collect();
    parts.iter().all(is_inside).then(|| parts.iter().collect())
}
