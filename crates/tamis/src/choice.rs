//! `tamis select`: the samples that a policy chooses once, for whoever trains elsewhere.
//!
//! Needs the samples' classes, not their images: from the data, a label file, or the scores or
//! embeddings themselves. The choice is that of a search with the same policy, files and seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::{Dataset, Loaded};
use tamis_select::{Context, Pool, Requirements, build, requirements};

use crate::config::RunConfig;
use crate::error::Error;
use crate::scores::{Samples, load_embeddings, load_scores, sample_ids};
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
    /// The label of each, as the source has it.
    pub labels: Vec<u32>,
    /// Samples there were to choose from.
    pub pool: usize,
    /// The label of each class there is, chosen from or not, ascending.
    pub class_labels: Vec<u32>,
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
        let mut counts: BTreeMap<u32, usize> =
            self.class_labels.iter().map(|&label| (label, 0)).collect();
        self.labels.iter().for_each(|&label| *counts.entry(label).or_default() += 1);
        counts.into_values().collect()
    }
}

/// Chooses by the policy, files, seed and split of the settings.
///
/// # Errors
///
/// [`Error::NeedsSearch`] for a policy that follows a search, and whatever does not fit together.
pub fn choose(config: &RunConfig, source: PoolSource<'_>) -> Result<Choice, Error> {
    config.search.check()?;
    let policy = &config.search.policy;
    let needed = requirements(&policy.name)?;
    if needed.needs_search {
        return Err(Error::NeedsSearch { policy: policy.name.clone() });
    }
    let mut notes = Vec::new();
    let known = Known::of(config, source, &mut notes)?;
    let plan = build(&policy.name, &context(config, &needed, &known)?)?.plan(0)?;
    let mut ids = [plan.weight, plan.arch].concat();
    ids.sort_unstable();
    let labels = ids.iter().map(|&id| known.labels[id.index()]).collect();
    Ok(Choice { ids, labels, pool: known.labels.len(), class_labels: known.class_labels, notes })
}

/// What the policy chooses from and by.
fn context(config: &RunConfig, needed: &Requirements, known: &Known) -> Result<Context, Error> {
    let search = &config.search;
    let policy = &search.policy;
    let pool = Pool::new(known.classes.clone(), known.class_labels.len())?;
    let Known { labels, classes, images, .. } = known;
    let is_beginning = images.is_some() && config.data.train.is_some();
    let samples = Samples { labels, classes, images: images.as_ref(), is_beginning };
    let mut context = Context::new(Arc::new(pool), search.seed, search.train.epochs);
    context.split = search.split;
    context.settings = policy.settings();
    if let Some(path) = policy.scores.as_ref().filter(|_| needed.needs_scores) {
        context.scores = Some(Arc::new(load_scores(path, &samples)?.0));
    }
    if let Some(path) = policy.embeddings.as_ref().filter(|_| needed.needs_embeddings) {
        context.embeddings = Some(Arc::new(load_embeddings(path, &samples)?.0));
    }
    Ok(context)
}

/// What is known of the samples without a look at scores or embeddings.
struct Known {
    /// The label of each, in the order of ids.
    labels: Vec<u32>,
    /// The class of each: the place of its label among those there are, however large it is.
    classes: Vec<u32>,
    /// The label of each class.
    class_labels: Vec<u32>,
    /// Their images, where the source has them.
    images: Option<Dataset>,
}

impl Known {
    fn of(
        config: &RunConfig,
        source: PoolSource<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Known, Error> {
        match source {
            PoolSource::Data => {
                let Loaded { train, notes: told, warnings, .. } = tamis_data::open(&config.data)?;
                notes.extend(told.into_iter().chain(warnings));
                let class_labels = (0..train.classes().len() as u32).collect();
                let labels = train.labels().to_vec();
                let (classes, images) = (labels.clone(), Some(train));
                Ok(Known { labels, classes, class_labels, images })
            }
            PoolSource::Labels(path) => Known::of_table(&Table::read(path)?, path),
            PoolSource::Tables => {
                let policy = &config.search.policy;
                let path = policy.scores.as_deref().or(policy.embeddings.as_deref());
                let path = path.ok_or(Error::NoPool)?;
                let table = Table::read(path)?;
                if !table.is_bare() {
                    return Known::of_table(&table, path);
                }
                notes.push(format!(
                    "{} does not say the samples' classes: all are taken for one class; --labels \
                     or --data say them",
                    path.display()
                ));
                Ok(Known::of_labels(vec![0; table.rows()]))
            }
        }
    }

    /// The labels that a table names: a column of them by sample, or one a row.
    fn of_table(table: &Table, path: &Path) -> Result<Known, Error> {
        let names: &[&str] = if table.is_bare() { &[VALUE_NAME] } else { &LABEL_NAMES };
        let labels = table.whole(table.expect_column(names)?)?;
        Ok(Known::of_labels(by_id(sample_ids(table)?.into_iter().zip(labels).collect(), path)?))
    }

    /// Of labels that need not count up from 0: classes do, in the order of labels, as in data.
    fn of_labels(labels: Vec<u32>) -> Known {
        let class_labels: Vec<u32> = BTreeSet::from_iter(&labels).into_iter().copied().collect();
        let class = |label| class_labels.partition_point(|other| other < label) as u32;
        let classes = labels.iter().map(class).collect();
        Known { labels, classes, class_labels, images: None }
    }
}

/// Labels in the order of ids, which are 0, 1, 2 and so on without a gap.
fn by_id(mut pairs: Vec<(u32, u32)>, path: &Path) -> Result<Vec<u32>, Error> {
    pairs.sort_unstable();
    match (0..).zip(&pairs).find(|(expected, (id, _))| expected != id) {
        None => Ok(pairs.into_iter().map(|(_, label)| label).collect()),
        Some((expected, (found, _))) => Err(TableError::Malformed {
            path: path.to_owned(),
            place: "the samples' classes".to_owned(),
            found: format!("sample {found}"),
            expected: format!("sample {expected}: each once, from 0 on"),
        }
        .into()),
    }
}
