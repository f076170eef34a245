//! Lines without a header: the published score list `index entropy class`, or one value a line.
//!
//! Any white space parts the values; empty lines are passed over. Every line has as many values as
//! the first.

use std::path::Path;

use super::column::GrowingColumn;
use super::{Column, LABEL_NAMES, SAMPLE_NAMES, SCORE_NAMES, Table, TableError, VALUE_NAME};

const PUBLISHED: [&str; 3] = [SAMPLE_NAMES[0], SCORE_NAMES[0], LABEL_NAMES[0]];

/// The columns, and the line of each row.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<(Vec<Column>, Vec<u64>), TableError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
        malformed(path, line, "bytes that are not UTF-8", "text")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut columns: Vec<GrowingColumn> = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |expected: &str| malformed(path, number, line, expected);
        let words: Vec<&str> = line.split_whitespace().collect();
        if columns.is_empty() {
            columns = match words.len() {
                1 if is_parted_otherwise(line) => {
                    return Err(wrong("white space between the values"));
                }
                1 => vec![GrowingColumn::new(VALUE_NAME)],
                3 => PUBLISHED.map(GrowingColumn::new).into(),
                _ => return Err(wrong("`index entropy class`, or one value")),
            };
        }
        if words.len() != columns.len() {
            let values = if columns.len() == 1 { "one value" } else { "`index entropy class`" };
            return Err(wrong(&format!("{values}, as in the lines before")));
        }
        columns.iter_mut().zip(words).for_each(|(column, word)| column.push(word));
        lines.push(number);
    }
    Ok((columns.into_iter().map(GrowingColumn::finish).collect(), lines))
}

fn malformed(path: &Path, line: u64, found: &str, expected: &str) -> TableError {
    TableError::Malformed {
        path: path.to_owned(),
        place: format!("line {line}"),
        found: format!("`{}`", found.chars().take(80).collect::<String>()),
        expected: expected.to_owned(),
    }
}

/// Whether a line without white space is parted by commas or semicolons. One comma may be a decimal
/// comma, of which whoever asks for the number is told.
fn is_parted_otherwise(line: &str) -> bool {
    line.contains(';') || line.matches(',').count() > 1
}

/// The bytes of the file.
pub(super) fn write(table: &Table, path: &Path) -> Result<Vec<u8>, TableError> {
    let columns: Vec<&Column> = match table.columns() {
        [one] => vec![one],
        _ => PUBLISHED.iter().filter_map(|name| table.find(&[name])).collect(),
    };
    if columns.len() != table.columns().len() {
        let found = table.columns().iter().map(|column| format!("`{}`", column.name));
        return Err(TableError::Form {
            path: path.to_owned(),
            found: format!("the columns {}", found.collect::<Vec<_>>().join(", ")),
            expected: "scores or sample ids; embeddings go into .csv, .parquet or .npy",
        });
    }
    let mut text = String::new();
    for row in 0..table.rows() {
        let words: Vec<String> = columns.iter().map(|column| column.values.text(row)).collect();
        text += &words.join(" ");
        text.push('\n');
    }
    Ok(text.into_bytes())
}
