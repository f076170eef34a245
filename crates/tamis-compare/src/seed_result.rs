//! One finished run as the table shows it.

use serde_json::Value;
use tamis_record::Outcome;
use tamis_space::nas_bench_201::{Genotype, Record as Accuracies, Table};

use crate::record::Record;

/// A finished run in a table.
#[derive(Clone, Debug)]
pub struct SeedResult {
    /// Seed.
    pub seed: u64,
    /// The result.
    pub outcome: Outcome,
    /// What a benchmark's table says of the architecture.
    pub accuracies: Option<Accuracies>,
    /// Share of right answers on the test split of the architecture trained on its own, if it was.
    pub retrained: Option<f64>,
    /// The machine it was made on, and with how many threads.
    pub made: (Value, Option<u64>),
}

impl SeedResult {
    /// Of a finished run. Where a table is given, the architecture is looked up in it; else the
    /// result's own lookup counts.
    pub(crate) fn of(record: &Record, table: Option<&Table>) -> SeedResult {
        let outcome = record.outcome.clone();
        let accuracies = match table {
            Some(table) => {
                outcome.genotype.parse::<Genotype>().ok().and_then(|cell| table.find(&cell))
            }
            None => outcome.lookup.as_ref().map(|lookup| lookup.record),
        };
        let made = (record.section.machine.clone(), record.section.threads);
        SeedResult { seed: outcome.seed, accuracies, retrained: None, outcome, made }
    }
}
