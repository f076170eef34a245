//! `tamis select`: the samples that a policy chooses once, for whoever trains elsewhere.
//!
//! Needs the samples' classes, not their images: from the data, a label file, or the scores or
//! embeddings themselves. The choice is that of a search with the same policy, files and seed.

use std::path::Path;
use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::Loaded;
use tamis_select::{Context, Embeddings, Pool, ScoreTable, build, requirements};

use crate::config::RunConfig;
use crate::error::Error;
use crate::scores::{load_embeddings, load_scores, sample_ids};
use crate::tables::{Column, LABEL_NAMES, Table, TableError, VALUE_NAME};

/// Where the samples' classes come from.
#[derive(Clone, Copy, Debug)]
pub enum PoolSource<'a> {
    /// The data that the settings name.
    Data,
    /// A file of classes: a column `label` by `sample_id`, or one class a line or value.
    Labels(&'a Path),
    /// The score file or, without one, the embedding file that the settings name.
    Tables,
}

/// The chosen samples.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Their ids, ascending.
    pub ids: Vec<SampleId>,
    /// The class of each.
    pub labels: Vec<u32>,
    /// Samples there were to choose from.
    pub pool: usize,
    /// Classes there are, chosen from or not.
    pub classes: usize,
    /// Things to tell the user.
    pub notes: Vec<String>,
}

impl Choice {
    /// A row a chosen sample: `sample_id` and, where the form has a place for it, `label`.
    pub fn table(&self, ids_alone: bool) -> Table {
        let ids = Column::whole("sample_id", self.ids.iter().map(|id| id.0));
        let labels = Column::whole("label", self.labels.iter().copied());
        Table::new(if ids_alone { vec![ids] } else { vec![ids, labels] })
    }

    /// Chosen samples of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        counts
    }
}

/// Chooses by the policy, files, seed and split of the settings.
///
/// # Errors
///
/// [`Error::NeedsSearch`] for a policy that follows a search, and whatever does not fit together.
pub fn choose(config: &RunConfig, source: PoolSource<'_>) -> Result<Choice, Error> {
    let search = &config.search;
    search.check()?;
    let policy = &search.policy;
    let needed = requirements(&policy.name)?;
    if needed.needs_search {
        return Err(Error::NeedsSearch { policy: policy.name.clone() });
    }
    let mut notes = Vec::new();
    let known = labels(config, source, &mut notes)?;
    let labels = known.as_deref();
    // A file that the policy does not look at may still say which samples there are.
    let names_samples = known.is_none();
    let scores = policy.scores.as_deref().filter(|_| names_samples || needed.needs_scores);
    let scores = scores.map(|path| load_scores(path, labels)).transpose()?;
    let embeddings = policy.embeddings.as_deref();
    let embeddings = embeddings.filter(|_| names_samples || needed.needs_embeddings);
    let embeddings = embeddings.map(|path| load_embeddings(path, labels)).transpose()?;
    let (scores, embeddings) = (scores.map(|of| of.0), embeddings.map(|of| of.0));
    let labels = match known {
        Some(labels) => labels,
        None => {
            let path = policy.scores.as_deref().or(policy.embeddings.as_deref());
            labels_of(scores.as_ref(), embeddings.as_ref(), path.unwrap_or(Path::new("")))?
        }
    };
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let samples = labels.len();
    let pool = Arc::new(Pool::new(labels, classes)?);
    let mut context = Context::new(pool.clone(), search.seed, search.train.epochs);
    context.split = search.split;
    context.scores = scores.map(|scores| Arc::new(scores.first(samples)));
    context.embeddings = embeddings.map(|embeddings| Arc::new(embeddings.first(samples)));
    context.settings = policy.settings();
    let plan = build(&policy.name, &context)?.plan(0)?;
    let mut ids = [plan.weight, plan.arch].concat();
    ids.sort_unstable();
    let labels = ids.iter().map(|&id| pool.label(id)).collect();
    Ok(Choice { ids, labels, pool: samples, classes, notes })
}

/// The class of every sample by id, where the source says it without scores or embeddings.
fn labels(
    config: &RunConfig,
    source: PoolSource<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<u32>>, Error> {
    match source {
        PoolSource::Data => {
            let Loaded { train, notes: told, .. } = tamis_data::open(&config.data)?;
            notes.extend(told);
            Ok(Some(train.labels().to_vec()))
        }
        PoolSource::Labels(path) => {
            let table = Table::read(path)?;
            let names: &[&str] = if table.is_bare() { &[VALUE_NAME] } else { &LABEL_NAMES };
            let classes = table.whole(table.expect_column(names)?)?;
            Ok(Some(by_id(sample_ids(&table)?.into_iter().zip(classes).collect(), path)?))
        }
        PoolSource::Tables => unlabelled(config, notes),
    }
}

/// A bare array of scores or embeddings says nothing of classes: then all are of one.
fn unlabelled(config: &RunConfig, notes: &mut Vec<String>) -> Result<Option<Vec<u32>>, Error> {
    let policy = &config.search.policy;
    let Some(path) = policy.scores.as_deref().or(policy.embeddings.as_deref()) else {
        return Err(Error::NoPool);
    };
    let table = Table::read(path)?;
    if table.find(&LABEL_NAMES).is_some() || !table.is_bare() {
        return Ok(None);
    }
    notes.push(format!(
        "{} does not say the samples' classes: all are taken for one class; --labels or --data \
         say them",
        path.display()
    ));
    Ok(Some(vec![0; table.rows()]))
}

/// The classes that scores or embeddings name.
fn labels_of(
    scores: Option<&ScoreTable>,
    embeddings: Option<&Embeddings>,
    path: &Path,
) -> Result<Vec<u32>, Error> {
    let of_scores = scores.map(|scores| scores.rows().iter().map(|row| (row.id.0, row.class)));
    let pairs: Vec<(u32, u32)> = match (of_scores, embeddings) {
        (Some(pairs), _) => pairs.collect(),
        (None, Some(of)) => of.samples().iter().map(|&(id, class)| (id.0, class)).collect(),
        (None, None) => return Err(Error::NoPool),
    };
    by_id(pairs, path)
}

/// Classes in the order of ids, which are 0, 1, 2 and so on without a gap.
fn by_id(mut pairs: Vec<(u32, u32)>, path: &Path) -> Result<Vec<u32>, Error> {
    pairs.sort_unstable();
    match (0..).zip(&pairs).find(|(expected, (id, _))| expected != id) {
        None => Ok(pairs.into_iter().map(|(_, class)| class).collect()),
        Some((expected, (found, _))) => Err(TableError::Malformed {
            path: path.to_owned(),
            place: "the samples' classes".to_owned(),
            found: format!("sample {found}"),
            expected: format!("sample {expected}: each once, from 0 on"),
        }
        .into()),
    }
}
