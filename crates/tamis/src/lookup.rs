//! Looking an architecture up in a benchmark's table of trained accuracies.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tamis_space::nas_bench_201::{Genotype, Record, Table};

use crate::error::Error;

/// What a table says of an architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// File name of the table.
    pub table: String,
    /// Accuracies in percent, and the rank among all by `cifar10_test_200`.
    #[serde(flatten)]
    pub record: Record,
}

/// Looks a NAS-Bench-201 architecture up; `None` if the table does not hold it.
///
/// # Errors
///
/// [`Error::File`] if the table cannot be read, [`Error::Space`] if table or text are malformed.
pub fn lookup(genotype: &str, path: &Path) -> Result<Option<Lookup>, Error> {
    lookup_in(&load_table(path)?, genotype)
}

/// Looks a NAS-Bench-201 architecture up in a table that was read already.
pub(crate) fn lookup_in(table: &Table, genotype: &str) -> Result<Option<Lookup>, Error> {
    let genotype: Genotype = genotype.parse()?;
    let record = table.find(&genotype);
    Ok(record.map(|record| Lookup { table: table.name().to_owned(), record }))
}

/// Reads a NAS-Bench-201 table.
///
/// # Errors
///
/// [`Error::File`] if it cannot be read, [`Error::Space`] if it is malformed.
pub fn load_table(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        what: "the table",
        path: path.to_owned(),
        source,
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Table::parse(&text, &name)?)
}
