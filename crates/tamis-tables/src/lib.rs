//! Tables in files: scores, embeddings, labels and chosen samples, a row a sample.
//!
//! Four forms, told by the ending of the name: CSV with a header, Parquet, NPY (bare values, the
//! row is the sample), and text (the published form `index entropy class`, or one value a line).
//! What is read may be packed with gzip. A table holds numbers, whole or real, and names of classes;
//! a column of anything else is passed over until somebody asks for it.
//!
//! What the columns mean to a search is not said here; this crate knows only their names.

#![deny(missing_docs)]

mod column;
mod csv;
mod error;
mod logical;
mod npy;
mod parquet;
mod text;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use tamis_data::{Limits, read_file};
use tamis_run::{make_folder_of, write_durably};

pub use column::{Column, Values, Words};
pub use error::TableError;

/// Most bytes that a table may unpack to: 64 for each of 2^25 samples.
const LIMIT_BYTES: u64 = 1 << 31;

/// Names of the column that says which sample a row is of.
pub const SAMPLE_NAMES: [&str; 2] = ["sample_id", "index"];
/// Names of the column with the samples' classes.
pub const LABEL_NAMES: [&str; 2] = ["label", "class"];
/// Names of the column with the samples' scores.
pub const SCORE_NAMES: [&str; 2] = ["score", "entropy"];
/// Name of the one column of a file that names none.
pub const VALUE_NAME: &str = "value";

/// Form of a table's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// NumPy's array file: values alone.
    Npy,
    /// White space between the values of a line, no header.
    Text,
}

impl TableFormat {
    /// The form that a name's ending stands for; a last `.gz` is passed over.
    ///
    /// # Errors
    ///
    /// [`TableError::Ending`].
    pub fn of(path: &Path) -> Result<TableFormat, TableError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ending = name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.');
        match ending.map_or("", |(_, ending)| ending) {
            "csv" => Ok(TableFormat::Csv),
            "parquet" => Ok(TableFormat::Parquet),
            "npy" => Ok(TableFormat::Npy),
            "txt" => Ok(TableFormat::Text),
            _ => Err(TableError::Ending { path: path.to_owned() }),
        }
    }

    /// The form of a file that is to be written, for whoever makes the table only after.
    ///
    /// # Errors
    ///
    /// As [`TableFormat::of`]; [`TableError::Form`] for a name that ends with `.gz`.
    pub fn for_writing(path: &Path) -> Result<TableFormat, TableError> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz")) {
            return Err(TableError::Form {
                path: path.to_owned(),
                found: "the ending .gz".to_owned(),
                expected: "a name without it: tables are read packed, and written unpacked",
            });
        }
        TableFormat::of(path)
    }
}

/// Columns of numbers, all of one length.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it was read from; empty for one that was made here.
    path: PathBuf,
    format: TableFormat,
    rows: usize,
    columns: Vec<Column>,
    /// The line of each row, for files of lines.
    lines: Vec<u64>,
}

impl Table {
    /// A table of these columns, which are of one length.
    pub fn new(columns: Vec<Column>) -> Table {
        let rows = columns.first().map_or(0, |column| column.values.len());
        let (path, lines) = (PathBuf::new(), Vec::new());
        Table { path, format: TableFormat::Csv, rows, columns, lines }
    }

    /// Reads a file in the form that its name ends with.
    ///
    /// # Errors
    ///
    /// [`TableError`] saying what is wrong, and in which line or column.
    pub fn read(path: &Path) -> Result<Table, TableError> {
        let limits = Limits { file_bytes: LIMIT_BYTES, ..Limits::default() };
        let bytes = read_file(path, &limits)?;
        Self::from_bytes(bytes, path, TableFormat::of(path)?)
    }

