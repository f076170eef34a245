//! CSV with a header line (RFC 4180), read and written through the `csv` crate.
//!
//! Fields are parted by commas alone. A file that parts them otherwise is told so by name instead
//! of being guessed at: with semicolons usually go decimal commas.

use std::path::Path;

use csv::{ByteRecord, ErrorKind, Position, ReaderBuilder, Terminator, Trim, WriterBuilder};

use super::column::GrowingColumn;
use super::{Column, Table, TableError};

/// What other programs part fields with, and its name.
const OTHER_SEPARATORS: [(u8, &str); 3] =
    [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];

/// The columns, and the line of each row.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<(Vec<Column>, Vec<u64>), TableError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.byte_headers().map_err(|error| malformed(bytes, path, &error))?;
    if let Some(separator) = other_separator(header) {
        return Err(TableError::Malformed {
            path: path.to_owned(),
            place: "line 1".to_owned(),
            found: format!("{separator} between the fields"),
            expected:
                "commas; hint: write it again with commas between the fields and points, not \
                       commas, in the numbers: in pandas to_csv(FILE, sep=\",\", decimal=\".\")"
                    .to_owned(),
        });
    }
    let names = header.iter().map(String::from_utf8_lossy);
    let mut columns: Vec<GrowingColumn> = names.map(|name| GrowingColumn::new(&name)).collect();
    let mut lines = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| malformed(bytes, path, &error))? {
        lines.push(record.position().map_or(0, |position| line_of(bytes, position)));
        for (column, field) in columns.iter_mut().zip(&record) {
            column.push(&String::from_utf8_lossy(field));
        }
    }
    Ok((columns.into_iter().map(GrowingColumn::finish).collect(), lines))
}

/// What the header is parted with, if it is not commas.
fn other_separator(header: &ByteRecord) -> Option<&'static str> {
    let one = header.get(0).filter(|_| header.len() == 1)?;
    OTHER_SEPARATORS.iter().find(|(byte, _)| one.contains(byte)).map(|(_, name)| *name)
}

/// The line that a record stands in: the crate names that where the one before ended, and empty lines
/// may follow.
fn line_of(bytes: &[u8], position: &Position) -> u64 {
    let before = bytes.iter().skip(position.byte() as usize);
    let empty = before.take_while(|&byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
}

fn malformed(bytes: &[u8], path: &Path, error: &csv::Error) -> TableError {
    let line = error.position().map_or(0, |position| line_of(bytes, position));
    let (found, expected) = match error.kind() {
        ErrorKind::UnequalLengths { len, expected_len, .. } => {
            (format!("{len} fields"), format!("{expected_len}, as the header has"))
        }
        _ => (error.to_string(), "comma-separated values".to_owned()),
    };
    TableError::Malformed { path: path.to_owned(), place: format!("line {line}"), found, expected }
}

/// The bytes of the file.
pub(super) fn write(table: &Table, path: &Path) -> Result<Vec<u8>, TableError> {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    let names = table.columns().iter().map(|column| &column.name);
    writer.write_record(names).map_err(|error| unwritable(path, &error))?;
    for row in 0..table.rows() {
        let fields = table.columns().iter().map(|column| column.values.text(row));
        writer.write_record(fields).map_err(|error| unwritable(path, &error))?;
    }
    writer.into_inner().map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &dyn ToString) -> TableError {
    let (path, found) = (path.to_owned(), error.to_string());
    TableError::Form { path, found, expected: "columns that CSV can hold" }
}
