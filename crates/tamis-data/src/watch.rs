//! How far the reading of images is, for whoever waits.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::Error;

/// How far the reading of all images is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Images that are read.
    pub images: usize,
    /// Images that there are, at most.
    pub all: usize,
    /// Bytes of all of them once they are decoded, at most.
    pub bytes: u64,
}

/// Told how far the reading is, before the first image is kept and after every one; breaks to stop it.
pub type Watch<'a> = dyn FnMut(Reading) -> ControlFlow<()> + 'a;

/// Counts images on their way, and tells.
pub(crate) struct Count<'a, 'b> {
    watch: &'a mut Watch<'b>,
    images: usize,
    all: usize,
    bytes: u64,
}

impl<'a, 'b> Count<'a, 'b> {
    /// For so many images at most.
    pub(crate) fn new(all: usize, watch: &'a mut Watch<'b>) -> Count<'a, 'b> {
        Count { watch, images: 0, all, bytes: 0 }
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
        self.tell()
    }

    fn tell(&mut self) -> Result<(), Error> {
        let reading = Reading { images: self.images, all: self.all, bytes: self.bytes };
        match (self.watch)(reading) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}
