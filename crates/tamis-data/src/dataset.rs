//! One split of a data set, decoded.
//!
//! Images are bytes as `[sample, channel, height, width]`, so that a sample is one slice. The
//! data set knows its samples by id, in the order of its files; it does not know how it was read,
//! how it is split between the two levels of a search, or which batches it ends up in.

use std::borrow::Cow;
use std::path::Path;

use tamis_core::SampleId;

use crate::fingerprint::{ContentHash, Samples, content_hashes, fingerprint, order};
use crate::pixels::Pixels;
use crate::sums::ChannelSums;
use crate::{Error, ImageShape, PackError, Truth};

/// One split: images, labels and what is known about them.
#[derive(Clone, Debug)]
pub struct Dataset {
    shape: ImageShape,
    pixels: Pixels,
    labels: Vec<u32>,
    classes: Vec<String>,
    /// The label that the files use for each class.
    file_labels: Vec<u32>,
    /// File of each sample, where each has its own; else empty.
    files: Vec<String>,
    truth: Option<Vec<Truth>>,
    hashes: Vec<ContentHash>,
    /// What the channels' statistics are made of, where it is known.
    sums: Option<ChannelSums>,
}

/// All that is known of a split before it is one.
pub(crate) struct Described {
    pub(crate) shape: ImageShape,
    pub(crate) pixels: Pixels,
    /// Class index of each sample.
    pub(crate) labels: Vec<u32>,
    pub(crate) classes: Vec<String>,
    pub(crate) file_labels: Vec<u32>,
    pub(crate) files: Vec<String>,
    pub(crate) hashes: Vec<ContentHash>,
    pub(crate) sums: ChannelSums,
}

impl Dataset {
    /// A data set from arrays: `pixels` is `[sample, channel, height, width]`, `labels` holds one
    /// class index a sample, `classes` the names of the classes.
    ///
    /// # Errors
    ///
    /// [`Error::Arrays`] if there is no sample, the lengths do not agree, or a label is no class.
    pub fn new(
        shape: ImageShape,
        pixels: Vec<u8>,
        labels: Vec<u32>,
        classes: Vec<String>,
    ) -> Result<Dataset, Error> {
        check_arrays(shape, pixels.len(), &labels, classes.len())?;
        let hashes = content_hashes(shape, &pixels);
        let file_labels = (0..classes.len() as u32).collect();
        let (pixels, files, truth, sums) = (Pixels::Memory(pixels), Vec::new(), None, None);
        Ok(Dataset { shape, pixels, labels, classes, file_labels, files, truth, hashes, sums })
    }

