//! A lock that keeps two processes from writing to one folder.
//!
//! The system lets go of it when the process that holds it ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
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
}
