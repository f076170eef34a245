//! Score, embedding and label files: what their columns mean, and what it cost to make them.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tamis_core::SampleId;
use tamis_data::{DataConfig, Dataset};
use tamis_run::write_durably;
use tamis_search::OneOffCost;
use tamis_select::{Embeddings, ScoreRow, ScoreTable};

use crate::error::Error;
use crate::tables::{LABEL_NAMES, SAMPLE_NAMES, SCORE_NAMES, Table, VALUE_NAME};

/// The samples that a table is about.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The label of each, in the order of ids, as tables have it.
    pub labels: &'a [u32],
    /// The class of each, from 0 on.
    pub classes: &'a [u32],
    /// Their images, where they are at hand.
    pub images: Option<&'a Dataset>,
    /// Whether they are the beginning of more samples, as `data.train` leaves it: then rows of
    /// others are left out, and else refused.
    pub is_beginning: bool,
}

impl<'a> Samples<'a> {
    /// Those of a data set, of which tables have the classes, opened with these settings.
    pub fn of(train: &'a Dataset, data: &DataConfig) -> Samples<'a> {
        let labels = train.labels();
        let is_beginning = data.train.is_some();
        Samples { labels, classes: labels, images: Some(train), is_beginning }
    }
}

/// Reads a score file and its cost from `FILE.cost.json` beside it. An unknown cost is unknown,
/// not nothing.
///
/// The file is CSV or Parquet with the columns `sample_id`, `label` and `score`, the published form
/// `index entropy class` in `.txt`, or bare scores in `.npy`. The labels that it names must be those
/// of the samples.
///
/// # Errors
///
/// [`Error::Table`] naming line or column, [`Error::Select`] naming the sample of a score that
/// cannot be, [`Error::TableReordered`]; [`Error::File`] or [`Error::Content`] for its cost.
pub fn load_scores(path: &Path, samples: &Samples<'_>) -> Result<(ScoreTable, OneOffCost), Error> {
    let table = Table::read(path)?;
    let ids = sample_ids(&table)?;
    let names: &[&str] = if table.is_bare() { &[VALUE_NAME] } else { &SCORE_NAMES };
    let scores = table.real(table.expect_column(names)?)?;
    let classes = classes(&table, &ids, samples)?;
    let rows = ids.into_iter().zip(classes).zip(scores);
    let rows = rows.map(|((id, class), score)| ScoreRow { id: SampleId(id), class, score });
    let mut scores = ScoreTable::new(rows.collect())?;
    if samples.is_beginning {
        scores = scores.first(samples.classes.len());
    }
    let beside = Beside::read(path)?;
    beside.check(path, samples)?;
    let scores = match &beside.kind {
        Some(kind) => scores.of_kind(kind),
        None => scores,
    };
    Ok((scores, beside.cost()))
}

/// Reads an embedding file and its cost from `FILE.cost.json` beside it.
///
/// The file is CSV or Parquet with the columns `sample_id`, `label` and `z_0`, `z_1` and so on, or an
/// array of rows in `.npy`. The labels that it names must be those of the samples.
///
/// # Errors
///
/// As [`load_scores`].
pub fn load_embeddings(
    path: &Path,
    samples: &Samples<'_>,
) -> Result<(Embeddings, OneOffCost), Error> {
    let table = Table::read(path)?;
    let ids = sample_ids(&table)?;
    let classes = classes(&table, &ids, samples)?;
    let mut axes = vec![table.real(table.expect_column(&["z_0", VALUE_NAME])?)?];
    while let Some(column) = table.find(&[&format!("z_{}", axes.len())]) {
        axes.push(table.real(column)?);
    }
    let rows = 0..table.rows();
    let values: Vec<f32> = rows.flat_map(|row| axes.iter().map(move |z| z[row] as f32)).collect();
    let rows: Vec<(SampleId, u32)> = ids.into_iter().map(SampleId).zip(classes).collect();
    let embeddings = Embeddings::new(&rows, &values, axes.len());
    let mut embeddings = embeddings.map_err(tamis_select::Error::from)?;
    if samples.is_beginning {
        embeddings = embeddings.first(samples.classes.len());
    }
    let beside = Beside::read(path)?;
    beside.check(path, samples)?;
    Ok((embeddings, beside.cost()))
}

/// The samples of the rows: those named, or 0, 1, 2 and so on in a file of bare values.
pub(crate) fn sample_ids(table: &Table) -> Result<Vec<u32>, Error> {
    if table.is_bare() && table.find(&SAMPLE_NAMES).is_none() {
        return Ok((0..table.rows() as u32).collect());
    }
    Ok(table.whole(table.expect_column(&SAMPLE_NAMES)?)?)
}

/// The class of each row, which must not name another label than that of its sample. Rows of samples
/// beyond those there are have class 0: they are left out or refused.
fn classes(table: &Table, ids: &[u32], samples: &Samples<'_>) -> Result<Vec<u32>, Error> {
    if let Some(column) = table.find(&LABEL_NAMES) {
        for (row, (&id, found)) in ids.iter().zip(table.whole(column)?).enumerate() {
            match samples.labels.get(id as usize) {
                Some(&expected) if found != expected => {
                    return Err(table.other_label(column, row, (id, found, expected)).into());
                }
                _ => {}
            }
        }
    }
    let class = |&id: &u32| samples.classes.get(id as usize).copied().unwrap_or_default();
    Ok(ids.iter().map(class).collect())
}

/// What is written beside a table of scores or embeddings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    samples: Option<u64>,
    macs: Option<u64>,
    wall_s: Option<f64>,
    /// What they are scores of, such as `entropy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The images that it was made of, in whatever order.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<String>,
    /// The order that they were in.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
}

