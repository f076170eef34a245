//! Apache Parquet: flat tables of numbers, through the `parquet` crate without arrow.
//!
//! Written are 64-bit whole and real numbers and text, none missing, not compressed (scores and
//! embeddings do not shrink). Read is every kind of number, as `logical` says what values stand for,
//! packed as other programs pack by default: Zstandard, Snappy, gzip, LZ4. A column of text, lists or
//! nested values is passed over; but text of a label is kept, since classes have names.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use half::f16;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::column::GrowingWords;
use super::logical::{Meaning, big_endian, decimal};
use super::{Column, LABEL_NAMES, Table, TableError, Values};

/// Most rows: a small file can claim, and by repetition hold, more than fits into memory.
const LIMIT_ROWS: i64 = 1 << 27;

/// Packings that are read.
const PACKINGS: &str = "Zstandard, Snappy, gzip, LZ4 or nothing; hint: write it again so, in \
                        pandas with to_parquet(FILE, compression=\"zstd\")";

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
    let failed = |error: ParquetError| malformed(path, error.to_string(), "a whole Parquet file");
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(failed)?;
    let file = reader.metadata().file_metadata();
    let rows = file.num_rows();
    if !(0..=LIMIT_ROWS).contains(&rows) {
        return Err(malformed(path, format!("{rows} rows"), &format!("at most {LIMIT_ROWS}")));
    }
    let described = file.schema_descr().columns().to_vec();
    let mut columns: Vec<Column> =
        described.iter().map(|column| empty(&column.path().string())).collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(failed)?;
        let rows = group.metadata().num_rows().max(0) as usize;
        for (number, column) in columns.iter_mut().enumerate() {
            if let Some(packing) = unread_packing(group.metadata().column(number).compression()) {
                return Err(malformed(path, format!("values packed with {packing}"), PACKINGS));
            }
            let found = if described[number].max_rep_level() > 0 {
                no_numbers(rows, "lists")
            } else {
                let reader = group.get_column_reader(number).map_err(failed)?;
                let meaning = Meaning::of(&described[number]);
                let is_label = LABEL_NAMES.contains(&column.name.as_str());
                read_column(reader, meaning, is_label, rows).map_err(failed)?
            };
            append(&mut column.values, found);
        }
    }
    match columns.iter().find(|column| column.values.len() as i64 != rows) {
        Some(column) => {
            let found = format!("{} values in column `{}`", column.values.len(), column.name);
            Err(malformed(path, found, &format!("{rows}, as its metadata says")))
        }
        None => Ok(columns),
    }
}

fn malformed(path: &Path, found: String, expected: &str) -> TableError {
    TableError::Malformed {
        path: path.to_owned(),
        place: "Parquet".to_owned(),
        found,
        expected: expected.to_owned(),
    }
}

fn empty(name: &str) -> Column {
    Column { name: name.to_owned(), values: Values::Whole(Vec::new()) }
}

/// The name of a packing that is not read.
fn unread_packing(packing: Compression) -> Option<&'static str> {
    match packing {
        Compression::BROTLI(_) => Some("Brotli"),
        Compression::LZO => Some("LZO"),
        _ => None,
    }
}

/// The values of one column of a group.
fn read_column(
    reader: ColumnReader,
    meaning: Meaning,
    is_label: bool,
    rows: usize,
) -> Result<Values, ParquetError> {
    let one = |value| Values::Whole(value);
    match (reader, meaning) {
        (ColumnReader::Int32ColumnReader(reader), Meaning::Signed) => {
            read_values(reader, rows, one, |&value| Ok(i64::from(value)))
        }
        (ColumnReader::Int64ColumnReader(reader), Meaning::Signed) => {
            read_values(reader, rows, one, |&value| Ok(value))
        }
        (ColumnReader::Int32ColumnReader(reader), Meaning::Unsigned) => {
            read_values(reader, rows, one, |&value| Ok(i64::from(value as u32)))
        }
        (ColumnReader::Int64ColumnReader(reader), Meaning::Unsigned) => {
            read_values(reader, rows, Values::of_unsigned, |&value| Ok(value as u64))
        }
        (ColumnReader::FloatColumnReader(reader), Meaning::Real) => {
            read_values(reader, rows, Values::Real, |&value| Ok(f64::from(value)))
        }
        (ColumnReader::DoubleColumnReader(reader), Meaning::Real) => {
            read_values(reader, rows, Values::Real, |&value| Ok(value))
        }
        (ColumnReader::FixedLenByteArrayColumnReader(reader), Meaning::Half) => {
            read_values(reader, rows, Values::Real, |value| match value.data() {
                &[low, high] => Ok(f16::from_le_bytes([low, high]).to_f64()),
                other => Err(format!("{} bytes for half precision", other.len())),
            })
        }
        (reader, Meaning::Decimal(scale)) => read_decimals(reader, scale, rows),
        (ColumnReader::ByteArrayColumnReader(reader), Meaning::Text) if is_label => {
            read_values(reader, rows, words, |value| match value.as_utf8() {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err("bytes that are not UTF-8".to_owned()),
            })
        }
        (_, Meaning::NoNumber(name)) => Ok(no_numbers(rows, name)),
        (_, Meaning::Text) => Ok(no_numbers(rows, "text")),
        _ => Ok(no_numbers(rows, "values that do not fit their logical type")),
    }
}

