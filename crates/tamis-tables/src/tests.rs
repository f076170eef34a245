//! What was written reads back as the same bits in every form; what is wrong is named by its place.

mod foreign;

use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn read(name: &str, bytes: &[u8]) -> Result<Table, TableError> {
    let path = Path::new(name);
    Table::from_bytes(bytes.to_vec(), path, TableFormat::of(path)?)
}

fn written(table: &Table, name: &str) -> Result<Vec<u8>, TableError> {
    let path = Path::new(name);
    table.to_bytes(TableFormat::of(path)?, path)
}

fn message(name: &str, bytes: &[u8]) -> String {
    let table = read(name, bytes);
    table.and_then(|table| table.real(table.expect_column(&SCORE_NAMES)?)).unwrap_err().to_string()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn scores(scores: &[f64]) -> Table {
    let rows = 0..scores.len() as u32;
    Table::new(vec![
        Column::whole("sample_id", rows.clone()),
        Column::whole("label", rows.map(|row| row % 3)),
        Column::real("score", scores.to_vec()),
    ])
}

#[test]
fn a_form_is_told_by_its_ending_alone() {
    let of = |name: &str| TableFormat::of(&PathBuf::from(name));
    assert_eq!(of("a/b.CSV").unwrap(), TableFormat::Csv);
    assert_eq!(of("b.txt.gz").unwrap(), TableFormat::Text);
    for name in ["scores", "scores.tsv", "csv", ".gz"] {
        assert!(of(name).unwrap_err().to_string().contains(".parquet"), "{name}");
    }
}

#[test]
fn the_published_form_has_no_header_and_csv_has_one() {
    let table = scores(&[0.5, 1e-21]);
    let text = |name: &str| String::from_utf8(written(&table, name).unwrap()).unwrap();
    assert_eq!(text("a.txt"), "0 0.5 0\n1 1e-21 1\n");
    assert_eq!(text("a.csv"), "sample_id,label,score\n0,0,0.5\n1,1,1e-21\n");
    let ids = Table::new(vec![Column::whole("sample_id", [4, 7])]);
    // Where it goes need not say how.
    let destination = Path::new("standard output");
    assert_eq!(ids.to_bytes(TableFormat::Text, destination).unwrap(), b"4\n7\n");
}

#[test]
fn a_bare_array_is_what_numpy_writes() {
    let bytes = written(&scores(&[0.5, 2.0]), "a.npy").unwrap();
    let header =
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    assert!(bytes.starts_with(header));
    assert_eq!((bytes.len(), bytes[127]), (128 + 16, b'\n'));
    assert_eq!(bytes[128..136], 0.5_f64.to_le_bytes());
    let shuffled =
        Table::new(vec![Column::whole("sample_id", [1, 0]), Column::real("score", vec![0.5, 0.1])]);
    let error = written(&shuffled, "a.npy").unwrap_err().to_string();
    assert!(error.contains("not 0, 1, 2"), "{error}");
}

/// The first bytes of an array file with this dictionary.
fn npy_header(dictionary: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{dictionary:<117}\n").as_bytes());
    bytes
}

#[test]
fn no_array_is_built_of_a_shape_that_the_file_only_claims() {
    let shapes = ["(0, 1000000000000)", "(0,)", "(0, 0)", "(3, 0)", "(1, 65537)", "(1, 2, 3)"];
    for shape in shapes {
        let mut bytes =
            npy_header(&format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}"));
        // As many values as the shape asks for, where that is possible.
        bytes.extend(vec![0; if shape.starts_with("(1, 6") { 65537 } else { 0 }]);
        let error = read("z.npy", &bytes).unwrap_err().to_string();
        assert!(
            error.contains("header: found the shape") && error.contains("at least one row"),
            "{error}"
        );
    }
}

#[test]
fn numpys_other_types_and_column_order_are_read() {
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}";
    let mut bytes = npy_header(header);
    (0..6_u8).for_each(|value| bytes.extend(f32::from(value).to_le_bytes()));
    let table = read("z.npy", &bytes).unwrap();
    assert_eq!(table.columns()[1], Column::real("z_1", vec![2.0, 3.0]));
    bytes.pop();
    let error = read("z.npy", &bytes).unwrap_err().to_string();
    assert!(error.contains("found 23 bytes, expected 2 x 3 of 4 bytes each"), "{error}");
}

