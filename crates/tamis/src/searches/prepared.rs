//! From settings to a search before its first epoch: the data opened, scores and embeddings read.

use std::sync::Arc;

use tamis_data::{Dataset, Loaded};
use tamis_nn::Device;
use tamis_record::RunConfig;
use tamis_record::UsedFiles;
use tamis_search::{OneOffCost, Search, SearchData, has_tables};
use tamis_space::nas_bench_201::Table;

use crate::choosing::Samples;
use crate::choosing::{load_embeddings, load_scores};
use crate::error::Error;
use crate::networks::LatencyTable;
use crate::scoring::{Observer, Unobserved, open_observed};
use crate::searches::lookup::load_table;

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

/// What a search is built on: nothing of it depends on scores or embeddings.
pub(crate) struct Ground {
    name: String,
    pub(crate) fingerprint: String,
    notes: Vec<String>,
    warnings: Vec<String>,
    pub(crate) train: Arc<Dataset>,
    device: Device,
    table: Option<Table>,
}

impl Ground {
    /// Opens what the settings name; `observer` is told how far that is, and may stop it.
    pub(crate) fn of(config: &RunConfig, observer: &mut dyn Observer) -> Result<Ground, Error> {
        config.search.check()?;
        config.score.check()?;
        config.embed.check()?;
        let table = table(config)?;
        let device = config.place.device.parse()?;
        let Loaded { name, train, fingerprint, notes, warnings, .. } =
            open_observed(&config.data, observer)?;
        Ok(Ground { name, fingerprint, notes, warnings, train: Arc::new(train), device, table })
    }

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

/// The table that the settings name. It is read before the search, so that nothing is searched in
/// vain for one that is not there.
fn table(config: &RunConfig) -> Result<Option<Table>, Error> {
    let path = config.place.table.as_ref().filter(|_| has_tables(&config.search.space.name));
    path.map(|path| load_table(path)).transpose()
}

/// Reads scores and embeddings and builds the search, on data that is open already.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_on(config: &RunConfig, train: Arc<Dataset>) -> Result<Search, Error> {
    tamis_data::refuse_one_class(&config.data, &train)?;
    let files = UsedFiles::of_search(&config.search)?;
    let mut one_off = OneOffCost::NONE;
    let mut scores = None;
    if let Some(path) = files.scores {
        let (found, cost) = load_scores(path, &Samples::of(&train, &config.data))?;
        (scores, one_off) = (Some(found), one_off.plus(&cost));
    }
    let mut embeddings = None;
    if let Some(path) = files.embeddings {
        let (found, cost) = load_embeddings(path, &Samples::of(&train, &config.data))?;
        (embeddings, one_off) = (Some(Arc::new(found)), one_off.plus(&cost));
    }
    let augmentation = config.augmentation;
    let latencies =
        files.latencies.map(LatencyTable::read).transpose()?.map(|table| table.milliseconds);
    let data = SearchData { train, augmentation, scores, embeddings, latencies, one_off };
    Ok(Search::new(&config.search, data, config.place.device.parse()?)?)
}
