//! What no search gives: three rows that every search has to beat.

use std::collections::{BTreeMap, BTreeSet};

use tamis_record::Outcome;
use tamis_space::nas_bench_201::{Genotype, Operation, Record as Accuracies, Table};

use crate::quantity::Quantity;
use crate::statistics::{Summary, summary};

/// A row of the table that took no search.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsearched {
    /// What it is.
    pub name: &'static str,
    /// Accuracies of single cells by seed; none where the row is not of seeds.
    pub by_seed: BTreeMap<u64, Accuracies>,
    /// Accuracies summed up.
    pub summaries: BTreeMap<Quantity, Summary>,
}

/// The rows for these runs: the argmax of their initial parameters, the mean of all cells of the
/// table, and the cell of 3x3 convolutions.
pub(crate) fn unsearched<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    table: &Table,
) -> Vec<Unsearched> {
    // The initial parameters are a function of the seed alone; runs of other hosts repeat them.
    let starts: BTreeSet<(u64, &str)> =
        outcomes.map(|outcome| (outcome.seed, outcome.initial_genotype.as_str())).collect();
    let by_seed: BTreeMap<u64, Accuracies> = starts
        .iter()
        .filter_map(|(seed, start)| Some((*seed, table.find(&start.parse::<Genotype>().ok()?)?)))
        .collect();
    let starts: Vec<Accuracies> = by_seed.values().copied().collect();
    let all: Vec<Accuracies> = table.iter().map(|(_, record)| *record).collect();
    let plain = table.find(&Genotype([Operation::Conv3x3; 6]));
    let mut rows = vec![
        Unsearched { by_seed, ..row("argmax of the initial alphas", &starts) },
        row("mean of all cells", &all),
        row("six 3x3 convolutions", plain.as_slice()),
    ];
    rows.retain(|row| !row.summaries.is_empty());
    rows
}

/// A row that is not of seeds.
fn row(name: &'static str, records: &[Accuracies]) -> Unsearched {
    Unsearched { name, by_seed: BTreeMap::new(), summaries: summaries(records) }
}

fn summaries(records: &[Accuracies]) -> BTreeMap<Quantity, Summary> {
    let mut summaries = BTreeMap::new();
    for quantity in Quantity::LOOKED_UP {
        let values: Vec<f64> =
            records.iter().filter_map(|record| quantity.of_table(record)).collect();
        summaries.extend(summary(&values).map(|found| (quantity, found)));
    }
    summaries
}