impl Beside {
    /// A table of this cost and kind, made of these images.
    pub(crate) fn new(cost: &OneOffCost, kind: Option<&str>, images: &Dataset) -> Beside {
        let OneOffCost { samples, macs, wall_s } = *cost;
        let (kind, order) = (kind.map(str::to_owned), Some(images.order()));
        Beside { samples, macs, wall_s, kind, images: Some(images.content()), order }
    }

    /// Refuses a table of the very same images in another order. Nothing can be said of other
    /// images: they may be these in another size, or more of them.
    fn check(&self, table: &Path, samples: &Samples<'_>) -> Result<(), Error> {
        let (Some(images), Some(order), Some(now)) = (&self.images, &self.order, samples.images)
        else {
            return Ok(());
        };
        match *images == now.content() && *order != now.order() {
            true => Err(Error::TableReordered { path: table.to_owned() }),
            false => Ok(()),
        }
    }

    fn cost(&self) -> OneOffCost {
        OneOffCost { samples: self.samples, macs: self.macs, wall_s: self.wall_s }
    }

    /// Where it lies.
    pub(crate) fn path(table: &Path) -> PathBuf {
        PathBuf::from(format!("{}.cost.json", table.display()))
    }

    /// What lies beside a table; nothing is known where nothing does.
    fn read(table: &Path) -> Result<Beside, Error> {
        let path = Self::path(table);
        let what = "the cost of a table";
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Beside::default()),
            Err(source) => return Err(Error::File { what, path, source }),
        };
        let expected = "an object with samples, macs, wall_s, kind, images and order";
        let wrong = |error: serde_json::Error| Error::Content {
            what,
            path,
            found: error.to_string(),
            expected,
        };
        serde_json::from_str(&text).map_err(wrong)
    }

    /// Writes it beside a table.
    pub(crate) fn write(&self, table: &Path) -> Result<(), Error> {
        let path = Self::path(table);
        let text = serde_json::to_string(self).map_err(|error| Error::Content {
            what: "the cost for",
            path: path.clone(),
            found: error.to_string(),
            expected: "values that JSON can hold",
        })?;
        Ok(write_durably(&path, (text + "\n").as_bytes())?)
    }
}