fn read_decimals(reader: ColumnReader, scale: u32, rows: usize) -> Result<Values, ParquetError> {
    let of_bytes = |bytes: &[u8]| {
        let whole = big_endian(bytes).ok_or_else(|| "a decimal beyond 128 bits".to_owned())?;
        Ok(decimal(whole, scale))
    };
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            read_values(reader, rows, Values::Real, |&value| Ok(decimal(value.into(), scale)))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            read_values(reader, rows, Values::Real, |&value| Ok(decimal(value.into(), scale)))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read_values(reader, rows, Values::Real, |value| of_bytes(value.data()))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            read_values(reader, rows, Values::Real, |value| of_bytes(value.data()))
        }
        _ => Ok(no_numbers(rows, "values that do not fit their logical type")),
    }
}

fn no_numbers(rows: usize, name: &str) -> Values {
    Values::Other { rows, row: None, found: name.to_owned() }
}

fn words(values: Vec<String>) -> Values {
    let mut words = GrowingWords::default();
    values.iter().for_each(|word| words.push(word));
    Values::Words(words.finish())
}

/// Reads all rows; a value that is missing, or that `widen` finds something else in, makes the
/// column one of something else.
fn read_values<T: DataType, N>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    wrap: impl FnOnce(Vec<N>) -> Values,
    widen: impl Fn(&T::T) -> Result<N, String>,
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
            return Ok(Values::Other { rows, row: Some(read + missing), found });
        }
        for (row, value) in (read..).zip(&values) {
            match widen(value) {
                Ok(number) => numbers.push(number),
                Err(found) => return Ok(Values::Other { rows, row: Some(row), found }),
            }
        }
        read += records;
    }
    Ok(wrap(numbers))
}

/// Adds the values of a further group; a column that is not all numbers stays so.
fn append(values: &mut Values, found: Values) {
    let before = values.len();
    match (&mut *values, found) {
        (Values::Whole(values), Values::Whole(more)) => values.extend(more),
        (Values::Real(values), Values::Real(more)) => values.extend(more),
        // Unsigned numbers, of which those of one group are beyond whole ones.
        (Values::Real(values), Values::Whole(more)) => {
            values.extend(more.into_iter().map(|value| value as f64));
        }
        (Values::Whole(whole), Values::Real(more)) if !whole.is_empty() => {
            let whole = whole.iter().map(|&value| value as f64);
            *values = Values::Real(whole.chain(more).collect());
        }
        (Values::Words(words), Values::Words(more)) => words.extend(&more),
        (Values::Other { rows, .. }, more) => *rows += more.len(),
        (_, Values::Other { rows, row, found }) => {
            let row = row.map(|row| before + row);
            *values = Values::Other { rows: before + rows, row, found };
        }
        (empty, more) => *empty = more,
    }
}

/// The bytes of the file.
pub(super) fn write(table: &Table, path: &Path) -> Result<Vec<u8>, TableError> {
    to_parquet(table).map_err(|error| {
        let (path, found) = (path.to_owned(), error.to_string());
        TableError::Form { path, found, expected: "columns that Parquet can hold" }
    })
}

fn to_parquet(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns().iter().map(|column| {
        let (kind, logical) = match column.values {
            Values::Real(_) => (Physical::DOUBLE, None),
            Values::Words(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            _ => (Physical::INT64, None),
        };
        let field = Type::primitive_type_builder(&column.name, kind).with_logical_type(logical);
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
            Values::Words(words) => {
                let names: Vec<ByteArray> =
                    words.names().iter().map(|name| ByteArray::from(name.as_str())).collect();
                let values: Vec<ByteArray> =
                    words.codes().iter().map(|&code| names[code as usize].clone()).collect();
                writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
            Values::Other { .. } => return Err(ParquetError::General("no numbers".to_owned())),
        }
        writer.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}
