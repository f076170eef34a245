//! Score, embedding and label files: what their columns mean, and what it cost to make them.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tamis_core::{SampleId, nearest};
use tamis_data::Dataset;
use tamis_run::write_durably;
use tamis_search::OneOffCost;
use tamis_select::{Embeddings, ScoreRow, ScoreTable};
use tamis_tables::{
    Column, LABEL_NAMES, SAMPLE_NAMES, SCORE_NAMES, Table, TableError, VALUE_NAME, Values,
};

use crate::choosing::probabilities::{self, ProbabilityScore};
use crate::choosing::samples::Samples;
use crate::error::Error;

/// Reads a score file and its cost from `FILE.cost.json` beside it. An unknown cost is unknown,
/// not nothing.
///
/// The file is CSV or Parquet with the columns `sample_id`, `label` and `score`, the published form
/// `index entropy class` in `.txt`, or bare scores in `.npy`. The labels that it names, by number or
/// where the images are at hand by name, must be those of the samples.
///
/// # Errors
///
/// [`Error::Table`] naming line or column, [`Error::TableReordered`]; [`tamis_record::Error::File`] or
/// [`tamis_record::Error::Content`] for its cost.
pub fn load_scores(path: &Path, samples: &Samples<'_>) -> Result<(ScoreTable, OneOffCost), Error> {
    load_scores_of(path, samples, None)
}

/// As [`load_scores`]; or, if a score of probabilities is asked for, of a file of probabilities: CSV
/// or Parquet with the columns `sample_id`, `label`, `p_0`, `p_1` and so on, or an array of rows in
/// `.npy`.
///
/// # Errors
///
/// As [`load_scores`]; [`Error::Table`] naming the first row that is no distribution.
pub fn load_scores_of(
    path: &Path,
    samples: &Samples<'_>,
    derived: Option<ProbabilityScore>,
) -> Result<(ScoreTable, OneOffCost), Error> {
    let read = Table::read(path)?;
    let table = if derived.is_some() { read } else { read.one_value_a_row() };
    let ids = sample_ids(&table)?;
    let values = match derived {
        Some(derived) => probabilities::scores(&table, derived, &ids, samples)?,
        None => table.finite(score_column(&table)?)?,
    };
    let classes = classes(&table, &ids, samples)?;
    let rows = ids.iter().zip(classes).zip(values);
    let rows = rows.map(|((&id, class), score)| ScoreRow { id: SampleId(id), class, score });
    let scores = ScoreTable::new(rows.collect());
    let mut scores = scores.map_err(|error| placed(&table, &ids, error))?;
    if samples.is_beginning {
        scores = scores.first(samples.classes.len());
    }
    let beside = Beside::read(path)?;
    beside.check(path, samples)?;
    let scores = match derived.map(ProbabilityScore::name).or(beside.kind.as_deref()) {
        Some(kind) => scores.of_kind(kind),
        None => scores,
    };
    Ok((scores, beside.cost()))
}

/// The column of scores. What is missing in a table of probabilities is what to make of them.
fn score_column(table: &Table) -> Result<&Column, TableError> {
    let names: &[&str] = if table.is_bare() { &[VALUE_NAME] } else { &SCORE_NAMES };
    match table.find(names) {
        None if probabilities::is_of_probabilities(table) => {
            let expected = "one score a sample; hint: if these are probabilities of classes, \
                            `tamis select --score entropy`, margin or loss makes scores of them";
            Err(table.malformed("the columns", "several values a sample", expected))
        }
        _ => table.expect_column(names),
    }
}

/// What is wrong with the score of one sample, with the place of its row; other errors as they are.
fn placed(table: &Table, ids: &[u32], error: tamis_select::Error) -> Error {
    use tamis_select::Error as Select;
    let last_row = |sample: u32| ids.iter().rposition(|&id| id == sample).unwrap_or_default();
    let (row, found, expected) = match error {
        Select::ScoreValue { sample, found, .. } => {
            (last_row(sample), format!("the score {found}"), "a finite number of at least 0")
        }
        Select::ScoreTwice { sample } => {
            (last_row(sample), format!("sample {sample} again"), "every sample once")
        }
        other => return other.into(),
    };
    table.wrong_row(row, None, found, expected).into()
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
    let mut axes = vec![table.finite(table.expect_column(&["z_0", VALUE_NAME])?)?];
    while let Some(column) = table.find(&[&format!("z_{}", axes.len())]) {
        axes.push(table.finite(column)?);
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
        let found = labels(table, column, samples.images)?;
        for (row, (&id, found)) in ids.iter().zip(found).enumerate() {
            match samples.labels.get(id as usize) {
                Some(&expected) if found != expected => {
                    return Err(table.other_label(column, row, (id, found, expected)).into());
                }
                _ => {}
            }
        }
    }
    let classes =
        ids.iter().map(|&id| samples.classes.get(id as usize).copied().unwrap_or_default());
    Ok(classes.collect())
}

/// The labels of a column: the numbers that it holds, or those of the classes that it names, where
/// the data that have the classes are at hand.
fn labels(
    table: &Table,
    column: &Column,
    images: Option<&Dataset>,
) -> Result<Vec<u32>, TableError> {
    let (Values::Words(words), Some(images)) = (&column.values, images) else {
        return table.whole(column);
    };
    let classes = images.classes();
    let numbers: Vec<Option<usize>> =
        words.names().iter().map(|name| classes.iter().position(|class| class == name)).collect();
    let labels = words.codes().iter().enumerate().map(|(row, &code)| {
        let class = numbers[code as usize];
        class.map(|class| class as u32).ok_or_else(|| {
            let (found, expected) = unknown_class(&words.names()[code as usize], classes);
            table.wrong_value(column, row, found, &expected)
        })
    });
    labels.collect()
}

/// What is found and what is expected where a name is none of the classes.
fn unknown_class(name: &str, classes: &[String]) -> (String, String) {
    let nearest = nearest(name, classes.iter().map(String::as_str)).unwrap_or_default();
    let expected = format!("a class of the data; hint: the nearest is `{nearest}`");
    (format!("`{name}`"), expected)
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
            Err(error) => return Err(tamis_record::Error::file(what, &path)(error).into()),
        };
        let expected = "an object with samples, macs, wall_s, kind, images and order";
        let unreadable = tamis_record::Error::content(what, &path, expected);
        Ok(serde_json::from_str(&text).map_err(unreadable)?)
    }

    /// Writes it beside a table.
    pub(crate) fn write(&self, table: &Path) -> Result<(), Error> {
        let path = Self::path(table);
        let expected = "values that JSON can hold";
        let unwritable = tamis_record::Error::content("the cost for", &path, expected);
        let text = serde_json::to_string(self).map_err(unwritable)?;
        Ok(write_durably(&path, (text + "\n").as_bytes())?)
    }
}
