//! One finished run as the table shows it.

use serde_json::Value;
use tamis_space::nas_bench_201::{Genotype, Record as Accuracies, Table};

use super::record::Record;
use crate::outcome::Outcome;

/// A finished run in a table.
#[derive(Clone, Debug)]
pub struct SeedResult {
    /// Seed.
    pub seed: u64,
    /// The result.
    pub outcome: Outcome,
    /// What a benchmark's table says of the architecture.
    pub accuracies: Option<Accuracies>,
    /// The machine it was made on, and with how many threads.
    pub made: (Value, Option<u64>),
}

impl SeedResult {
    /// Of a finished run. Where a table is given, the architecture is looked up in it; else the
    /// result's own lookup counts.
    pub(super) fn of(record: &Record, table: Option<&Table>) -> SeedResult {
        let outcome = record.outcome.clone();
        let found = |table: &Table| table.find(&outcome.genotype.parse::<Genotype>().ok()?);
        let accuracies = match table {
            Some(table) => found(table),
            None => outcome.lookup.as_ref().map(|lookup| lookup.record),
        };
        let made = (record.section.machine.clone(), record.section.threads);
        SeedResult { seed: outcome.seed, accuracies, outcome, made }
    }
}
