//! Where the images of a split go as they are read, one after the other.

use std::path::{Path, PathBuf};

use crate::{Error, ImageShape, memory};

/// Takes the images of a split in their order.
pub(crate) trait Store {
    /// Takes the next image, `[channel, height, width]`.
    ///
    /// # Errors
    ///
    /// What makes it useless to go on.
    fn push(&mut self, shape: ImageShape, image: &[u8]) -> Result<(), Error>;
}

/// Images that are kept in memory.
#[derive(Debug)]
pub(crate) struct InMemory {
    /// `[sample, channel, height, width]`.
    pub(crate) pixels: Vec<u8>,
    /// Most images that will come.
    most: usize,
    /// Where they come from.
    path: PathBuf,
}

impl InMemory {
    /// For at most so many images.
    pub(crate) fn new(most: usize, path: &Path) -> InMemory {
        InMemory { pixels: Vec::new(), most, path: path.to_owned() }
    }

    /// Takes memory for all images at once, if there is so much of it.
    fn reserve(&mut self, image: usize) -> Result<(), Error> {
        let bytes = self.most.saturating_mul(image);
        let too_little = |available| Error::Memory {
            path: self.path.clone(),
            images: self.most,
            bytes: bytes as u64,
            available,
        };
        if let Some(available) = memory::available().filter(|&available| available < bytes as u64) {
            return Err(too_little(available));
        }
        self.pixels.try_reserve_exact(bytes).map_err(|_| too_little(0))
    }
}

impl Store for InMemory {
    fn push(&mut self, _: ImageShape, image: &[u8]) -> Result<(), Error> {
        if self.pixels.is_empty() {
            self.reserve(image.len())?;
        }
        self.pixels.extend_from_slice(image);
        Ok(())
    }
}
