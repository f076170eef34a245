//! From settings to a search before its first epoch: the data opened, scores and embeddings read.

use std::sync::Arc;

use tamis_data::Dataset;
use tamis_nn::Device;
use tamis_record::{RunConfig, UsedFiles};
use tamis_search::{Search, SearchData};
use tamis_space::nas_bench_201::Table;

use crate::error::Error;
use crate::ground::{Ground, Tables};
use crate::networks::LatencyTable;
use crate::scoring::Unobserved;

/// Data and a search on it, before the first epoch.
pub struct Prepared {
    /// Name of the data.
    pub data_name: String,
    /// Fingerprint of the data.
    pub fingerprint: String,
    /// Things to tell the user about the data.
    pub notes: Vec<String>,
    /// What about the data may disappoint.
    pub warnings: Vec<String>,
    /// The training split.
    pub train: Arc<Dataset>,
    /// Where networks run.
    pub device: Device,
    /// The search.
    pub search: Search,
    /// The benchmark's table in which the found architecture is looked up, if there is one.
    pub(crate) table: Option<Table>,
}

impl Prepared {
    /// What the search stands on, for what comes after it; what there was to tell of it is told.
    pub(crate) fn ground(&self) -> Ground {
        Ground {
            name: self.data_name.clone(),
            fingerprint: self.fingerprint.clone(),
            notes: Vec::new(),
            warnings: Vec::new(),
            train: self.train.clone(),
            device: self.device,
            // The winner is looked up by whoever asked.
            table: None,
        }
    }
}

impl Ground {
    /// With the search that was built on it.
    pub(crate) fn carrying(self, search: Search) -> Prepared {
        let Ground { name: data_name, fingerprint, notes, warnings, train, device, table } = self;
        Prepared { data_name, fingerprint, notes, warnings, train, device, search, table }
    }
}

/// Opens the data, reads scores and embeddings, builds the search.
///
/// # Errors
///
/// Whatever does not fit together or is missing, before anything is written.
pub fn prepare(config: &RunConfig) -> Result<Prepared, Error> {
    let ground = Ground::of(config, &mut Unobserved)?;
    let search = prepare_on(config, ground.train.clone())?;
    Ok(ground.carrying(search))
}

/// Reads scores and embeddings and builds the search, on data that is open already.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_on(config: &RunConfig, train: Arc<Dataset>) -> Result<Search, Error> {
    tamis_data::refuse_one_class(&config.data, &train)?;
    let files = UsedFiles::of_search(&config.search)?;
    let Tables { scores, embeddings, one_off } = Tables::read(&files, config, &train)?;
    let augmentation = config.augmentation;
    let latencies =
        files.latencies.map(LatencyTable::read).transpose()?.map(|table| table.milliseconds);
    let data = SearchData { train, augmentation, scores, embeddings, latencies, one_off };
    Ok(Search::new(&config.search, data, config.place.device.parse()?)?)
}
