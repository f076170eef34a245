//! How far the reading of images is, for whoever waits.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::Error;
use crate::bytes::in_words;

/// How far the reading of all images is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Images that are read.
    pub images: usize,
    /// Images that there are, as far as names of files tell.
    pub all: usize,
    /// Bytes of all of them once they are decoded, if all are as large as the first.
    pub bytes: u64,
    /// Bytes of memory that are free for them, where they are kept in memory and the system says so.
    pub free: Option<u64>,
}

impl Reading {
    /// What to tell of images that take more than half of the memory that is free, before they do.
    pub fn warning(&self) -> Option<String> {
        let Reading { all, bytes, .. } = *self;
        let free = self.free.filter(|free| self.images == 0 && bytes > free / 2)?;
        Some(format!(
            "{all} images take {} of memory, of which {} are free; `tamis data pack` makes one file of \
             them that is read image by image",
            in_words(bytes),
            in_words(free)
        ))
    }
}

/// Told how far the reading is, before the first image is kept and after every one; breaks to stop it.
pub type Watch<'a> = dyn FnMut(Reading) -> ControlFlow<()> + 'a;

/// Counts images on their way, and tells.
pub(crate) struct Count<'a, 'b> {
    watch: &'a mut Watch<'b>,
    images: usize,
    all: usize,
    bytes: u64,
    free: Option<u64>,
}

impl<'a, 'b> Count<'a, 'b> {
    /// For so many images.
    pub(crate) fn new(all: usize, watch: &'a mut Watch<'b>) -> Count<'a, 'b> {
        Count { watch, images: 0, all, bytes: 0, free: None }
    }

    /// The same of images that go into memory of which so much is free.
    pub(crate) fn with_free(self, free: Option<u64>) -> Count<'a, 'b> {
        Count { free, ..self }
    }

    /// An image of so many bytes will be kept. The others are taken to have as many as the first.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub(crate) fn will_keep(&mut self, image: usize) -> Result<(), Error> {
        if self.bytes > 0 {
            return Ok(());
        }
        self.bytes = self.all as u64 * image as u64;
        self.tell()
    }

    /// Another image is read.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub(crate) fn add(&mut self) -> Result<(), Error> {
        self.images += 1;
        self.all = self.all.max(self.images);
        self.tell()
    }

    fn tell(&mut self) -> Result<(), Error> {
        let Count { images, all, bytes, free, .. } = *self;
        let reading = Reading { images, all, bytes, free };
        match (self.watch)(reading) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_take_most_of_the_memory_are_warned_of_once_and_others_not() {
        let reading = Reading { images: 0, all: 20, bytes: 3_000_000, free: Some(4_000_000) };
        let warning = reading.warning().unwrap();
        assert!(warning.starts_with("20 images take 3.0 MB of memory, of which 4.0 MB are free"));
        assert_eq!(Reading { images: 1, ..reading }.warning(), None);
        assert_eq!(Reading { free: Some(6_000_000), ..reading }.warning(), None);
        assert_eq!(Reading { free: None, ..reading }.warning(), None);
    }
}
