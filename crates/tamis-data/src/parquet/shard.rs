//! One Parquet file of images: its labels, its class names, and its images a few rows at a time.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError as Damage;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use super::columns::{Column, Columns};
use super::error::ParquetError;
use crate::{Error, file};

/// Most rows of a file: a small file can claim, and by repetition hold, more than fits into memory.
const LIMIT_ROWS: i64 = 1 << 27;

/// Values read at a time.
const CHUNK: usize = 1 << 16;

/// Packings that are read.
const PACKINGS: &str = "Zstandard, Snappy, gzip, LZ4 or nothing";

/// The key of the metadata under which Hugging Face `datasets` keeps what it knows of the columns.
const METADATA: &str = "huggingface";

/// An open file whose columns are known.
pub(super) struct Shard {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    pub(super) columns: Columns,
}

impl Shard {
    pub(super) fn open(path: &Path) -> Result<Shard, Error> {
        let file = file::open(path)?;
        let reader = guarded(path, || SerializedFileReader::new(file))?;
        let about = reader.metadata().file_metadata();
        let rows = about.num_rows();
        if !(0..=LIMIT_ROWS).contains(&rows) {
            let expected = format!("at most {LIMIT_ROWS}");
            return Err(damaged(path, format!("{rows} rows"), &expected));
        }
        let columns = Columns::of(about.schema_descr(), path)?;
        let shard = Shard { path: path.to_owned(), reader, columns };
        shard.refuse_packings()?;
        Ok(shard)
    }

    fn refuse_packings(&self) -> Result<(), Error> {
        for group in self.reader.metadata().row_groups() {
            for column in [&self.columns.image, &self.columns.label] {
                let packing = match group.column(column.number).compression() {
                    Compression::BROTLI(_) => "Brotli",
                    Compression::LZO => "LZO",
                    _ => continue,
                };
                let found = format!("values packed with {packing}");
                return Err(damaged(&self.path, found, PACKINGS));
            }
        }
        Ok(())
    }

    /// The names of the classes that the metadata has, in the order of labels.
    pub(super) fn class_names(&self) -> Result<Option<Vec<String>>, ParquetError> {
        let about = self.reader.metadata().file_metadata();
        let entries = about.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
        let text = entries.iter().find(|entry| entry.key == METADATA);
        let Some(text) = text.and_then(|entry| entry.value.as_deref()) else { return Ok(None) };
        let wrong = |found: String, expected: &str| {
            let (path, expected) = (self.path.clone(), expected.to_owned());
            ParquetError::Names { path, found, expected }
        };
        let about: Value = serde_json::from_str(text)
            .map_err(|error| wrong(format!("{error} under `{METADATA}`"), "JSON"))?;
        let feature = &about["info"]["features"][&*self.columns.label.name];
        if feature["_type"] != "ClassLabel" {
            return Ok(None);
        }
        let names = feature["names"].as_array().into_iter().flatten();
        let names: Option<Vec<String>> =
            names.map(|name| name.as_str().map(str::to_owned)).collect();
        let names = names.filter(|names| !names.is_empty());
        let expected = "a list of text";
        names.map(Some).ok_or_else(|| wrong(format!("`{}`", feature["names"]), expected))
    }

    /// Hands the label of every row, in order, to `take`; `None` where it is missing.
    pub(super) fn labels(&self, mut take: impl FnMut(Option<i64>)) -> Result<(), Error> {
        let column = &self.columns.label;
        for group in 0..self.reader.num_row_groups() {
            let (mut reader, rows) = self.column(group, column)?;
            let mut read = 0;
            while read < rows {
                let most = CHUNK.min(rows - read);
                let labels = guarded(&self.path, || whole_numbers(&mut reader, column, most))?;
                self.refuse_end(column, labels.len(), most)?;
                read += labels.len();
                labels.into_iter().for_each(&mut take);
            }
        }
        Ok(())
    }

