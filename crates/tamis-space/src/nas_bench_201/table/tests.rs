//! Tests of the benchmark table: made-up texts, and the real table where `TAMIS_DATA` has it.

use proptest::prelude::*;

use super::super::{MacroShape, Operation, count_derived};
use super::*;

const HEADER: &str = "index,arch,c10_valid_12,c10_test_200,c100_test_200,in16_test_200,note";

/// A cell with `operation` on every edge.
fn uniform(operation: Operation) -> Genotype {
    Genotype([operation; 6])
}

fn table(lines: &[String]) -> Result<Table, Error> {
    Table::parse(&format!("{HEADER}\n{}\n", lines.join("\n")), "t.csv")
}

fn line(operation: Operation, rest: &str) -> String {
    format!("{},{},{rest}", operation as u32 + 7, uniform(operation))
}

fn message(lines: &[String]) -> String {
    table(lines).unwrap_err().to_string()
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let text = format!(
        "in16_test_200,\"c10_test_200\",arch,c100_test_200,c10_valid_12\r\n4,2,\"{}\",3,\"1\"\r\n",
        uniform(Operation::Conv1x1)
    );
    let table = Table::parse(&text, "t.csv").unwrap();
    let record = table.find(&uniform(Operation::Conv1x1)).unwrap();
    assert_eq!(record.cifar10_valid_12, Some(1.0));
    assert_eq!(record.cifar10_test_200, Some(2.0));
    assert_eq!(record.cifar100_test_200, Some(3.0));
    assert_eq!(record.imagenet16_test_200, Some(4.0));
    assert_eq!(table.find(&uniform(Operation::None)), None);
    assert_eq!((table.len(), table.name()), (1, "t.csv"));
}

#[test]
fn an_empty_cell_is_nothing_and_has_no_rank() {
    let lines =
        [line(Operation::None, "1,,,4,\"a, \"\"b\"\"\""), line(Operation::Conv1x1, "1,2,3,4,")];
    let table = table(&lines).unwrap();
    let record = table.find(&uniform(Operation::None)).unwrap();
    assert_eq!((record.cifar10_test_200, record.rank), (None, None));
    assert_eq!(record.imagenet16_test_200, Some(4.0));
    assert_eq!(table.find(&uniform(Operation::Conv1x1)).unwrap().rank, Some(1));
}

#[test]
fn equal_accuracies_share_the_best_rank() {
    let accuracies = ["50", "90.5", "90.5", "91", "10"];
    let lines: Vec<String> = Operation::ALL
        .iter()
        .zip(accuracies)
        .map(|(&operation, accuracy)| line(operation, &format!("1,{accuracy},3,4,")))
        .collect();
    let table = table(&lines).unwrap();
    let ranks = Operation::ALL.map(|operation| table.find(&uniform(operation)).unwrap().rank);
    assert_eq!(ranks, [Some(4), Some(2), Some(2), Some(1), Some(5)]);
}

#[test]
fn cells_are_found_by_the_index_that_the_table_gives_them() {
    let lines = [line(Operation::Conv3x3, "1,2,3,4,"), line(Operation::None, "1,2,3,4,")];
    let indexed = table(&lines).unwrap();
    let conv = uniform(Operation::Conv3x3);
    let index = indexed.index(&conv).unwrap();
    assert_eq!(index, Operation::Conv3x3 as u32 + 7, "not the line, nor the place in order");
    assert_eq!((indexed.at(index), indexed.at(1)), (Some(conv), None));
    assert_eq!(indexed.index_range(), Some((7, index)));
    assert_eq!(indexed.index(&uniform(Operation::Conv1x1)), None);
    let text = format!("{HEADER}\n{}", lines.join("\n")).replace("index", "number");
    let unnumbered = Table::parse(&text, "t.csv").unwrap();
    assert_eq!((unnumbered.index(&conv), unnumbered.at(7)), (None, None));
    assert_eq!(unnumbered.index_range(), None);
}

#[test]
fn an_index_that_is_no_number_or_stands_there_twice_is_refused() {
    let cell = uniform(Operation::Conv1x1);
    for index in ["-1", "1.0", "", "4294967296", "one"] {
        let told = message(&[format!("{index},{cell},1,2,3,4,")]);
        assert!(told.contains("line 2, column `index`") && told.contains("whole number"), "{told}");
    }
    let again = format!("7,{cell},1,2,3,4,");
    let told = message(&[line(Operation::None, "1,2,3,4,"), again]);
    assert!(
        told.contains("line 3, column `index`: found `7`, expected every index once"),
        "{told}"
    );
}

