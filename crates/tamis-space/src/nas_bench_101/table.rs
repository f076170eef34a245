//! The benchmark's accuracies: a table of cells by their names in the benchmark.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cell;
use crate::Error;
use crate::csv::{Place, find_columns, lines};

/// What a table says of a cell: validation accuracies on CIFAR-10 in percent, of one training each, `None`
/// where its line has none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// After 4 epochs.
    pub cifar10_valid_4: Option<f64>,
    /// After 12 epochs.
    pub cifar10_valid_12: Option<f64>,
    /// After 36 epochs.
    pub cifar10_valid_36: Option<f64>,
    /// After 108 epochs.
    pub cifar10_valid_108: Option<f64>,
}

/// A benchmark table. It may hold any part of the 423,624 cells.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    records: BTreeMap<String, Record>,
}

/// The name of a cell and its accuracies, as shares.
const COLUMNS: [&str; 5] = ["module_hash", "val_4", "val_12", "val_36", "val_108"];

/// What an accuracy may be.
const SHARE: (f64, &str) = (1.0, "a share from 0 to 1, or nothing");

impl Table {
    /// Parses CSV text with the columns `module_hash` and `val_4`, `val_12`, `val_36`, `val_108` (shares from
    /// 0 to 1, may be empty), in any order and among others. `name` is for messages.
    ///
    /// # Errors
    ///
    /// What is wrong and in which line: a missing column, a line of another width, an open quote, a name
    /// that is none or stands twice, an accuracy that is no number from 0 to 1.
    pub fn parse(text: &str, name: &str) -> Result<Table, Error> {
        let (header, lines) = lines(text, name)?;
        let columns = find_columns(&header, COLUMNS, name)?;
        let mut records = BTreeMap::new();
        for (place, text) in lines {
            let cells = place.cells(text, header.len())?;
            let hash = hash(place, &cells[columns[0]])?;
            let [first, second, third, last] =
                [1, 2, 3, 4].map(|at| place.number(&cells[columns[at]], COLUMNS[at], SHARE));
            let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
            let record = Record {
                cifar10_valid_4: percent(first?),
                cifar10_valid_12: percent(second?),
                cifar10_valid_36: percent(third?),
                cifar10_valid_108: percent(last?),
            };
            if records.insert(hash.clone(), record).is_some() {
                return Err(place.twice(hash));
            }
        }
        Ok(Table { name: name.to_owned(), records })
    }

    /// What the table says of a cell, whatever the order of its vertices.
    pub fn find(&self, cell: &Cell) -> Option<Record> {
        self.records.get(&cell.hash()?).copied()
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

fn hash(place: Place<'_>, cell: &str) -> Result<String, Error> {
    let cell = cell.trim();
    let is_name = cell.len() == 32 && cell.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_name {
        true => Ok(cell.to_ascii_lowercase()),
        false => Err(place.wrong(cell, COLUMNS[0], "32 hexadecimal digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "params,module_hash,val_4,val_12,val_36,val_108";

    fn table(lines: &[String]) -> Result<Table, Error> {
        Table::parse(&format!("{HEADER}\n{}\n", lines.join("\n")), "t.csv")
    }

    fn cell() -> Cell {
        "conv3x3-bn-relu(0) maxpool3x3(0) output(1,2)".parse().unwrap()
    }

    #[test]
    fn a_cell_is_found_by_its_name_whatever_the_order_of_its_vertices() {
        let line = format!("1,{},0.25,0.5,,0.9375", cell().hash().unwrap());
        let table = table(&[line]).unwrap();
        let other: Cell = "maxpool3x3(0) conv3x3-bn-relu(0) output(1,2)".parse().unwrap();
        let found = table.find(&other).unwrap();
        assert_eq!([found.cifar10_valid_4, found.cifar10_valid_36], [Some(25.0), None]);
        assert_eq!(found.cifar10_valid_108, Some(93.75));
        assert_eq!(table.find(&"maxpool3x3(0) output(1)".parse().unwrap()), None);
    }

    #[test]
    fn what_is_wrong_with_a_table_is_named_with_its_line() {
        let hash = cell().hash().unwrap();
        let told = |lines: &[String]| table(lines).unwrap_err().to_string();
        assert!(told(&[format!("1,{hash},0.2,0.3,0.4,93")]).contains("line 2, column `val_108`"));
        assert!(told(&["1,cell,0,0,0,0".to_owned()]).contains("32 hexadecimal digits"));
        let line = format!("1,{hash},0,0,0,0");
        assert!(told(&[line.clone(), line.clone()]).contains("line 3: found"));
        assert!(told(&[line[..20].to_owned()]).contains("found 2 cells, expected 6"));
        assert!(Table::parse("a,b", "t.csv").unwrap_err().to_string().contains("`module_hash`"));
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn the_names_and_parameters_of_the_real_table_are_those_of_its_cells() {
        let Some(folder) = std::env::var_os("TAMIS_DATA") else {
            eprintln!("skipped: TAMIS_DATA names no folder of data sets");
            return;
        };
        let path = std::path::PathBuf::from(folder).join("nas-bench-101/nasbench101_subset.csv");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: no table of NAS-Bench-101 there");
            return;
        };
        assert!(Table::parse(&text, "table").unwrap().len() > 10_000);
        let mut checked = 0;
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let Some(cell) = cell_of(cells[7], cells[8]) else { continue };
            assert_eq!(cell.hash().as_deref(), Some(cells[0]), "{line}");
            let shape = super::super::CellShape::benchmark(10, [3, 32, 32]);
            let params = cell.network(&shape).unwrap().counts().params;
            assert_eq!(params.to_string(), cells[1], "{line}");
            checked += 1;
        }
        assert!(checked >= 1_000, "{checked}");
    }

    /// Labels of the vertices and the upper triangle of the 7x7 matrix, row by row.
    fn cell_of(labels: &str, upper: &str) -> Option<Cell> {
        let labels: Vec<i64> =
            labels.split_whitespace().map(|label| label.parse().unwrap()).collect();
        if labels.is_empty() {
            return None;
        }
        let last = labels.iter().position(|&label| label == -2).unwrap();
        let pairs = (0..7_usize).flat_map(|from| (from + 1..7).map(move |to| (from, to)));
        let mut parents = vec![Vec::new(); last];
        for ((from, to), bit) in pairs.zip(upper.chars()) {
            if bit == '1' && to <= last {
                parents[to - 1].push(from);
            }
        }
        let operations =
            labels[1..last].iter().map(|&label| super::super::Operation::ALL[label as usize]);
        Some(Cell::new(operations.collect(), parents).unwrap())
    }
}