    fn from_bytes(bytes: Vec<u8>, path: &Path, format: TableFormat) -> Result<Table, TableError> {
        let (columns, lines) = match format {
            TableFormat::Csv => csv::read(&bytes, path)?,
            TableFormat::Text => text::read(&bytes, path)?,
            TableFormat::Parquet => (parquet::read(bytes, path)?, Vec::new()),
            TableFormat::Npy => (npy::read(&bytes, path)?, Vec::new()),
        };
        let table = Table { path: path.to_owned(), format, lines, ..Table::new(columns) };
        match table.rows {
            0 => Err(table.malformed("the table", "no rows", "at least one")),
            _ => Ok(table),
        }
    }

    /// The bytes of a file of this form. An error names where they are to go.
    ///
    /// # Errors
    ///
    /// [`TableError::Form`] if the form has no place for these columns.
    pub fn to_bytes(&self, format: TableFormat, destination: &Path) -> Result<Vec<u8>, TableError> {
        match format {
            TableFormat::Csv => csv::write(self, destination),
            TableFormat::Text => text::write(self, destination),
            TableFormat::Parquet => parquet::write(self, destination),
            TableFormat::Npy => npy::write(self, destination),
        }
    }

    /// Writes the file durably, in the form that its name ends with, and makes its folder if there is
    /// none.
    ///
    /// # Errors
    ///
    /// As [`TableFormat::for_writing`] and [`Table::to_bytes`], or a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TableError> {
        let bytes = self.to_bytes(TableFormat::for_writing(path)?, path)?;
        make_folder_of(path)?;
        Ok(write_durably(path, &bytes)?)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether the file names no columns and no samples, so that row i is sample i.
    pub fn is_bare(&self) -> bool {
        self.format == TableFormat::Npy
            || (self.format == TableFormat::Text && self.columns.len() == 1)
    }

    /// The column of one of these names, if there is one.
    pub fn find(&self, names: &[&str]) -> Option<&Column> {
        names.iter().find_map(|name| self.columns.iter().find(|column| column.name == *name))
    }

    /// The column of one of these names.
    ///
    /// # Errors
    ///
    /// [`TableError::Column`] naming those there are.
    pub fn expect_column(&self, names: &[&str]) -> Result<&Column, TableError> {
        self.find(names).ok_or_else(|| TableError::Column {
            path: self.path.clone(),
            found: self.columns.iter().map(|column| format!("`{}`", column.name)).collect(),
            expected: names.first().copied().unwrap_or_default().to_owned(),
        })
    }

    /// The values of a column as whole numbers, such as sample ids and classes.
    ///
    /// # Errors
    ///
    /// [`TableError::Malformed`] naming the row that holds something else.
    pub fn whole(&self, column: &Column) -> Result<Vec<u32>, TableError> {
        let expected = "a whole number from 0 to 4294967295";
        let wrong = |row: usize, found: String| self.wrong_value(column, row, found, expected);
        match &column.values {
            Values::Whole(values) => {
                let numbers = values.iter().enumerate().map(|(row, &value)| {
                    u32::try_from(value).map_err(|_| wrong(row, value.to_string()))
                });
                numbers.collect()
            }
            Values::Real(values) => {
                let numbers = values.iter().enumerate().map(|(row, &value)| match value as u32 {
                    whole if f64::from(whole) == value => Ok(whole),
                    _ => Err(wrong(row, value.to_string())),
                });
                numbers.collect()
            }
            Values::Words(words) => Err(self.no_number(column, words, expected)),
            Values::Other { row, found, .. } => {
                Err(self.wrong_column(column, *row, found.clone(), expected))
            }
        }
    }

    /// The values of a column as real numbers.
    ///
    /// # Errors
    ///
    /// [`TableError::Malformed`] naming the row that holds something else.
    pub fn real(&self, column: &Column) -> Result<Vec<f64>, TableError> {
        match &column.values {
            Values::Whole(values) => Ok(values.iter().map(|&value| value as f64).collect()),
            Values::Real(values) => Ok(values.clone()),
            Values::Words(words) => Err(self.no_number(column, words, "a number")),
            Values::Other { row, found, .. } => {
                let expected = match has_decimal_comma(found) {
                    true => "a number with a point, not a comma, before its decimals",
                    false => "a number",
                };
                Err(self.wrong_column(column, *row, found.clone(), expected))
            }
        }
    }

