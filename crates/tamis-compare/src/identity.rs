//! Which data a run is on: what a comparison must know of it to tell runs apart.

use std::collections::BTreeMap;
use std::path::Path;

use tamis_data::Loaded;
use tamis_record::{Error, FILES, RunConfig, flatten, hash_of_file};
use toml::Value;

/// What a comparison must know of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataIdentity {
    /// Fingerprint.
    pub fingerprint: String,
    /// Order of the training images; `None` if it is not known.
    pub order: Option<String>,
    /// Training images.
    pub samples: usize,
    /// Hashes of the files that settings name, by setting.
    pub files: BTreeMap<String, String>,
}

impl DataIdentity {
    /// Of data that was read, and of the files that `base` names.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn new(loaded: &Loaded, base: &RunConfig) -> Result<Self, Error> {
        let (fingerprint, order) = (loaded.fingerprint.clone(), loaded.train.order());
        DataIdentity::of(fingerprint, order, loaded.train.len(), base)
    }

    /// Of so many images with this fingerprint, in this order, and of the files that `base` names.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn of(
        fingerprint: String,
        order: String,
        samples: usize,
        base: &RunConfig,
    ) -> Result<Self, Error> {
        let settings = flatten(&base.to_table()?);
        let mut files = BTreeMap::new();
        for key in FILES {
            if let Some(path) = settings.get(key).and_then(Value::as_str) {
                files.insert(key.to_owned(), hash_of_file(Path::new(path))?);
            }
        }
        Ok(DataIdentity { fingerprint, order: Some(order), samples, files })
    }
}
