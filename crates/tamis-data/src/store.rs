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

    /// Bytes of memory that are free for the images, if they go there and the system says so.
    fn free(&self) -> Option<u64> {
        None
    }
}

/// Images that are kept in memory.
#[derive(Debug)]
pub(crate) struct InMemory {
    /// `[sample, channel, height, width]`.
    pub(crate) pixels: Vec<u8>,
    /// Images that are expected.
    images: usize,
    /// Where they come from.
    path: PathBuf,
}

impl InMemory {
    /// For so many images.
    pub(crate) fn new(images: usize, path: &Path) -> InMemory {
        InMemory { pixels: Vec::new(), images, path: path.to_owned() }
    }

    /// Takes memory for all images at once, if there is so much of it.
    fn reserve(&mut self, image: usize) -> Result<(), Error> {
        let bytes = self.images.saturating_mul(image);
        let too_little = |available| Error::Memory {
            path: self.path.clone(),
            images: self.images,
            bytes: bytes as u64,
            available,
        };
        let free = self.free();
        if let Some(free) = free.filter(|&free| free < bytes as u64) {
            return Err(too_little(free));
        }
        self.pixels.try_reserve_exact(bytes).map_err(|_| too_little(free.unwrap_or(0)))
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

    fn free(&self) -> Option<u64> {
        memory::available()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_no_memory_holds_are_refused_before_it_is_taken() {
        let shape = ImageShape { channels: 1, height: 1, width: 2 };
        let mut store = InMemory::new(usize::MAX / 4, Path::new("birds"));
        let error = store.push(shape, &[1, 2]).unwrap_err();
        assert!(matches!(&error, Error::Memory { images, .. } if *images == usize::MAX / 4));
        assert!(error.to_string().contains("hint: `tamis data pack`"), "{error}");
        let mut store = InMemory::new(3, Path::new("birds"));
        (0..3).for_each(|id| store.push(shape, &[id, id]).unwrap());
        assert_eq!((store.pixels.len(), store.pixels.capacity()), (6, 6));
    }
}
