//! `tamis select`: the samples that a policy chooses once, for whoever trains elsewhere.
//!
//! Needs the samples' classes, not their images: from the data, a label file, or the scores or
//! embeddings themselves. The choice is that of a search with the same policy, files and seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::{Dataset, Loaded};
use tamis_record::RunConfig;
use tamis_search::OneOffCost;
use tamis_select::{Context, Pool, Requirements, ScoreTable, build, requirements};
use tamis_tables::{Column, LABEL_NAMES, Table, TableError, VALUE_NAME};

use crate::choosing::probabilities::ProbabilityScore;
use crate::choosing::reason::reasons;
use crate::choosing::samples::Samples;
use crate::choosing::scores::{load_embeddings, load_scores_of, sample_ids};
use crate::error::Error;

/// Where the samples' classes come from.
#[derive(Clone, Copy, Debug)]
pub enum PoolSource<'a> {
    /// The data that the settings name.
    Data,
    /// Their training images, open already.
    Open(&'a Arc<Dataset>),
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
    /// The file of each, where the source has files of single images.
    pub files: Option<Vec<String>>,
    /// The name of each one's class, where the source has names.
    pub class_names: Option<Vec<String>>,
    /// The score of each, where scores were looked at.
    pub scores: Option<Vec<f64>>,
    /// Why each was chosen; `None` where the policy takes all.
    pub reasons: Option<Vec<String>>,
    /// Samples there were to choose from.
    pub pool: usize,
    /// The label of each class there is, chosen from or not, ascending.
    pub class_labels: Vec<u32>,
    /// What the making of scores and embeddings cost that were looked at.
    pub cost: OneOffCost,
    /// Things to tell the user.
    pub notes: Vec<String>,
}

impl Choice {
    /// A row a chosen sample: `sample_id` and, where the form has a place for it, everything that is
    /// known of it.
    pub fn table(&self, ids_alone: bool) -> Table {
        let mut columns = vec![Column::whole("sample_id", self.ids.iter().map(|id| id.0))];
        if ids_alone {
            return Table::new(columns);
        }
        let words = |name: &str, values: &Option<Vec<String>>| {
            values.as_ref().map(|values| Column::words(name, values.iter().map(String::as_str)))
        };
        columns.push(Column::whole("label", self.labels.iter().copied()));
        columns.extend(words("class_name", &self.class_names));
        columns.extend(words("file", &self.files));
        columns.extend(self.scores.clone().map(|scores| Column::real("score", scores)));
        columns.extend(words("reason", &self.reasons));
        Table::new(columns)
    }

    /// Chosen samples of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts: BTreeMap<u32, usize> =
            self.class_labels.iter().map(|&label| (label, 0)).collect();
        self.labels.iter().for_each(|&label| *counts.entry(label).or_default() += 1);
        counts.into_values().collect()
    }
}

/// Chooses by the policy, files, seed and split of the settings. Where the file of scores is one of
/// probabilities, `derived` says what to make of them.
///
/// # Errors
///
/// [`Error::NeedsSearch`] for a policy that follows a search, and whatever does not fit together.
pub fn choose(
    config: &RunConfig,
    source: PoolSource<'_>,
    derived: Option<ProbabilityScore>,
) -> Result<Choice, Error> {
    config.search.check()?;
    let policy = &config.search.policy;
    let needed = requirements(&policy.name)?;
    if needed.needs_search {
        return Err(Error::NeedsSearch { policy: policy.name.clone() });
    }
    if derived.is_some() && policy.scores.is_none() {
        return Err(Error::NoProbabilities);
    }
    let mut notes = Vec::new();
    let known = Known::of(config, source, derived, &mut notes)?;
    if derived == Some(ProbabilityScore::Loss) && !known.has_labels {
        return Err(Error::LossNeedsClasses);
    }
    let context = context(config, &needed, &known, derived)?;
    chosen(&policy.name, context, known, notes)
}

/// What a policy chooses, and what there is to tell of it.
pub(super) fn chosen(
    policy: &str,
    (context, cost): (Context, OneOffCost),
    known: Known,
    mut notes: Vec<String>,
) -> Result<Choice, Error> {
    let mut policy = build(policy, &context)?;
    let plan = policy.plan(0)?;
    let report = policy.report();
    let mut ids = [plan.weight, plan.arch].concat();
    ids.sort_unstable();
    let scores = context.scores.map(|scores| by_sample(&scores, known.labels.len()));
    let reasons = reasons(&report.changes, &ids, scores.as_deref());
    notes.extend(report.notes);
    Ok(Choice {
        labels: ids.iter().map(|&id| known.labels[id.index()]).collect(),
        files: known.files(&ids),
        class_names: known.class_names(&ids),
        scores: scores.map(|scores| ids.iter().map(|id| scores[id.index()]).collect()),
        reasons,
        ids,
        pool: known.labels.len(),
        class_labels: known.class_labels,
        cost,
        notes,
    })
}

/// The score of each sample in the order of ids. That none is missing was found before.
fn by_sample(scores: &ScoreTable, samples: usize) -> Vec<f64> {
    let mut by_sample = vec![f64::NAN; samples];
    for row in scores.rows() {
        if let Some(score) = by_sample.get_mut(row.id.index()) {
            *score = row.score;
        }
    }
    by_sample
}

