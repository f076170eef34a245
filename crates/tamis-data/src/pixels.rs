//! Where the images of a split are: in memory, or in a file that is read image by image.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::positional::PositionalFile;

/// The images of a split, all of one size.
#[derive(Clone, Debug)]
pub(crate) enum Pixels {
    /// `[sample, channel, height, width]`.
    Memory(Vec<u8>),
    /// In an open file.
    File(Records),
}

/// Images that follow on each other in an open file.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    /// The file, which the other split may share.
    pub(crate) file: Arc<PositionalFile>,
    /// Where the first image begins.
    pub(crate) start: u64,
}

impl Pixels {
    /// The bytes of the image at this place, `length` of them.
    ///
    /// # Errors
    ///
    /// As [`PositionalFile::read`].
    ///
    /// # Panics
    ///
    /// If there are not so many images in memory.
    pub(crate) fn image(&self, at: usize, length: usize) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Pixels::Memory(pixels) => Ok(Cow::Borrowed(&pixels[at * length..][..length])),
            Pixels::File(Records { file, start }) => {
                let mut image = vec![0; length];
                file.read(start + at as u64 * length as u64, &mut image)?;
                Ok(Cow::Owned(image))
            }
        }
    }

    /// The first so many bytes of them.
    pub(crate) fn first(&self, bytes: usize) -> Pixels {
        match self {
            Pixels::Memory(pixels) => Pixels::Memory(pixels[..bytes].to_vec()),
            Pixels::File(records) => Pixels::File(records.clone()),
        }
    }

    /// The file that they are read from, if they are not in memory.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Pixels::Memory(_) => None,
            Pixels::File(Records { file, .. }) => Some(file.path()),
        }
    }
}
