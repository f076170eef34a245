//! Apache Parquet: flat tables of numbers, through the `parquet` crate without arrow.
//!
//! Written are 64-bit whole and real numbers, none missing, not compressed (scores and embeddings
//! do not shrink). Read are also 32-bit numbers and files packed with Snappy, which most programs
//! write by default. A column of text, lists or nested values is passed over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::{Column, Table, TableError, Values};

/// Most rows: a small file can claim, and by repetition hold, more than fits into memory.
const LIMIT_ROWS: i64 = 1 << 27;

/// Values read at a time.
const CHUNK: usize = 1 << 16;

/// The columns. The crate panics on some damaged files, which are errors here.
pub(super) fn read(bytes: Vec<u8>, path: &Path) -> Result<Vec<Column>, TableError> {
    catch_unwind(AssertUnwindSafe(|| decode(bytes, path))).unwrap_or_else(|_| {
        Err(TableError::Malformed {
            path: path.to_owned(),
            place: "Parquet".to_owned(),
            found: "damage that its decoder gave up at".to_owned(),
            expected: "a whole Parquet file".to_owned(),
        })
    })
}

fn decode(bytes: Vec<u8>, path: &Path) -> Result<Vec<Column>, TableError> {
    let malformed = |found: String, expected: &str| TableError::Malformed {
        path: path.to_owned(),
        place: "Parquet".to_owned(),
        found,
        expected: expected.to_owned(),
    };
    let failed = |error: ParquetError| malformed(error.to_string(), "a whole Parquet file");
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(failed)?;
    let file = reader.metadata().file_metadata();
    let rows = file.num_rows();
    if !(0..=LIMIT_ROWS).contains(&rows) {
        return Err(malformed(format!("{rows} rows"), &format!("at most {LIMIT_ROWS}")));
    }
    let described = file.schema_descr().columns().to_vec();
    let mut columns: Vec<Column> =
        described.iter().map(|column| Column::empty(&column.path().string())).collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(failed)?;
        for (number, column) in columns.iter_mut().enumerate() {
            let flat = described[number].max_rep_level() == 0;
            let reader = group.get_column_reader(number).map_err(failed)?;
            let expected = group.metadata().num_rows().max(0) as usize;
            let found = if flat { read_column(reader, expected).map_err(failed)? } else { None };
            append(&mut column.values, found, expected);
        }
    }
    match columns.iter().find(|column| column.values.len() as i64 != rows) {
        Some(column) => {
            let found = format!("{} values in column `{}`", column.values.len(), column.name);
            Err(malformed(found, &format!("{rows}, as its metadata says")))
        }
        None => Ok(columns),
    }
}

/// The values of one column of a group; `None` if they are not numbers.
fn read_column(reader: ColumnReader, rows: usize) -> Result<Option<Values>, ParquetError> {
    Ok(Some(match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            read_numbers(reader, rows, Values::Whole, |value| i64::from(*value))?
        }
        ColumnReader::Int64ColumnReader(reader) => {
            read_numbers(reader, rows, Values::Whole, |value| *value)?
        }
        ColumnReader::FloatColumnReader(reader) => {
            read_numbers(reader, rows, Values::Real, |value| f64::from(*value))?
        }
        ColumnReader::DoubleColumnReader(reader) => {
            read_numbers(reader, rows, Values::Real, |value| *value)?
        }
        _ => return Ok(None),
    }))
}

fn read_numbers<T: DataType, N>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    wrap: impl FnOnce(Vec<N>) -> Values,
    widen: impl Fn(&T::T) -> N,
) -> Result<Values, ParquetError> {
    let mut numbers = Vec::new();
    let mut read = 0;
    while read < rows {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let most = CHUNK.min(rows - read);
        let (records, present, _) =
            reader.read_records(most, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        if present < records {
            let missing = levels.iter().position(|&level| level == 0).unwrap_or(present);
            let found = "a missing value".to_owned();
            return Ok(Values::Other { rows, row: read + missing, found });
        }
        numbers.extend(values.iter().map(&widen));
        read += records;
    }
    Ok(wrap(numbers))
}

/// Adds the values of a further group; a column that is not all numbers stays so.
fn append(values: &mut Values, found: Option<Values>, expected: usize) {
    let before = values.len();
    let found = found.unwrap_or(Values::Other {
        rows: expected,
        row: 0,
        found: "something that is no number".to_owned(),
    });
    match (&mut *values, found) {
        (Values::Whole(values), Values::Whole(more)) => values.extend(more),
        (Values::Real(values), Values::Real(more)) => values.extend(more),
        (Values::Other { rows, .. }, more) => *rows += more.len(),
        (_, Values::Other { rows, row, found }) => {
            *values = Values::Other { rows: before + rows, row: before + row, found };
        }
        (empty, more) => *empty = more,
    }
}

/// The bytes of the file.
pub(super) fn write(table: &Table, path: &Path) -> Result<Vec<u8>, TableError> {
    let failed = |error: ParquetError| TableError::Form {
        path: path.to_owned(),
        found: error.to_string(),
        expected: "columns that Parquet can hold",
    };
    to_parquet(table).map_err(failed)
}

fn to_parquet(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns().iter().map(|column| {
        let kind = match column.values {
            Values::Real(_) => Physical::DOUBLE,
            _ => Physical::INT64,
        };
        let field = Type::primitive_type_builder(&column.name, kind);
        Ok(Arc::new(field.with_repetition(Repetition::REQUIRED).build()?))
    });
    let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
    let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_created_by("tamis".to_owned()).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in table.columns() {
        let Some(mut writer) = group.next_column()? else { break };
        match &column.values {
            Values::Whole(values) => {
                writer.typed::<Int64Type>().write_batch(values, None, None)?;
            }
            Values::Real(values) => {
                writer.typed::<DoubleType>().write_batch(values, None, None)?;
            }
            Values::Other { .. } => return Err(ParquetError::General("no numbers".to_owned())),
        }
        writer.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}
