//! The bytes of an archive: in its file, or in memory where the file is gzip, which has no positions.

use std::io::Cursor;
use std::path::Path;

use super::index::{Index, Span};
use crate::positional::PositionalFile;
use crate::{Error, Limits, file};

/// Where the bytes are.
pub(crate) enum Content {
    File(PositionalFile),
    Memory(Vec<u8>),
}

impl Content {
    /// Opens an archive, unpacking it within limits if it is gzip.
    ///
    /// # Errors
    ///
    /// As [`file::read`].
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Content, Error> {
        Ok(match file::is_packed(path)? {
            true => Content::Memory(file::read(path, limits)?),
            false => Content::File(PositionalFile::open(path)?),
        })
    }

    /// What is in it and where.
    ///
    /// # Errors
    ///
    /// [`super::ArchiveError::Damaged`].
    pub(crate) fn index(&self, path: &Path) -> Result<Index, Error> {
        match self {
            Content::File(_) => Index::of(file::open(path)?, path),
            Content::Memory(bytes) => Index::of(Cursor::new(bytes), path),
        }
    }

    /// The bytes of a file in it, which messages call `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] if the archive has changed since its headers were read.
    pub(crate) fn read(&self, Span { start, bytes }: Span, name: &Path) -> Result<Vec<u8>, Error> {
        match self {
            Content::Memory(content) => {
                let span =
                    content.get(start as usize..).and_then(|rest| rest.get(..bytes as usize));
                let ended = || Error::read(name)(std::io::ErrorKind::UnexpectedEof.into());
                span.map(<[u8]>::to_vec).ok_or_else(ended)
            }
            Content::File(archive) => {
                let mut content = vec![0; bytes as usize];
                archive.read(start, &mut content).map_err(Error::read(name))?;
                Ok(content)
            }
        }
    }
}