    /// A data set of what is known of it, as [`Dataset::new`] would make it.
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`].
    pub(crate) fn described(known: Described) -> Result<Dataset, Error> {
        let Described { shape, pixels, labels, classes, file_labels, files, hashes, sums } = known;
        check_arrays(shape, labels.len() * shape.len(), &labels, classes.len())?;
        let (truth, sums) = (None, Some(sums));
        Ok(Dataset { shape, pixels, labels, classes, file_labels, files, truth, hashes, sums })
    }

    /// The same data set, knowing the label that its files use for each class.
    pub(crate) fn with_file_labels(self, file_labels: Vec<u32>) -> Dataset {
        Dataset { file_labels, ..self }
    }

    /// The same data set, knowing the file of each sample (or of none).
    pub(crate) fn with_files(self, files: Vec<String>) -> Dataset {
        Dataset { files, ..self }
    }

    /// The same data set, knowing how hard each sample is.
    pub(crate) fn with_truth(self, truth: Vec<Truth>) -> Dataset {
        Dataset { truth: Some(truth), ..self }
    }

    /// Number of samples, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a data set holds at least one sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Shape of every image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Class index of each sample, in the order of ids.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The label that the files use for each class: label files may start at 1 or leave gaps.
    pub fn file_labels(&self) -> &[u32] {
        &self.file_labels
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = SampleId> + use<> {
        (0..self.labels.len() as u32).map(SampleId)
    }

    /// The image of a sample, `[channel, height, width]`.
    ///
    /// # Errors
    ///
    /// Images may lie in a file, which may have changed since it was opened.
    ///
    /// # Panics
    ///
    /// If the id is not below [`Dataset::len`].
    pub fn pixels(&self, id: SampleId) -> Result<Cow<'_, [u8]>, Error> {
        self.pixels.image(id.index(), self.shape.len()).map_err(|source| {
            let path = self.pixels.path().map(Path::to_owned).unwrap_or_default();
            PackError::Image { path, sample: self.sample_name(id), source }.into()
        })
    }

    /// The pack that images are read from, if they are not in memory.
    pub(crate) fn pack(&self) -> Option<&Path> {
        self.pixels.path()
    }

    /// Sums over the pixels of each channel, where they are known.
    pub(crate) fn sums(&self) -> Option<&ChannelSums> {
        self.sums.as_ref()
    }

    /// Content hash of each sample, in the order of ids.
    pub(crate) fn hashes(&self) -> &[ContentHash] {
        &self.hashes
    }

    /// What a fingerprint is made of.
    pub(crate) fn fingerprinted(&self) -> Samples<'_> {
        Samples { hashes: &self.hashes, labels: &self.labels }
    }

    /// 64 hexadecimal digits that name the samples and their classes in whatever order.
    pub fn content(&self) -> String {
        fingerprint(self.fingerprinted(), None)
    }

    /// 64 hexadecimal digits that name the samples and their classes as they follow on each other.
    pub fn order(&self) -> String {
        order(self.fingerprinted())
    }

    /// What a person calls the sample: its file, or `sample 17` where many share one file.
    pub fn sample_name(&self, id: SampleId) -> String {
        self.files.get(id.index()).cloned().unwrap_or_else(|| format!("sample {id}"))
    }

    /// The file of the sample, below the folder of the data; `None` where many share one file.
    pub fn file(&self, id: SampleId) -> Option<&str> {
        self.files.get(id.index()).map(String::as_str)
    }

    /// Number of samples of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }

    /// The first `n` samples, with the same ids and the same classes, even those left empty.
    ///
    /// # Errors
    ///
    /// [`Error::First`] if `n` is 0 or more than there are.
    pub fn first(&self, n: usize) -> Result<Dataset, Error> {
        if n == 0 || n > self.len() {
            return Err(Error::First { wanted: n, held: self.len() });
        }
        Ok(Dataset {
            shape: self.shape,
            pixels: self.pixels.first(n * self.shape.len()),
            labels: self.labels[..n].to_vec(),
            classes: self.classes.clone(),
            file_labels: self.file_labels.clone(),
            files: self.files.iter().take(n).cloned().collect(),
            truth: self.truth.as_ref().map(|truth| truth[..n].to_vec()),
            hashes: self.hashes[..n].to_vec(),
            sums: self.sums.clone().filter(|_| n == self.len()),
        })
    }

    /// What is truly known of each sample, in the order of ids: only for synthetic data.
    pub fn truth(&self) -> Option<&[Truth]> {
        self.truth.as_deref()
    }
}

fn check_arrays(
    shape: ImageShape,
    pixels: usize,
    labels: &[u32],
    classes: usize,
) -> Result<(), Error> {
    let samples = labels.len();
    let wrong = |what, found, expected| Err(Error::Arrays { samples, what, found, expected });
    if samples == 0 || samples > u32::MAX as usize {
        return wrong("samples", samples, "1 to 4294967295".to_owned());
    }
    let image = shape.channels.checked_mul(shape.height).and_then(|n| n.checked_mul(shape.width));
    let expected = image.and_then(|image| image.checked_mul(samples)).unwrap_or(0);
    if expected == 0 || pixels != expected {
        return wrong("pixel values", pixels, format!("{samples} times {shape}"));
    }
    match labels.iter().find(|&&label| label as usize >= classes) {
        Some(&label) => wrong("as a label", label as usize, format!("less than {classes}")),
        None => Ok(()),
    }
}