#[test]
fn mistakes_in_text_are_named_by_line_and_column() {
    let expected =
        "reading the table a.csv, line 3, column `score`: found `high`, expected a number";
    assert_eq!(message("a.csv", b"sample_id,score\n0,1\n1,high\n"), expected);
    let short = message("a.csv", b"sample_id,score\n0,1\n1\n");
    assert!(short.contains("line 3: found 1 fields, expected 2, as the header has"), "{short}");
    let missing = message("a.csv", b"sample_id,scores\n0,1\n");
    assert!(missing.contains("`sample_id`, `scores`, expected one named `score`"), "{missing}");
    assert!(message("a.csv", b"score\n").contains("no rows"));
    assert!(message("a.txt", b"\n0 1\n").contains("line 2: found `0 1`, expected `index entropy"));
    assert!(message("a.txt", b"0 1 2\n1 2\n").contains("line 2"));
    assert!(message("a.txt", b"0 1 2\n\xff\n").contains("line 2"));
    let table = read("a.csv", b"sample_id\n1\n-1\n").unwrap();
    let error = table.whole(&table.columns()[0]).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("found -1"), "{error}");
}

#[test]
fn a_column_of_words_does_not_keep_the_others_from_being_read() {
    let table = read("a.csv", b"file,score\nx.png,1.5\n,2\n\"a,b\",3\n").unwrap();
    assert_eq!(table.real(table.expect_column(&SCORE_NAMES).unwrap()).unwrap(), [1.5, 2.0, 3.0]);
}

#[test]
fn whole_numbers_written_with_a_point_are_whole() {
    let table = read("a.csv", b"label\n3.0\n4\n").unwrap();
    assert_eq!(table.whole(&table.columns()[0]).unwrap(), [3, 4]);
    let table = read("a.csv", b"label\n3.5\n4\n").unwrap();
    assert!(table.whole(&table.columns()[0]).is_err());
}

#[test]
fn a_packed_file_is_read_and_none_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv.gz");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"score\n0.25\n").unwrap();
    write_durably(&path, &packer.finish().unwrap()).unwrap();
    let table = Table::read(&path).unwrap();
    assert_eq!(table.columns()[0], Column::real("score", vec![0.25]));
    assert!(table.write(&path).unwrap_err().to_string().contains(".gz"));
}

#[test]
fn a_parquet_file_of_pieces_is_refused_and_never_panics() {
    let bytes = written(&scores(&[0.5, 2.0, 1e-9]), "a.parquet").unwrap();
    for length in 0..bytes.len() {
        assert!(read("a.parquet", &bytes[..length]).is_err(), "{length} bytes");
    }
}

fn any_score() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("no bits of NaN in text", |x| !x.is_nan())
}

proptest! {
    #[test]
    fn what_was_written_reads_back_as_the_same_bits(
        values in prop::collection::vec(any_score(), 1..40),
        form in prop::sample::select(vec!["a.csv", "a.parquet", "a.npy", "a.txt"]),
    ) {
        let bytes = written(&scores(&values), form).unwrap();
        let table = read(form, &bytes).unwrap();
        let column = table.find(&["score", VALUE_NAME]).unwrap();
        prop_assert_eq!(bits(&table.real(column).unwrap()), bits(&values));
        if let Some(ids) = table.find(&SAMPLE_NAMES) {
            let expected: Vec<u32> = (0..values.len() as u32).collect();
            prop_assert_eq!(table.whole(ids).unwrap(), expected);
        }
    }

    #[test]
    fn embeddings_read_back_column_by_column(
        rows in prop::collection::vec(prop::array::uniform3(any_score()), 1..20),
        form in prop::sample::select(vec!["a.csv", "a.parquet", "a.npy"]),
    ) {
        let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<f64>>();
        let columns = (0..3).map(|at| Column::real(&format!("z_{at}"), column(at)));
        let mut all = vec![Column::whole("sample_id", 0..rows.len() as u32)];
        all.extend(columns);
        let table = read(form, &written(&Table::new(all), form).unwrap()).unwrap();
        for at in 0..3 {
            let found = table.find(&[&format!("z_{at}")]).unwrap();
            prop_assert_eq!(bits(&table.real(found).unwrap()), bits(&column(at)));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        form in prop::sample::select(vec!["a.csv", "a.parquet", "a.npy", "a.txt"]),
    ) {
        let _ = read(form, &bytes);
    }

    #[test]
    fn no_flipped_byte_makes_a_reader_panic(
        position: prop::sample::Index,
        byte: u8,
        form in prop::sample::select(vec!["a.csv", "a.parquet", "a.npy", "a.txt"]),
    ) {
        let mut bytes = written(&scores(&[0.5, 2.0, 1e-9]), form).unwrap();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        let _ = read(form, &bytes);
    }
}
