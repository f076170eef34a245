//! What a reader hands over: images with the labels that the files use, not yet classes.

use std::collections::BTreeMap;

use crate::store::InMemory;
use crate::{Dataset, Error, ImageShape};

/// One split as it was read.
#[derive(Debug)]
pub(crate) struct RawSplit<Pixels = Vec<u8>> {
    pub(crate) shape: ImageShape,
    /// `[sample, channel, height, width]`, or what took them.
    pub(crate) pixels: Pixels,
    /// The label of each sample, as the files have it.
    pub(crate) labels: Vec<u32>,
    /// The file of each sample, or empty.
    pub(crate) files: Vec<String>,
}

/// Both splits as they were read.
#[derive(Debug)]
pub(crate) struct RawData<Pixels = Vec<u8>> {
    pub(crate) name: String,
    pub(crate) train: RawSplit<Pixels>,
    pub(crate) test: Option<RawSplit<Pixels>>,
    /// Names of labels, where the layout has names.
    pub(crate) names: BTreeMap<u32, String>,
}

impl RawData<InMemory> {
    /// With the pixels alone of what took them.
    pub(crate) fn in_memory(self) -> RawData {
        let RawData { name, train, test, names } = self;
        RawData { name, train: train.in_memory(), test: test.map(RawSplit::in_memory), names }
    }
}

impl RawSplit<InMemory> {
    fn in_memory(self) -> RawSplit {
        let RawSplit { shape, pixels, labels, files } = self;
        RawSplit { shape, pixels: pixels.pixels, labels, files }
    }
}

/// The classes: the sorted distinct labels of the training split.
pub(crate) struct Classes {
    /// The label that the files use for each class.
    pub(crate) labels: Vec<u32>,
    pub(crate) names: Vec<String>,
}

impl Classes {
    pub(crate) fn of<P>(train: &RawSplit<P>, names: &BTreeMap<u32, String>) -> Classes {
        let mut labels = train.labels.clone();
        labels.sort_unstable();
        labels.dedup();
        let names = labels
            .iter()
            .map(|label| names.get(label).cloned().unwrap_or_else(|| label.to_string()))
            .collect();
        Classes { labels, names }
    }

    /// Says which label is which class, unless they are the same numbers.
    pub(crate) fn note(&self) -> Option<String> {
        let same = self.labels.iter().enumerate().all(|(class, &label)| class == label as usize);
        let (first, last) = (self.labels.first()?, self.labels.last()?);
        let classes = self.labels.len();
        (!same).then(|| {
            format!("labels {first} to {last} are classes 0 to {}, in their order", classes - 1)
        })
    }

    /// The data set of a split, with classes for labels.
    pub(crate) fn dataset(&self, split: RawSplit) -> Result<Dataset, Error> {
        let classes = self.indices(&split.labels)?;
        let dataset = Dataset::new(split.shape, split.pixels, classes, self.names.clone())?;
        Ok(dataset.with_file_labels(self.labels.clone()).with_files(split.files))
    }

    /// The class of each label.
    pub(crate) fn indices(&self, labels: &[u32]) -> Result<Vec<u32>, Error> {
        let classes = labels.iter().map(|label| match self.labels.binary_search(label) {
            Ok(class) => Ok(class as u32),
            Err(_) => Err(Error::UnknownClass { class: label.to_string() }),
        });
        classes.collect()
    }
}
