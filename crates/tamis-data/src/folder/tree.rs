//! Where an image folder lies: on the disk, or in an archive.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::file::name_bytes;
use crate::{Error, Limits, file};

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    /// A link that may not be followed.
    Link,
}

/// Entries of a folder in no order.
pub(crate) type Entries<'a> = Box<dyn Iterator<Item = Result<PathBuf, Error>> + 'a>;

/// Folders below a root, and the files in them. Paths begin with that of the root.
pub(crate) trait Tree: Send + Sync {
    /// The root as it was given.
    fn root(&self) -> &Path;

    /// What the root is called.
    fn name(&self) -> String;

    /// The entries of a folder.
    ///
    /// # Errors
    ///
    /// If it cannot be listed.
    fn entries(&self, folder: &Path) -> Result<Entries<'_>, Error>;

    /// Whether there is a folder, or a link to one.
    fn is_folder(&self, path: &Path) -> bool;

    /// Whether there is a regular file, or a link to one.
    fn is_file(&self, path: &Path) -> bool;

    /// What an entry is.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegular`] for pipes and devices, and if it cannot be told.
    fn kind(&self, path: &Path) -> Result<Kind, Error>;

    /// What an entry itself is, links never followed; `None` for what cannot be read.
    fn entry_kind(&self, path: &Path) -> Option<Kind>;

    /// By what a folder is known again where links may lead to it twice.
    ///
    /// # Errors
    ///
    /// If it cannot be told.
    fn identity(&self, folder: &Path) -> Result<Option<PathBuf>, Error>;

    /// The problem of so many links that are not followed, the first few of which are named.
    fn refused_links(&self, count: usize, links: String) -> Error;

    /// The first so many bytes of a file, or all that it has.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn beginning(&self, file: &Path, bytes: usize) -> Result<Vec<u8>, Error>;

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is larger than allowed.
    fn content(&self, file: &Path, limits: &Limits) -> Result<Vec<u8>, Error>;
}

/// The entries of a folder in the order of their names' code points.
pub(super) fn sorted_entries(tree: &dyn Tree, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = tree.entries(folder)?.collect::<Result<Vec<PathBuf>, Error>>()?;
    file::sort_by_name(&mut paths);
    Ok(paths)
}

/// A folder on the disk.
pub(crate) struct Disk {
    root: PathBuf,
    canonical: PathBuf,
    follow_links: bool,
}

impl Disk {
    pub(crate) fn new(root: &Path, follow_links: bool) -> Result<Disk, Error> {
        let canonical = root.canonicalize().map_err(Error::read(root))?;
        Ok(Disk { root: root.to_owned(), canonical, follow_links })
    }
}

impl Tree for Disk {
    fn root(&self) -> &Path {
        &self.root
    }

    /// The name of the root folder, also where it was given as `.`.
    fn name(&self) -> String {
        String::from_utf8_lossy(name_bytes(&self.canonical)).into_owned()
    }

    fn entries(&self, folder: &Path) -> Result<Entries<'_>, Error> {
        let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
        let folder = folder.to_owned();
        let path = move |entry: std::io::Result<std::fs::DirEntry>| {
            Ok(entry.map_err(Error::read(&folder))?.path())
        };
        Ok(Box::new(entries.map(path)))
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    /// A link counts as what it leads to if that is a file inside the root, or links are followed.
    fn kind(&self, path: &Path) -> Result<Kind, Error> {
        let mut metadata = std::fs::symlink_metadata(path).map_err(Error::read(path))?;
        if metadata.is_symlink() {
            let target = path.canonicalize().map_err(Error::read(path))?;
            metadata = std::fs::metadata(&target).map_err(Error::read(path))?;
            let is_inside = target.starts_with(&self.canonical) && metadata.is_file();
            if !is_inside && !self.follow_links {
                return Ok(Kind::Link);
            }
        }
        match (metadata.is_dir(), metadata.is_file()) {
            (true, _) => Ok(Kind::Folder),
            (_, true) => Ok(Kind::File),
            _ => Err(Error::NotRegular { path: path.to_owned() }),
        }
    }

    fn entry_kind(&self, path: &Path) -> Option<Kind> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        match (metadata.is_dir(), metadata.is_file()) {
            (true, _) => Some(Kind::Folder),
            (_, true) => Some(Kind::File),
            _ => metadata.is_symlink().then_some(Kind::Link),
        }
    }

    fn identity(&self, folder: &Path) -> Result<Option<PathBuf>, Error> {
        let real = self.follow_links.then(|| folder.canonicalize().map_err(Error::read(folder)));
        real.transpose()
    }

    fn refused_links(&self, count: usize, links: String) -> Error {
        Error::Links { folder: self.root.clone(), count, links }
    }

    fn beginning(&self, file: &Path, bytes: usize) -> Result<Vec<u8>, Error> {
        let mut start = Vec::new();
        let read = file::open(file)?.take(bytes as u64).read_to_end(&mut start);
        read.map_err(Error::read(file))?;
        Ok(start)
    }

    fn content(&self, file: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
        file::read_plain(file, limits)
    }
}