/// What the policy chooses from and by. Scores that are made of probabilities are wanted even if the
/// policy does not look at them.
fn context(
    config: &RunConfig,
    needed: &Requirements,
    known: &Known,
    derived: Option<ProbabilityScore>,
) -> Result<(Context, OneOffCost), Error> {
    let mut cost = OneOffCost::NONE;
    let search = &config.search;
    let policy = &search.policy;
    let pool = Pool::new(known.classes.clone(), known.class_labels.len())?;
    let Known { labels, classes, images, .. } = known;
    let is_beginning = images.is_some() && config.data.train.is_some();
    let samples = Samples { labels, classes, images: images.as_deref(), is_beginning };
    let mut context = Context::new(Arc::new(pool), search.seed, search.train.epochs);
    context.split = search.split;
    context.settings = policy.settings();
    let wants_scores = needed.needs_scores || derived.is_some();
    if let Some(path) = policy.scores.as_ref().filter(|_| wants_scores) {
        let (scores, spent) = load_scores_of(path, &samples, derived)?;
        cost = cost.plus(&spent);
        scores.aligned(&context.pool)?;
        context.scores = Some(Arc::new(scores));
    }
    if let Some(path) = policy.embeddings.as_ref().filter(|_| needed.needs_embeddings) {
        let (embeddings, spent) = load_embeddings(path, &samples)?;
        cost = cost.plus(&spent);
        context.embeddings = Some(Arc::new(embeddings));
    }
    Ok((context, cost))
}

/// What is known of the samples without a look at scores or embeddings.
pub(super) struct Known {
    /// The label of each, in the order of ids.
    pub(super) labels: Vec<u32>,
    /// The class of each: the place of its label among those there are, however large it is.
    pub(super) classes: Vec<u32>,
    /// The label of each class.
    pub(super) class_labels: Vec<u32>,
    /// Whether the source says the labels: else all samples are taken for one class.
    pub(super) has_labels: bool,
    /// Their images, where the source has them.
    images: Option<Arc<Dataset>>,
}

impl Known {
    fn of(
        config: &RunConfig,
        source: PoolSource<'_>,
        derived: Option<ProbabilityScore>,
        notes: &mut Vec<String>,
    ) -> Result<Known, Error> {
        match source {
            PoolSource::Data => {
                let Loaded { train, notes: told, warnings, .. } = tamis_data::open(&config.data)?;
                notes.extend(told.into_iter().chain(warnings));
                Ok(Known::of_images(Arc::new(train)))
            }
            PoolSource::Open(train) => Ok(Known::of_images(train.clone())),
            PoolSource::Labels(path) => {
                Known::of_table(&Table::read(path)?.one_value_a_row(), path)
            }
            PoolSource::Tables => {
                let policy = &config.search.policy;
                let path = policy.scores.as_deref().or(policy.embeddings.as_deref());
                let path = path.ok_or(Error::NoPool)?;
                let is_wide = derived.is_some() || policy.scores.is_none();
                let read = Table::read(path)?;
                let table = if is_wide { read } else { read.one_value_a_row() };
                if !table.is_bare() {
                    return Known::of_table(&table, path);
                }
                notes.push(format!(
                    "{} does not say the samples' classes: all are taken for one class; --labels \
                     or --data say them",
                    path.display()
                ));
                Ok(Known::without_labels(table.rows()))
            }
        }
    }

    fn of_images(train: Arc<Dataset>) -> Known {
        let class_labels = (0..train.classes().len() as u32).collect();
        let labels = train.labels().to_vec();
        let (classes, images) = (labels.clone(), Some(train));
        Known { labels, classes, class_labels, has_labels: true, images }
    }

    /// The file of each of these samples; `None` if the source has no files of single images.
    fn files(&self, ids: &[SampleId]) -> Option<Vec<String>> {
        let images = self.images.as_ref()?;
        ids.iter().map(|&id| images.file(id).map(str::to_owned)).collect()
    }

    /// The name of the class of each of these samples.
    fn class_names(&self, ids: &[SampleId]) -> Option<Vec<String>> {
        let classes = self.images.as_ref()?.classes();
        Some(ids.iter().map(|id| classes[self.classes[id.index()] as usize].clone()).collect())
    }

    /// The labels that a table names: a column of them by sample, or one a row.
    fn of_table(table: &Table, path: &Path) -> Result<Known, Error> {
        let names: &[&str] = if table.is_bare() { &[VALUE_NAME] } else { &LABEL_NAMES };
        let labels = table.whole(table.expect_column(names)?)?;
        Ok(Known::of_labels(by_id(sample_ids(table)?.into_iter().zip(labels).collect(), path)?))
    }

    /// Of samples of which nothing says the labels.
    pub(super) fn without_labels(samples: usize) -> Known {
        Known { has_labels: false, ..Known::of_labels(vec![0; samples]) }
    }

    /// Of labels that need not count up from 0: classes do, in the order of labels, as in data.
    pub(super) fn of_labels(labels: Vec<u32>) -> Known {
        let class_labels: Vec<u32> = BTreeSet::from_iter(&labels).into_iter().copied().collect();
        let classes = labels
            .iter()
            .map(|label| class_labels.partition_point(|other| other < label) as u32)
            .collect();
        Known { labels, classes, class_labels, has_labels: true, images: None }
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