    /// The images of all rows.
    pub(super) fn images(&self) -> Images<'_> {
        Images { shard: self, group: 0, reader: None }
    }

    /// The reader of a column of a group of rows, and the number of these.
    fn column(&self, group: usize, column: &Column) -> Result<(ColumnReader, usize), Error> {
        guarded(&self.path, || {
            let group = self.reader.get_row_group(group)?;
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            Ok((group.get_column_reader(column.number)?, rows))
        })
    }

    /// Refuses a column that ends before its rows do.
    fn refuse_end(&self, column: &Column, found: usize, expected: usize) -> Result<(), Error> {
        if found == expected {
            return Ok(());
        }
        let found = format!("{found} values of column `{}`", column.name);
        let expected = format!("{expected} in these rows, as its metadata says");
        Err(damaged(&self.path, found, &expected))
    }
}

/// The images of a file on their way.
pub(super) struct Images<'a> {
    shard: &'a Shard,
    /// The group of rows that comes next.
    group: usize,
    /// The group at hand, and its rows that are left.
    reader: Option<(ColumnReader, usize)>,
}

impl Images<'_> {
    /// The next rows, no more than `most`; `None` after the last. An image that is missing is `None`.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Vec<Option<ByteArray>>>, Error> {
        let (shard, column) = (self.shard, &self.shard.columns.image);
        while self.reader.as_ref().is_none_or(|(_, left)| *left == 0) {
            if self.group == shard.reader.num_row_groups() {
                return Ok(None);
            }
            self.reader = Some(shard.column(self.group, column)?);
            self.group += 1;
        }
        let Some((reader, left)) = &mut self.reader else { return Ok(None) };
        let most = most.min(*left);
        let images = guarded(&shard.path, || match reader {
            ColumnReader::ByteArrayColumnReader(reader) => {
                values::<ByteArrayType>(reader, column.levels, most)
            }
            _ => Ok(Vec::new()),
        })?;
        shard.refuse_end(column, images.len(), most)?;
        *left -= most;
        Ok(Some(images))
    }
}

fn whole_numbers(
    reader: &mut ColumnReader,
    column: &Column,
    most: usize,
) -> Result<Vec<Option<i64>>, Damage> {
    let (levels, is_unsigned) = (column.levels, column.is_unsigned);
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            let widen = |value: i32| {
                if is_unsigned { i64::from(value as u32) } else { i64::from(value) }
            };
            let values = values(reader, levels, most)?;
            Ok(values.into_iter().map(|value| value.map(widen)).collect())
        }
        ColumnReader::Int64ColumnReader(reader) => values(reader, levels, most),
        _ => Ok(Vec::new()),
    }
}

/// So many values; fewer where the column ends. A value that is missing on any of its levels is `None`.
fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    levels: i16,
    most: usize,
) -> Result<Vec<Option<T::T>>, Damage> {
    let mut read = Vec::with_capacity(most);
    while read.len() < most {
        let (mut found, mut values) = (Vec::new(), Vec::new());
        let wanted = most - read.len();
        let (rows, ..) = reader.read_records(wanted, Some(&mut found), None, &mut values)?;
        if rows == 0 {
            break;
        }
        let mut values = values.into_iter();
        match levels {
            0 => read.extend(values.map(Some)),
            _ => read.extend(
                found.iter().map(|&level| if level == levels { values.next() } else { None }),
            ),
        }
    }
    Ok(read)
}

/// What the decoder says of a file; it panics on some damaged ones, which is an error here.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, Damage>) -> Result<T, Error> {
    let found = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(damage)) => damage.to_string(),
        Err(_) => "damage that its decoder gave up at".to_owned(),
    };
    Err(damaged(path, found, "a whole Parquet file"))
}

fn damaged(path: &Path, found: String, expected: &str) -> Error {
    let (path, expected) = (path.to_owned(), expected.to_owned());
    ParquetError::Damaged { path, found, expected }.into()
}
