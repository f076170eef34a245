//! CSV with a header line (RFC 4180), read and written through the `csv` crate.

use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Terminator, Trim, WriterBuilder};

use super::{Column, Table, TableError};

/// The columns, and the line of each row.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<(Vec<Column>, Vec<u64>), TableError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.byte_headers().map_err(|error| malformed(path, &error))?;
    let names = header.iter().map(String::from_utf8_lossy);
    let mut columns: Vec<Column> = names.map(|name| Column::empty(&name)).collect();
    let mut lines = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| malformed(path, &error))? {
        lines.push(record.position().map_or(0, |position| position.line()));
        for (column, field) in columns.iter_mut().zip(&record) {
            column.push_text(&String::from_utf8_lossy(field));
        }
    }
    Ok((columns, lines))
}

fn malformed(path: &Path, error: &csv::Error) -> TableError {
    let line = error.position().map_or(0, |position| position.line());
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
    let failed = |error: &dyn ToString| TableError::Form {
        path: path.to_owned(),
        found: error.to_string(),
        expected: "columns that CSV can hold",
    };
    let names = table.columns().iter().map(|column| &column.name);
    writer.write_record(names).map_err(|error| failed(&error))?;
    for row in 0..table.rows() {
        let fields = table.columns().iter().map(|column| column.values.text(row));
        writer.write_record(fields).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}
