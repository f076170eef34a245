//! The benchmark's accuracies: a table of cells that somebody trained from scratch.
//!
//! Parses the CSV text of a table and looks cells up in it. Columns are found by their names, the
//! ones it does not need are ignored, and a table may hold any part of the space. Reading the file
//! is the caller's work, and so is what to do with a cell that is not in the table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Genotype;
use crate::Error;
use crate::csv::{Place, find_columns, lines};

/// What a table says of one cell: accuracies in percent, `None` where the table's cell is empty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// CIFAR-10, 12 epochs on half of the training images, measured on the other half.
    pub cifar10_valid_12: Option<f64>,
    /// CIFAR-10, 200 epochs on all training images, test images, mean over the trials.
    pub cifar10_test_200: Option<f64>,
    /// CIFAR-100, 200 epochs, test images, mean over the trials.
    pub cifar100_test_200: Option<f64>,
    /// ImageNet16-120, 200 epochs, test images, mean over the trials.
    pub imagenet16_test_200: Option<f64>,
    /// Place of the cell by `cifar10_test_200` among all that have one: 1 is the best, equal
    /// accuracies share the best place.
    pub rank: Option<u32>,
}

/// A benchmark table.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    records: BTreeMap<Genotype, Record>,
    /// Cells by their index, and the other way round; empty if the table has no such column.
    by_index: BTreeMap<u32, Genotype>,
    indices: BTreeMap<Genotype, u32>,
}

/// The columns a look-up needs, in the order of [`Columns`].
const COLUMNS: [&str; 5] =
    ["arch", "c10_valid_12", "c10_test_200", "c100_test_200", "in16_test_200"];

/// The column that numbers the cells, if there is one.
const INDEX: &str = "index";

/// What an accuracy may be.
const PERCENT: (f64, &str) = (100.0, "a percentage from 0 to 100, or nothing");

impl Table {
    /// Parses CSV text with the columns `arch` (the architecture string), `c10_valid_12`,
    /// `c10_test_200`, `c100_test_200` and `in16_test_200` (percent, may be empty), in any order
    /// and among others, perhaps with `index`, by which [`Table::at`] finds cells. Cells may be
    /// quoted; a quoted cell ends in its own line. `name` is for messages.
    ///
    /// # Errors
    ///
    /// What is wrong and in which line: a missing column, a line of another width, an open quote,
    /// an unreadable or repeated architecture or index, an accuracy that is no number of 0 to 100.
    pub fn parse(text: &str, name: &str) -> Result<Table, Error> {
        let (header, lines) = lines(text, name)?;
        let columns = find_columns(&header, COLUMNS, name)?;
        let index_column = header.iter().position(|name| name.trim() == INDEX);
        let (mut records, mut by_index) = (BTreeMap::new(), BTreeMap::new());
        for (place, text) in lines {
            let cells = place.cells(text, header.len())?;
            let (genotype, record) = place.record(&cells, columns)?;
            if records.insert(genotype, record).is_some() {
                return Err(place.twice(genotype.to_string()));
            }
            if let Some(column) = index_column {
                place.index(&cells[column], genotype, &mut by_index)?;
            }
        }
        rank(&mut records);
        let indices = by_index.iter().map(|(&index, &genotype)| (genotype, index)).collect();
        Ok(Table { name: name.to_owned(), records, by_index, indices })
    }

    /// What the table says of this very cell; cells that are the same network have records of
    /// their own.
    pub fn find(&self, genotype: &Genotype) -> Option<Record> {
        self.records.get(genotype).copied()
    }

    /// The cell with this index; `None` if there is none, or the table has no column `index`.
    pub fn at(&self, index: u32) -> Option<Genotype> {
        self.by_index.get(&index).copied()
    }

    /// The index of this very cell, where the table has it.
    pub fn index(&self, genotype: &Genotype) -> Option<u32> {
        self.indices.get(genotype).copied()
    }

    /// The least and the largest index; `None` if the table has none.
    pub fn index_range(&self) -> Option<(u32, u32)> {
        Some((*self.by_index.keys().next()?, *self.by_index.keys().next_back()?))
    }

    /// Every cell of the table with its record, sorted by genotype.
    pub fn iter(&self) -> impl Iterator<Item = (&Genotype, &Record)> {
        self.records.iter()
    }

    /// How many cells the table has.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the table has no cell.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The name given to [`Table::parse`].
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Gives every record its place: one more than the number of better ones.
fn rank(records: &mut BTreeMap<Genotype, Record>) {
    let mut accuracies: Vec<f64> =
        records.values().filter_map(|record| record.cifar10_test_200).collect();
    accuracies.sort_unstable_by(|a, b| b.total_cmp(a));
    for record in records.values_mut() {
        record.rank = record
            .cifar10_test_200
            .map(|accuracy| accuracies.partition_point(|&other| other > accuracy) as u32 + 1);
    }
}

impl Place<'_> {
    /// Gives a genotype the index in this cell.
    fn index(
        self,
        cell: &str,
        genotype: Genotype,
        by_index: &mut BTreeMap<u32, Genotype>,
    ) -> Result<(), Error> {
        let index = cell.trim().parse().map_err(|_| self.wrong(cell, INDEX, "a whole number"))?;
        match by_index.insert(index, genotype) {
            None => Ok(()),
            Some(_) => Err(self.wrong(cell, INDEX, "every index once")),
        }
    }

    fn record(self, cells: &[String], columns: [usize; 5]) -> Result<(Genotype, Record), Error> {
        let genotype = cells[columns[0]].parse().map_err(|source| Error::TableGenotype {
            table: self.table.to_owned(),
            line: self.line,
            source: Box::new(source),
        })?;
        let accuracy =
            |column: usize| self.number(&cells[columns[column]], COLUMNS[column], PERCENT);
        let record = Record {
            cifar10_valid_12: accuracy(1)?,
            cifar10_test_200: accuracy(2)?,
            cifar100_test_200: accuracy(3)?,
            imagenet16_test_200: accuracy(4)?,
            rank: None,
        };
        Ok((genotype, record))
    }
}

#[cfg(test)]
mod tests;
