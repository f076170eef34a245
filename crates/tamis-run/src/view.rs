//! A look at the folder of a run, without working on it.
//!
//! Nothing is written, renamed or locked, so that it can be looked at while another process works
//! there. What the files mean is the caller's business, as in the folder itself.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::checkpoint::from_bytes;
use crate::error::Error;
use crate::folder::{CHECKPOINTS, CONFIG, LOCK, checkpoint_files, is_begun};
use crate::lock::FolderLock;

/// The folder of a run, to look at.
#[derive(Clone, Debug)]
pub struct FolderView {
    path: PathBuf,
}

/// From where a run would go on.
#[derive(Debug, Default)]
pub struct Saved {
    /// Epochs, and steps of the next, of the newest whole checkpoint; `None` if there is none.
    pub position: Option<(u32, u32)>,
    /// What is wrong with those that are newer.
    pub damaged: Vec<Error>,
}

impl FolderView {
    /// Of a folder in which a run was begun.
    ///
    /// # Errors
    ///
    /// [`Error::NotARun`] if none was, [`Error::Io`] if there is no such folder.
    pub fn of(path: &Path) -> Result<FolderView, Error> {
        fs::read_dir(path).map_err(Error::io("listing", path))?;
        match is_begun(path) {
            true => Ok(FolderView { path: path.to_owned() }),
            false => Err(Error::NotARun { path: path.to_owned(), missing: CONFIG }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the run as text; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn read(&self, name: &str) -> Result<Option<String>, Error> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("reading", path)(error)),
        }
    }

    /// Whether a process works on the run now; `None` where the system does not tell.
    pub fn in_use(&self) -> Option<bool> {
        FolderLock::is_held(&self.path, LOCK)
    }

    /// Reads the checkpoints, the newest first, until one is whole.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], or [`Error::OtherFormat`] of the newest that is not damaged.
    pub fn saved(&self) -> Result<Saved, Error> {
        let folder = self.path.join(CHECKPOINTS);
        let mut saved = Saved::default();
        if !folder.is_dir() {
            return Ok(saved);
        }
        for path in checkpoint_files(&folder)?.into_iter().rev() {
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                // Whoever works on the run has dropped it since.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("reading", path)(error)),
            };
            match from_bytes(&bytes, &path) {
                Ok(_) => {
                    saved.position = position(&path);
                    return Ok(saved);
                }
                Err(error @ Error::Damaged { .. }) => saved.damaged.push(error),
                Err(other) => return Err(other),
            }
        }
        Ok(saved)
    }
}

/// Epochs and steps in the name of a checkpoint.
fn position(path: &Path) -> Option<(u32, u32)> {
    let name = path.file_stem()?.to_str()?;
    let (epoch, step) = name.strip_prefix("epoch-")?.split_once("-step-")?;
    Some((epoch.parse().ok()?, step.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use tamis_core::Snapshot;

    use super::*;
    use crate::RunFolder;

    fn files(folder: &Path) -> Vec<PathBuf> {
        checkpoint_files(&folder.join(CHECKPOINTS)).unwrap()
    }

    #[test]
    fn the_newest_whole_checkpoint_is_found_and_every_file_stays_as_it_was() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let folder = RunFolder::create(&path, b"").unwrap();
        let view = FolderView::of(&path).unwrap();
        assert_eq!(view.saved().unwrap().position, None);
        let checkpoint = Snapshot::default();
        folder.save_checkpoint(2, 7, &checkpoint).unwrap();
        let newest = folder.save_checkpoint(3, 0, &checkpoint).unwrap();
        assert_eq!(view.saved().unwrap().position, Some((3, 0)));
        crate::write_durably(&newest, b"half").unwrap();
        let (saved, before) = (view.saved().unwrap(), files(&path));
        assert_eq!((saved.position, saved.damaged.len()), (Some((2, 7)), 1));
        assert_eq!(files(&path), before, "nothing is set aside by looking");
        assert_ne!(view.in_use(), Some(false), "the folder is held");
        drop(folder);
        assert_ne!(view.in_use(), Some(true));
    }

    #[test]
    fn a_folder_without_a_run_and_a_missing_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let error = FolderView::of(folder.path()).unwrap_err();
        assert!(matches!(error, Error::NotARun { .. }), "{error}");
        let error = FolderView::of(&folder.path().join("none")).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}
