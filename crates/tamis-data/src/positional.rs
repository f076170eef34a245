//! A file that is read by position: nothing is mapped, and no reader moves another's place.
//!
//! Where the system has no such read for the standard library to call, readers wait for each other.

use std::fs::File;
use std::io;
#[cfg(any(not(unix), test))]
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
#[cfg(any(not(unix), test))]
use std::sync::{Mutex, PoisonError};

use crate::Error;

/// A regular file, open for reading.
#[derive(Debug)]
pub(crate) struct PositionalFile {
    path: PathBuf,
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: Mutex<File>,
}

impl PositionalFile {
    /// Opens a regular file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], or [`Error::NotRegular`]: a pipe would block for ever.
    pub(crate) fn open(path: &Path) -> Result<PositionalFile, Error> {
        let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
        if !metadata.is_file() {
            return Err(Error::NotRegular { path: path.to_owned() });
        }
        let file = File::open(path).map_err(Error::read(path))?;
        #[cfg(not(unix))]
        let file = Mutex::new(file);
        Ok(PositionalFile { path: path.to_owned(), file })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file as it is now.
    pub(crate) fn length(&self) -> io::Result<u64> {
        #[cfg(unix)]
        return Ok(self.file.metadata()?.len());
        #[cfg(not(unix))]
        return Ok(self.file.lock().unwrap_or_else(PoisonError::into_inner).metadata()?.len());
    }

    /// Fills `into` with the bytes from position `at` on.
    ///
    /// # Errors
    ///
    /// What the system says; where the file ends too soon, how long it is and should be.
    pub(crate) fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_exact_at(&self.file, into, at);
        #[cfg(not(unix))]
        let read = read_in_turn(&self.file, at, into);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.ends_too_soon(at.saturating_add(into.len() as u64))
            }
            _ => error,
        })
    }

    fn ends_too_soon(&self, end: u64) -> io::Error {
        let found = self.length().map_or_else(|_| "fewer".to_owned(), |length| length.to_string());
        let text = format!("found {found} bytes in the file, expected {end} or more");
        io::Error::new(io::ErrorKind::UnexpectedEof, text)
    }
}

/// The same by moving the place of the one file, which the lock keeps for this reader.
#[cfg(any(not(unix), test))]
fn read_in_turn(file: &Mutex<File>, at: u64, into: &mut [u8]) -> io::Result<()> {
    // A reader that panicked left nothing behind that the next one would rely on.
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(into)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
mod tests {
    use super::*;

    #[test]
    fn reads_of_several_threads_do_not_move_each_other_by_either_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        let numbers: Vec<u8> = (0..1000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &numbers).unwrap();
        let by_position = PositionalFile::open(&path).unwrap();
        let in_turn = Mutex::new(File::open(&path).unwrap());
        let look = |start: usize| {
            for at in (start..1000).step_by(4) {
                let (mut first, mut second) = ([0; 4], [0; 4]);
                by_position.read(4 * at as u64, &mut first).unwrap();
                read_in_turn(&in_turn, 4 * at as u64, &mut second).unwrap();
                assert_eq!((first, second), ((at as u32).to_le_bytes(), first));
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|start| drop(scope.spawn(move || look(start)))));
    }

    #[test]
    fn an_end_that_comes_too_soon_is_told_with_both_lengths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short");
        std::fs::write(&path, [7; 10]).unwrap();
        let error = PositionalFile::open(&path).unwrap().read(8, &mut [0; 4]).unwrap_err();
        assert_eq!(error.to_string(), "found 10 bytes in the file, expected 12 or more");
        assert!(matches!(PositionalFile::open(folder.path()), Err(Error::NotRegular { .. })));
    }
}
