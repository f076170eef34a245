//! What a search or a race stands on: its data, open, and the tables that its policy chooses by.

use std::sync::Arc;

use tamis_data::{Dataset, Loaded};
use tamis_nn::Device;
use tamis_record::{RunConfig, UsedFiles};
use tamis_search::{OneOffCost, has_tables, warn_of_size};
use tamis_select::{Embeddings, ScoreTable};
use tamis_space::nas_bench_201::Table;

use crate::choosing::{Samples, load_embeddings, load_scores};
use crate::error::Error;
use crate::folder::RunRecord;
use crate::lookup::load_table;
use crate::scoring::{Observer, open_observed};

/// What a search or a race is built on: nothing of it depends on scores or embeddings.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) name: String,
    pub(crate) fingerprint: String,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) train: Arc<Dataset>,
    pub(crate) device: Device,
    pub(crate) table: Option<Table>,
}

/// The tables that a policy chooses by, as far as settings name them.
pub(crate) struct Tables {
    pub(crate) scores: Option<ScoreTable>,
    pub(crate) embeddings: Option<Arc<Embeddings>>,
    /// What they cost.
    pub(crate) one_off: OneOffCost,
}

impl Tables {
    /// Reads those of these files, for the images that are open.
    pub(crate) fn read(
        files: &UsedFiles<'_>,
        config: &RunConfig,
        train: &Dataset,
    ) -> Result<Tables, Error> {
        let mut tables = Tables { scores: None, embeddings: None, one_off: OneOffCost::NONE };
        if let Some(path) = files.scores {
            let (found, cost) = load_scores(path, &Samples::of(train, &config.data))?;
            (tables.scores, tables.one_off) = (Some(found), tables.one_off.plus(&cost));
        }
        if let Some(path) = files.embeddings {
            let (found, cost) = load_embeddings(path, &Samples::of(train, &config.data))?;
            tables.embeddings = Some(Arc::new(found));
            tables.one_off = tables.one_off.plus(&cost);
        }
        Ok(tables)
    }
}

impl Ground {
    /// Opens what the settings name; `observer` is told how far that is, and may stop it.
    pub(crate) fn of(config: &RunConfig, observer: &mut dyn Observer) -> Result<Ground, Error> {
        config.search.check()?;
        config.score.check()?;
        config.embed.check()?;
        let table = table(config)?;
        let device = config.place.device.parse()?;
        let Loaded { name, train, fingerprint, notes, mut warnings, .. } =
            open_observed(&config.data, observer)?;
        warnings.extend(warn_of_size(&config.search.space.name, train.shape()));
        Ok(Ground { name, fingerprint, notes, warnings, train: Arc::new(train), device, table })
    }

    /// What a run that goes on stands on, if it is what the run began with.
    pub(crate) fn again(
        config: &RunConfig,
        record: Option<&RunRecord>,
        observer: &mut dyn Observer,
    ) -> Result<Ground, Error> {
        let Some(record) = record else { return Ground::of(config, observer) };
        record.check_settings(config.to_table()?)?;
        record.check_files(&UsedFiles::of_search(&config.search)?)?;
        let ground = Ground::of(config, observer)?;
        record.check_data(&ground.fingerprint, &ground.train)?;
        Ok(ground)
    }
}

/// The table that the settings name. It is read before the search, so that nothing is searched in
/// vain for one that is not there.
fn table(config: &RunConfig) -> Result<Option<Table>, Error> {
    let path = config.place.table.as_ref().filter(|_| has_tables(&config.search.space.name));
    path.map(|path| load_table(path)).transpose()
}