    /// The values of a column as real numbers, none of them NaN or infinite.
    ///
    /// # Errors
    ///
    /// As [`Table::real`], naming the row.
    pub fn finite(&self, column: &Column) -> Result<Vec<f64>, TableError> {
        let values = self.real(column)?;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(row) => {
                let found = values[row].to_string();
                Err(self.wrong_value(column, row, found, "a finite number"))
            }
        }
    }

    /// A bare array of one column, `(n, 1)`, or of one row, `(1, n)`, as the `n` values that it is for
    /// whoever expects one a sample. Any other table stays as it is.
    pub fn one_value_a_row(self) -> Table {
        if self.format != TableFormat::Npy {
            return self;
        }
        let values = match &self.columns[..] {
            [one] => Some(one.values.clone()),
            several if self.rows == 1 => column::turned(several, 0),
            _ => None,
        };
        let Some(values) = values else { return self };
        let columns = vec![Column { name: VALUE_NAME.to_owned(), values }];
        Table { rows: columns[0].values.len(), columns, ..self }
    }

    /// The error for a row whose label is not that of its sample: the sample, the label that was
    /// found, and the one expected.
    pub fn other_label(
        &self,
        column: &Column,
        row: usize,
        (sample, found, expected): (u32, u32, u32),
    ) -> TableError {
        let found = format!("{found} for sample {sample}");
        let expected = format!(
            "{expected}, the label that it has; hint: the table may be of other data or of another \
             order"
        );
        self.wrong_value(column, row, found, &expected)
    }

    /// The error for the first word of a column of labels that is no number.
    fn no_number(&self, column: &Column, words: &Words, expected: &str) -> TableError {
        let row = words
            .codes()
            .iter()
            .position(|&code| words.names()[code as usize].parse::<f64>().is_err())
            .unwrap_or_default();
        let found = format!("`{}`", column.values.text(row));
        let expected = format!(
            "{expected}; hint: names of classes are read where the data that have them are named, \
             with --data"
        );
        self.wrong_value(column, row, found, &expected)
    }

    /// The error for a column that holds something else, from a row on or as a whole.
    fn wrong_column(
        &self,
        column: &Column,
        row: Option<usize>,
        found: String,
        expected: &str,
    ) -> TableError {
        match row {
            Some(row) => self.wrong_value(column, row, found, expected),
            None => self.malformed(format!("column `{}`", column.name), found, expected),
        }
    }

    /// The error for the value of a row.
    pub fn wrong_value(
        &self,
        column: &Column,
        row: usize,
        found: String,
        expected: &str,
    ) -> TableError {
        self.wrong_row(row, Some(&column.name), found, expected)
    }

    /// The error for a row, or for its value in one column.
    pub fn wrong_row(
        &self,
        row: usize,
        column: Option<&str>,
        found: String,
        expected: &str,
    ) -> TableError {
        let place = match self.lines.get(row) {
            Some(line) => format!("line {line}"),
            None => format!("row {row}"),
        };
        let column = column.map(|name| format!(", column `{name}`")).unwrap_or_default();
        self.malformed(place + &column, found, expected)
    }

    /// The error for a part of the file.
    pub fn malformed(
        &self,
        place: impl ToString,
        found: impl ToString,
        expected: impl ToString,
    ) -> TableError {
        TableError::Malformed {
            path: self.path.clone(),
            place: place.to_string(),
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}

/// Whether what was found, in its quotes, is a number but for a comma before its decimals.
fn has_decimal_comma(found: &str) -> bool {
    let text = found.trim_matches('`');
    text.matches(',').count() == 1 && text.replace(',', ".").parse::<f64>().is_ok()
}
