//! `tamis lookup`: what a benchmark's table says of an architecture.

use std::env;
use std::path::PathBuf;

use tamis::space::Architecture;
use tamis::{Asked, lookup};

use super::arguments::LookupArguments;
use super::output::{print_json, print_text};
use super::table;
use super::{ExitCode, Failure};

/// The table of NAS-Bench-201 that is used when none is named: in the folder of data sets.
pub(super) fn default_table() -> Option<PathBuf> {
    in_data("nas-bench-201/nasbench201.csv")
}

fn in_data(file: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("TAMIS_DATA")?);
    Some(folder.join(file)).filter(|path| path.is_file())
}

/// The table of the benchmark that the architecture is of.
fn table_for(asked: &Asked) -> Option<PathBuf> {
    match asked {
        Asked::Genotype(text) if matches!(text.parse(), Ok(Architecture::NasBench101(_))) => {
            in_data("nas-bench-101/nasbench101_subset.csv")
        }
        _ => default_table(),
    }
}

pub(super) fn run(arguments: &LookupArguments) -> Result<ExitCode, Failure> {
    let asked = asked(arguments);
    let path = arguments.table.clone().or_else(|| table_for(&asked));
    let path = path.ok_or_else(|| {
        let text = "looking an architecture up: found no table; hint: name one with --table, or \
                    the folder that holds nas-bench-201/nasbench201.csv or \
                    nas-bench-101/nasbench101_subset.csv with TAMIS_DATA";
        Failure::Usage(text.to_owned())
    })?;
    let found = lookup(&asked, &path)?;
    if arguments.json {
        print_json(&found)?;
    } else {
        print_text(&table::aligned(&table::looked_up_rows(&found)))?;
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
