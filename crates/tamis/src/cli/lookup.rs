//! `tamis lookup`: what a benchmark's table says of an architecture.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use tamis::{Asked, lookup};

use super::Failure;
use super::arguments::LookupArguments;
use super::output::{print_json, print_text};
use super::table;

/// The table that is used when none is named: in the folder of data sets.
pub(super) fn default_table() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("TAMIS_DATA")?);
    Some(folder.join("nas-bench-201/nasbench201.csv")).filter(|path| path.is_file())
}

pub(super) fn run(arguments: &LookupArguments) -> Result<ExitCode, Failure> {
    let path = arguments.table.clone().or_else(default_table);
    let path = path.ok_or_else(|| {
        let text = "looking an architecture up: found no table; hint: name one with --table, or \
                    the folder that holds nas-bench-201/nasbench201.csv with TAMIS_DATA";
        Failure::Usage(text.to_owned())
    })?;
    let found = lookup(&asked(arguments), &path)?;
    if arguments.json {
        print_json(&found)?;
    } else {
        print_text(&table::aligned(&table::entry_rows(&found)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A whole number is an index, whether `--index` stands before it or not.
fn asked(arguments: &LookupArguments) -> Asked {
    let text = arguments.genotype.as_deref().unwrap_or_default();
    match arguments.index.or_else(|| text.trim().parse().ok()) {
        Some(index) => Asked::Index(index),
        None => Asked::Genotype(text.to_owned()),
    }
}
