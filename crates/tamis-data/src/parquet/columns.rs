//! Which columns of a Parquet file are images and labels, by their kinds and names.

use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use super::error::ParquetError;

/// Names that columns of images have where several are of their kind; the first that is there counts.
const IMAGES: [&str; 2] = ["image", "img"];

/// Names that columns of labels have where several are of their kind.
const LABELS: [&str; 6] = ["label", "labels", "fine_label", "fine_labels", "class", "target"];

/// A column of single values, by its number among those of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) number: usize,
    pub(super) name: String,
    /// How many levels of it may be missing: 0 if every row has a value.
    pub(super) levels: i16,
    /// Whether its whole numbers have no sign.
    pub(super) is_unsigned: bool,
}

/// The columns that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) image: Column,
    pub(super) label: Column,
}

impl Columns {
    pub(super) fn of(schema: &SchemaDescriptor, path: &Path) -> Result<Columns, ParquetError> {
        let columns = schema.columns();
        let image = chosen(columns, path, Kind::Image)?;
        let label = chosen(columns, path, Kind::Label)?;
        Ok(Columns { image, label })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Image,
    Label,
}

impl Kind {
    fn names(self) -> &'static [&'static str] {
        if self == Kind::Image { &IMAGES } else { &LABELS }
    }

    fn expected(self) -> &'static str {
        match self {
            Kind::Image => {
                "one column of images, called `image` or `img` if there are several: binary, or a struct \
                 with binary `bytes`"
            }
            Kind::Label => {
                "one column of labels, called `label`, `labels` or `fine_label` if there are several: \
                 whole numbers"
            }
        }
    }

    /// The name of a column of this kind.
    fn name(self, column: &ColumnDescPtr) -> Option<&str> {
        if column.max_rep_level() > 0 {
            return None;
        }
        match (self, column.path().parts()) {
            (Kind::Image, [name]) if is_binary(column) => Some(name),
            (Kind::Image, [name, bytes]) if bytes == "bytes" && is_binary(column) => Some(name),
            (Kind::Label, [name]) if is_whole(column) => Some(name),
            _ => None,
        }
    }
}

/// The column of a kind that has the first of its names, or the only one of the kind.
fn chosen(columns: &[ColumnDescPtr], path: &Path, kind: Kind) -> Result<Column, ParquetError> {
    let found: Vec<(usize, &str)> = columns
        .iter()
        .enumerate()
        .filter_map(|(number, column)| Some((number, kind.name(column)?)))
        .collect();
    let named = |wanted: &&str| found.iter().find(|(_, name)| name == wanted);
    let only = if let [only] = &found[..] { Some(only) } else { None };
    let Some(&(number, name)) = kind.names().iter().find_map(named).or(only) else {
        let path = path.to_owned();
        return Err(ParquetError::Column { path, found: all(columns), expected: kind.expected() });
    };
    let (name, levels) = (name.to_owned(), columns[number].max_def_level());
    Ok(Column { number, name, levels, is_unsigned: is_unsigned(&columns[number]) })
}

fn is_binary(column: &ColumnDescPtr) -> bool {
    column.physical_type() == Physical::BYTE_ARRAY
        && column.logical_type_ref().is_none()
        && column.converted_type() == ConvertedType::NONE
}

fn is_whole(column: &ColumnDescPtr) -> bool {
    use ConvertedType as Converted;
    let is_whole = match column.logical_type_ref() {
        Some(logical) => matches!(logical, LogicalType::Integer(_)),
        None => {
            matches!(
                column.converted_type(),
                Converted::NONE
                    | Converted::INT_8
                    | Converted::INT_16
                    | Converted::INT_32
                    | Converted::INT_64
            ) || is_unsigned(column)
        }
    };
    is_whole && [Physical::INT32, Physical::INT64].contains(&column.physical_type())
}

fn is_unsigned(column: &ColumnDescPtr) -> bool {
    use ConvertedType as Converted;
    match column.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(
            column.converted_type(),
            Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64
        ),
    }
}

/// All columns with what they hold.
fn all(columns: &[ColumnDescPtr]) -> String {
    let named = columns.iter().map(|column| {
        let kind = match column {
            column if column.max_rep_level() > 0 => "lists",
            column if is_binary(column) => "binary",
            column if is_whole(column) => "whole numbers",
            column if column.physical_type() == Physical::BYTE_ARRAY => "text",
            _ => "other values",
        };
        format!("`{}` ({kind})", column.path().string())
    });
    let named = Vec::from_iter(named);
    if named.is_empty() {
        "no columns".to_owned()
    } else {
        format!("the columns {}", named.join(", "))
    }
}