#[test]
fn faults_are_reported_with_their_line() {
    let good = || line(Operation::Conv1x1, "1,2,3,4,");
    assert_eq!(
        message(&[good(), line(Operation::None, "1,2,3,4")]),
        "reading t.csv, line 3: found 6 cells, expected 7 as in line 1"
    );
    assert_eq!(
        message(&[String::new(), line(Operation::None, "1,best,3,4,")]),
        "reading t.csv, line 3, column `c10_test_200`: found `best`, expected a percentage from \
         0 to 100, or nothing"
    );
    assert!(message(&[line(Operation::None, "1,NaN,3,4,")]).contains("found `NaN`"));
    assert!(message(&[line(Operation::None, "1,2,3,100.5,")]).contains("`in16_test_200`"));
    assert_eq!(
        message(&[line(Operation::None, "1,2,3,4,\"")]),
        "reading t.csv, line 2: found no closing quote, expected one in the same line"
    );
    assert!(message(&["7,|none~0|,1,2,3,4,".into()]).starts_with(
        "reading t.csv, line 2: reading a nas-bench-201 genotype: at character 9 found the end"
    ));
    assert!(
        message(&[good(), good()]).starts_with("reading t.csv, line 3: found |nor_conv_1x1~0|")
    );
}

#[test]
fn a_table_without_header_or_column_is_refused() {
    assert!(matches!(Table::parse(" \n", "t.csv"), Err(Error::TableEmpty { .. })));
    let error = Table::parse("arch,c10_valid_12,c10_test_12\n", "t.csv").unwrap_err();
    assert!(error.to_string().starts_with("reading t.csv: found no column `c10_test_200`"));
    assert!(Table::parse(HEADER, "t.csv").unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in r#"(\PC|[",\n]|c10_test_200|\|none~0\|){0,60}"#) {
        let _ = Table::parse(&format!("{HEADER}\n{text}"), "t.csv");
        let _ = Table::parse(&text, "t.csv");
    }
}

/// The published table, unless this machine has none.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn published() -> Option<String> {
    let Ok(folder) = std::env::var("TAMIS_DATA") else {
        eprintln!("skipped: TAMIS_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("nas-bench-201/nasbench201.csv");
    Some(std::fs::read_to_string(&path).expect("TAMIS_DATA holds nas-bench-201/nasbench201.csv"))
}

#[test]
fn the_published_table_holds_every_cell_and_its_known_figures() {
    let Some(text) = published() else { return };
    let table = Table::parse(&text, "nasbench201.csv").unwrap();
    assert_eq!(table.len(), Genotype::COUNT);
    let skip = table.find(&uniform(Operation::SkipConnect)).unwrap();
    let accuracies = [skip.cifar10_test_200, skip.cifar100_test_200, skip.imagenet16_test_200];
    assert_eq!(accuracies, [Some(54.2967), Some(15.6067), Some(16.3222)]);
    let none = table.find(&uniform(Operation::None)).unwrap();
    assert_eq!((none.cifar10_test_200, none.cifar100_test_200), (Some(10.0), Some(1.0)));
    let with_rank = |rank| -> Vec<String> {
        let found = table.iter().filter(|(_, record)| record.rank == Some(rank));
        found.map(|(genotype, _)| genotype.to_string()).collect()
    };
    let best = with_rank(1);
    assert_eq!((best.len(), with_rank(2).len(), with_rank(3).len()), (2, 0, 1));
    for index in ["6111", "13714"] {
        let line = text.lines().find(|line| line.split(',').next() == Some(index)).unwrap();
        assert!(best.iter().any(|genotype| line.contains(genotype)), "{line}");
    }
    let best_of = |accuracy: fn(&Record) -> Option<f64>| {
        table.iter().filter_map(|(_, record)| accuracy(record)).fold(0.0, f64::max)
    };
    assert_eq!(best_of(|record| record.cifar10_test_200), 94.3733);
    assert_eq!(best_of(|record| record.cifar100_test_200), 73.5133);
    assert_eq!(best_of(|record| record.imagenet16_test_200), 47.3111);
}

#[test]
fn every_cell_of_the_published_table_has_the_counts_it_lists() {
    let Some(text) = published() else { return };
    let shape = MacroShape::benchmark(10, [3, 32, 32]);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let counts = count_derived(&cells[1].parse().unwrap(), &shape).unwrap();
        assert_eq!([counts.params.to_string(), counts.macs.to_string()], cells[2..4], "{line}");
    }
}
