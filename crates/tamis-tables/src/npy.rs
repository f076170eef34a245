//! NumPy's array file, versions 1 to 3: one array of one or two dimensions, little-endian numbers.
//!
//! Only values are kept: row i is sample i, the columns of two dimensions are `z_0`, `z_1`, and so
//! on. Writing leaves `sample_id` and `label` out where there is something else, and refuses
//! samples that are not 0, 1, 2, … in order, because the file could not say so.

use std::path::Path;

use half::f16;

use super::{Column, LABEL_NAMES, SAMPLE_NAMES, Table, TableError, VALUE_NAME, Values};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Where the values begin is a multiple of this.
const ALIGNMENT: usize = 64;

/// Most columns: a small file, unpacked from a smaller one, can claim more than fit into memory.
const LIMIT_COLUMNS: usize = 1 << 16;

/// What the header says.
struct Header<'a> {
    kind: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
    /// Where the values begin.
    start: usize,
}

/// What a header that fits its file stands for.
struct Array<'a> {
    kind: &'static Kind,
    fortran_order: bool,
    rows: usize,
    columns: usize,
    /// Whether there is one dimension only.
    flat: bool,
    /// The values, of which there are as many bytes as there should be.
    data: &'a [u8],
}

/// The columns.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Vec<Column>, TableError> {
    let array = check(bytes).map_err(|(place, found, expected)| {
        let (path, place) = (path.to_owned(), place.to_owned());
        TableError::Malformed { path, place, found, expected }
    })?;
    Ok((0..array.columns).map(|column| array.column(column)).collect())
}

/// Where something is wrong, what was found there, and what was expected.
type Mismatch = (&'static str, String, String);

/// The array, once its header fits the bytes behind it: before that nothing is built of it.
fn check(bytes: &[u8]) -> Result<Array<'_>, Mismatch> {
    let header = header(bytes).ok_or_else(|| {
        let found = format!("the first bytes {:02x?}", &bytes[..bytes.len().min(8)]);
        ("header", found, "the header of a NumPy array file".to_owned())
    })?;
    let (rows, columns) = match header.shape[..] {
        [rows] if rows > 0 => (rows, 1),
        [rows, columns] if rows > 0 && (1..=LIMIT_COLUMNS).contains(&columns) => (rows, columns),
        _ => {
            let found = format!("the shape {:?}", header.shape);
            let expected =
                format!("one or two dimensions, at least one row, 1 to {LIMIT_COLUMNS} columns");
            return Err(("header", found, expected));
        }
    };
    let kind = KINDS.iter().find(|kind| kind.name == header.kind).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let found = format!("the type `{}`", header.kind);
        ("header", found, format!("one of {}", names.join(", ")))
    })?;
    let data = &bytes[header.start..];
    let expected = rows.checked_mul(columns).and_then(|count| count.checked_mul(kind.bytes));
    if expected != Some(data.len()) {
        let expected = format!("{rows} x {columns} of {} bytes each", kind.bytes);
        return Err(("values", format!("{} bytes", data.len()), expected));
    }
    let (fortran_order, flat) = (header.fortran_order, header.shape.len() == 1);
    Ok(Array { kind, fortran_order, rows, columns, flat, data })
}

impl Array<'_> {
    fn column(&self, column: usize) -> Column {
        let mut values = (0..self.rows).map(|row| {
            let at = self.place(row, column) * self.kind.bytes;
            &self.data[at..at + self.kind.bytes]
        });
        let name = if self.flat { VALUE_NAME.to_owned() } else { format!("z_{column}") };
        Column { name, values: (self.kind.read)(&mut values) }
    }

    fn place(&self, row: usize, column: usize) -> usize {
        match self.fortran_order {
            true => column * self.rows + row,
            false => row * self.columns + column,
        }
    }
}

/// A number type: its name, its length, and how a column of it is read.
struct Kind {
    name: &'static str,
    bytes: usize,
    read: fn(&mut dyn Iterator<Item = &[u8]>) -> Values,
}

macro_rules! kind {
    ($name:literal, $type:ty, $values:ident as $wide:ty) => {
        Kind {
            name: $name,
            bytes: size_of::<$type>(),
            read: |values| {
                let numbers = values.map(|bytes| {
                    let mut exact = [0; size_of::<$type>()];
                    exact.copy_from_slice(bytes);
                    <$type>::from_le_bytes(exact) as $wide
                });
                Values::$values(numbers.collect())
            },
        }
    };
}

