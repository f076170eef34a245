//! Looking an architecture up in a benchmark's table of trained accuracies.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tamis_record::Lookup;
use tamis_space::nas_bench_101::{self, Cell, CellShape};
use tamis_space::nas_bench_201::{MacroShape, Table, count_derived};
use tamis_space::{Architecture, Counts};

use crate::error::Error;

/// The benchmark's network for CIFAR-10.
const CIFAR10: MacroShape = MacroShape::benchmark(10, [3, 32, 32]);

/// Which architecture is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The one of this text.
    Genotype(String),
    /// The one with this index in the table.
    Index(u32),
}

/// An architecture and what a table says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The architecture.
    pub genotype: String,
    /// Its index in the table, where the table has one.
    pub index: Option<u32>,
    /// Trainable parameters of the benchmark's network for CIFAR-10.
    pub params: u64,
    /// Multiply-adds of its forward pass of one image.
    pub macs: u64,
    /// What the table says.
    #[serde(flatten)]
    pub lookup: Lookup,
}

/// A cell of NAS-Bench-101 and what a table says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellEntry {
    /// The cell.
    pub genotype: String,
    /// Its name in the benchmark.
    pub hash: String,
    /// Trainable parameters of the benchmark's network for CIFAR-10.
    pub params: u64,
    /// Multiply-adds of its forward pass of one image.
    pub macs: u64,
    /// File name of the table.
    pub table: String,
    /// Accuracies in percent.
    #[serde(flatten)]
    pub record: nas_bench_101::Record,
}

/// What was looked up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LookedUp {
    /// A cell of NAS-Bench-201.
    NasBench201(Entry),
    /// A cell of NAS-Bench-101.
    NasBench101(CellEntry),
}

/// Looks an architecture up, by its text or, of NAS-Bench-201, its index.
///
/// # Errors
///
/// [`Error::Record`] if the table cannot be read, [`Error::Space`] if table or text are malformed,
/// [`Error::NotInTable`] if the table does not hold it.
pub fn lookup(asked: &Asked, path: &Path) -> Result<LookedUp, Error> {
    if let Asked::Genotype(text) = asked
        && let Ok(Architecture::NasBench101(cell)) = text.parse()
    {
        return lookup_cell(&cell, path).map(LookedUp::NasBench101);
    }
    let table = load_table(path)?;
    let genotype = match asked {
        Asked::Genotype(text) => text.parse()?,
        Asked::Index(index) => table.at(*index).ok_or_else(|| {
            let expected = match table.index_range() {
                Some((least, most)) => format!("one from {least} to {most}"),
                None => "a table with a column `index`".to_owned(),
            };
            not_in_table(path, format!("no index {index}"), expected)
        })?,
    };
    let record = table.find(&genotype).ok_or_else(|| {
        let expected = format!("one of its {} cells", table.len());
        not_in_table(path, format!("no cell {genotype}"), expected)
    })?;
    let Counts { params, macs } = count_derived(&genotype, &CIFAR10)?;
    let lookup = Lookup { table: table.name().to_owned(), record };
    let (index, genotype) = (table.index(&genotype), genotype.to_string());
    Ok(LookedUp::NasBench201(Entry { genotype, index, params, macs, lookup }))
}

fn lookup_cell(cell: &Cell, path: &Path) -> Result<CellEntry, Error> {
    let (text, name) = read_table(path)?;
    let table = nas_bench_101::Table::parse(&text, &name)?;
    let Counts { params, macs } = cell.network(&CellShape::benchmark(10, [3, 32, 32]))?.counts();
    let hash = cell.hash().unwrap_or_default();
    let record = table.find(cell).ok_or_else(|| {
        let expected = format!("one of its {} cells", table.len());
        not_in_table(path, format!("no cell {cell}, {hash} there,"), expected)
    })?;
    let (genotype, table) = (cell.to_string(), table.name().to_owned());
    Ok(CellEntry { genotype, hash, params, macs, table, record })
}

fn not_in_table(path: &Path, found: String, expected: String) -> Error {
    Error::NotInTable { table: path.to_owned(), found, expected }
}

/// Looks an architecture up in a table that was read already; `None` if it is not in it, or of a space
/// that the table knows nothing of.
pub(crate) fn lookup_in(table: &Table, architecture: &Architecture) -> Option<Lookup> {
    let Architecture::NasBench201(genotype) = architecture else { return None };
    let record = table.find(genotype)?;
    Some(Lookup { table: table.name().to_owned(), record })
}

/// Reads a NAS-Bench-201 table.
///
/// # Errors
///
/// [`Error::Record`] if it cannot be read, [`Error::Space`] if it is malformed.
pub fn load_table(path: &Path) -> Result<Table, Error> {
    let (text, name) = read_table(path)?;
    Ok(Table::parse(&text, &name)?)
}

/// The text of a table and its file's name.
fn read_table(path: &Path) -> Result<(String, String), Error> {
    let text =
        std::fs::read_to_string(path).map_err(tamis_record::Error::file("the table", path))?;
    Ok((text, path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
}
