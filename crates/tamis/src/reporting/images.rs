//! The images of a run, where its data still is.

use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::{DataConfig, Dataset, Loaded};
use tamis_report::Image;

/// Both splits of a run's data, if they are what the run had.
pub(super) struct Images {
    pub(super) train: Arc<Dataset>,
    pub(super) test: Option<Arc<Dataset>>,
}

impl Images {
    /// Opens the data of a run, or says why not.
    pub(super) fn of(config: &DataConfig, fingerprint: Option<&str>) -> Result<Images, String> {
        let Loaded { train, test, fingerprint: found, .. } = tamis_data::open(config)
            .map_err(|error| format!("The data cannot be read: {error}."))?;
        if fingerprint.is_some_and(|expected| expected != found) {
            return Err("The data is not what the run had.".to_owned());
        }
        Ok(Images { train: Arc::new(train), test: test.map(Arc::new) })
    }
}

/// One image, if it can be read and shown.
pub(super) fn image(dataset: &Dataset, id: SampleId) -> Option<Image> {
    let shape = dataset.shape();
    let sides = [shape.channels, shape.height, shape.width];
    let pixels = (id.index() < dataset.len()).then(|| dataset.pixels(id).ok())??;
    Image::from_planes(sides, &pixels).ok()
}

/// The name of a sample's class.
pub(super) fn class_of(dataset: &Dataset, id: SampleId) -> Option<String> {
    let label = *dataset.labels().get(id.index())?;
    dataset.classes().get(label as usize).cloned()
}