static KINDS: [Kind; 11] = [
    kind!("<f8", f64, Real as f64),
    kind!("<f4", f32, Real as f64),
    Kind {
        name: "<f2",
        bytes: size_of::<f16>(),
        read: |values| {
            let numbers = values.map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f64());
            Values::Real(numbers.collect())
        },
    },
    kind!("<i8", i64, Whole as i64),
    kind!("<i4", i32, Whole as i64),
    kind!("<i2", i16, Whole as i64),
    kind!("|i1", i8, Whole as i64),
    kind!("<u4", u32, Whole as i64),
    kind!("<u2", u16, Whole as i64),
    kind!("|u1", u8, Whole as i64),
    Kind {
        name: "<u8",
        bytes: size_of::<u64>(),
        read: |values| {
            let numbers = values.map(|bytes| {
                let mut exact = [0; size_of::<u64>()];
                exact.copy_from_slice(bytes);
                u64::from_le_bytes(exact)
            });
            Values::of_unsigned(numbers.collect())
        },
    },
];

fn header(bytes: &[u8]) -> Option<Header<'_>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, before) = match version[0] {
        1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), 10),
        2 | 3 => (u32::from_le_bytes(*rest.first_chunk()?) as usize, 12),
        _ => return None,
    };
    let start = length.checked_add(before)?;
    let text = std::str::from_utf8(bytes.get(before..start)?).ok()?;
    let kind = value_of(text, "descr")?.strip_prefix('\'')?.split_once('\'')?.0;
    let fortran_order = value_of(text, "fortran_order")?.starts_with("True");
    let shape = value_of(text, "shape")?.strip_prefix('(')?.split_once(')')?.0;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.parse().ok()).collect::<Option<_>>()?;
    Some(Header { kind, fortran_order, shape, start })
}

/// What stands after a key of the header's dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}':"))?;
    Some(after.trim_start())
}

/// The bytes of the file.
pub(super) fn write(table: &Table, path: &Path) -> Result<Vec<u8>, TableError> {
    let columns = bare_columns(table, path)?;
    let whole = columns.iter().all(|column| matches!(column.values, Values::Whole(_)));
    let kind = if whole { "<i8" } else { "<f8" };
    let rows = table.rows();
    let shape = match columns.len() {
        1 => format!("({rows},)"),
        count => format!("({rows}, {count})"),
    };
    let mut bytes = header_bytes(kind, &shape);
    let reals: Vec<Vec<f64>> =
        columns.iter().map(|column| table.real(column)).collect::<Result<_, _>>()?;
    for row in 0..rows {
        for (column, reals) in columns.iter().zip(&reals) {
            match &column.values {
                Values::Whole(values) if whole => bytes.extend(values[row].to_le_bytes()),
                _ => bytes.extend(reals[row].to_le_bytes()),
            }
        }
    }
    Ok(bytes)
}

/// Whether the column is 0, 1, 2 and so on.
fn counts_rows(table: &Table, column: &Column) -> bool {
    table.whole(column).is_ok_and(|ids| (0..).zip(ids).all(|(row, id): (u32, u32)| row == id))
}

/// The columns that are written: all but those that say which sample a row is of, if there are
/// others.
fn bare_columns<'a>(table: &'a Table, path: &Path) -> Result<Vec<&'a Column>, TableError> {
    let keys = [SAMPLE_NAMES, LABEL_NAMES].concat();
    let values: Vec<&Column> =
        table.columns().iter().filter(|column| !keys.contains(&column.name.as_str())).collect();
    if values.is_empty() {
        return Ok(table.columns().iter().take(1).collect());
    }
    match table.find(&SAMPLE_NAMES) {
        Some(column) if !counts_rows(table, column) => Err(TableError::Form {
            path: path.to_owned(),
            found: "samples that are not 0, 1, 2 and so on".to_owned(),
            expected: "a form that names the samples: .csv or .parquet",
        }),
        _ => Ok(values),
    }
}

fn header_bytes(kind: &str, shape: &str) -> Vec<u8> {
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = length - 1).as_bytes());
    bytes
}
