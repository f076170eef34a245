//! A lock that keeps two processes from writing to one folder.
//!
//! The system lets go of it when the process that holds it ends, however it ends.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::path::Path;

use crate::Error;

/// A lock on a folder, held as long as this value is.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock that is the file `name` in `folder`, without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if another holder has it, [`Error::Io`] if there can be none.
    pub fn take(folder: &Path, name: &str) -> Result<FolderLock, Error> {
        let path = folder.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::io("opening", path.clone()))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(Error::io("locking", path)(source)),
        }
    }

    /// Whether somebody holds the lock that is the file `name` in `folder`, without touching it;
    /// `None` where the system does not tell.
    pub fn is_held(folder: &Path, name: &str) -> Option<bool> {
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let Ok(file) = fs::metadata(folder.join(name)) else { return Some(false) };
        Some(lists(&locks, file_number(&file)?))
    }
}

#[cfg(unix)]
fn file_number(file: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(file))
}

#[cfg(not(unix))]
fn file_number(_: &Metadata) -> Option<u64> {
    None
}

/// Whether `/proc/locks` has a lock of the kind taken here on the file of this number. Devices are
/// not compared: some file systems tell one here and another there.
fn lists(locks: &str, number: u64) -> bool {
    // `1: FLOCK  ADVISORY  WRITE 4711 fe:00:5310862 0 EOF`; who waits has `->` behind the number.
    locks.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let file = fields.get(5).and_then(|file| file.rsplit(':').next());
        fields.get(1) == Some(&"FLOCK") && file.and_then(|file| file.parse().ok()) == Some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_is_free_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::take(folder.path(), "some.lock").unwrap();
        let again = FolderLock::take(folder.path(), "some.lock");
        assert!(matches!(again, Err(Error::InUse { .. })));
        assert!(FolderLock::take(folder.path(), "other.lock").is_ok());
        drop(held);
        assert!(FolderLock::take(folder.path(), "some.lock").is_ok());
    }

    #[test]
    fn whether_a_lock_is_held_is_seen_without_taking_it() {
        let folder = tempfile::tempdir().unwrap();
        if FolderLock::is_held(folder.path(), "some.lock").is_none() {
            return;
        }
        let is_held = |name| FolderLock::is_held(folder.path(), name).unwrap();
        assert!(!is_held("some.lock"));
        assert!(!folder.path().join("some.lock").exists(), "nothing is made by looking");
        let held = FolderLock::take(folder.path(), "some.lock").unwrap();
        drop(FolderLock::take(folder.path(), "other.lock").unwrap());
        assert!(is_held("some.lock") && !is_held("other.lock"));
        drop(held);
        assert!(!is_held("some.lock"));
    }

    #[test]
    fn only_a_lock_of_this_kind_that_somebody_has_counts() {
        let locks = "1: POSIX  ADVISORY  WRITE 1 fe:00:7 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 1 fe:00:8 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 2 fe:00:9 0 EOF\n";
        assert_eq!([7, 8, 9, 88].map(|number| lists(locks, number)), [false, true, false, false]);
    }
}
