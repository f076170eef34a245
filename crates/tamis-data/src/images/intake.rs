//! Takes the encoded images of a split, several at once and all in their order.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;

use super::collect::{Collected, Collector};
use super::decode::{Decoded, FileKind};
use crate::findings::Findings;
use crate::fit::Fit;
use crate::store::Store;
use crate::watch::Count;
use crate::{DataConfig, Error, ImageShape, Limits};

/// Images decoded at a time: bounds the memory held by images that have no place yet.
pub(crate) const CHUNK: usize = 64;

/// Bytes of an encoded image that mostly tell its shape.
pub(crate) const BEGINNING: usize = 4096;

/// What may be an image of a split.
pub(crate) trait Encoded: Sync {
    /// What it is called in messages, with the data's own place before it.
    fn place(&self) -> Cow<'_, Path>;

    /// Its label.
    fn label(&self) -> u32;

    /// The shape of the picture as it is, by as little of it as tells; `None` where that cannot be known.
    fn measure(&self, limits: &Limits) -> Option<ImageShape>;

    /// The picture, within limits and brought to the wanted shape.
    ///
    /// # Errors
    ///
    /// Why there is none where one should be.
    fn decode(&self, limits: &Limits, fit: Fit) -> Result<FileKind, Error>;
}

/// A split that is being read.
pub(crate) struct Intake<'a, 'b, 'c, S> {
    collector: Collector<'a, S>,
    count: &'a mut Count<'b, 'c>,
    limits: &'a Limits,
    fit: Fit,
}

impl<'a, 'b, 'c, S: Store> Intake<'a, 'b, 'c, S> {
    /// Of data at `root`; `store` takes the pictures.
    pub(crate) fn new(
        root: &'a Path,
        config: &'a DataConfig,
        store: S,
        count: &'a mut Count<'b, 'c>,
    ) -> Self {
        let (limits, fit) = (&config.limits, Fit::new(config));
        Intake { collector: Collector::new(root, store), count, limits, fit }
    }

    /// The same of images that have no files of their own.
    pub(crate) fn without_files(self) -> Self {
        Intake { collector: self.collector.without_files(), ..self }
    }

    /// Takes no more than [`CHUNK`] images.
    ///
    /// # Errors
    ///
    /// What makes it useless to go on; what is wrong with single images is in `findings`.
    pub(crate) fn take<E: Encoded>(
        &mut self,
        images: &[E],
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let (limits, fit) = (self.limits, self.fit);
        let decoded: Vec<_> = images.par_iter().map(|image| image.decode(limits, fit)).collect();
        for (image, kind) in images.iter().zip(decoded) {
            if let Ok(FileKind::Image(Decoded { picture, .. })) = &kind {
                self.count.will_keep(picture.pixels.len())?;
            }
            let is_image = !matches!(kind, Ok(FileKind::NoImage));
            self.collector.add(&image.place(), image.label(), kind, findings)?;
            if is_image {
                self.count.add()?;
            }
        }
        Ok(())
    }

    /// Closes a class folder, which must have held an image.
    pub(crate) fn end_class(&mut self, path: &Path, findings: &mut Findings) {
        self.collector.end_class(path, findings);
    }

    /// The split; images that do not fit together are a problem.
    pub(crate) fn finish(self, findings: &mut Findings) -> Collected<S> {
        self.collector.finish(findings)
    }
}
