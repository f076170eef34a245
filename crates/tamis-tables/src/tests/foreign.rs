//! Tables as other programs write them: logical types, packings, shapes, separators.

use std::sync::Arc;

use half::f16;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::read;
use crate::{Table, VALUE_NAME, Values};

/// A Parquet file of one column, described as Parquet's own language does, in groups of rows.
fn parquet_of<T: DataType>(field: &str, groups: &[Vec<T::T>], packing: Compression) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {field}; }}")).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(packing).build());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    for values in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<T>().write_batch(values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn read_as<T: DataType>(field: &str, values: &[T::T]) -> Table {
    let bytes = parquet_of::<T>(field, &[values.to_vec()], Compression::UNCOMPRESSED);
    read("a.parquet", &bytes).unwrap()
}

fn reals(table: &Table) -> Vec<f64> {
    table.real(&table.columns()[0]).unwrap()
}

fn refusal(table: &Table) -> String {
    table.real(&table.columns()[0]).unwrap_err().to_string()
}

#[test]
fn decimals_are_divided_by_their_power_of_ten_however_they_are_kept() {
    let in_4 = read_as::<Int32Type>("required int32 v (DECIMAL(9, 3))", &[1234, -5]);
    assert_eq!(reals(&in_4), [1.234, -0.005]);
    let in_8 = read_as::<Int64Type>("required int64 v (DECIMAL(18, 2))", &[1999, -1]);
    assert_eq!(reals(&in_8), [19.99, -0.01]);
    let bytes = |bytes: &[u8]| ByteArray::from(bytes.to_vec());
    let in_bytes = [bytes(&[0x07, 0xcf]), bytes(&[0xff]), bytes(&[0; 40])];
    let read_bytes = read_as::<ByteArrayType>("required binary v (DECIMAL(30, 2))", &in_bytes);
    assert_eq!(reals(&read_bytes), [19.99, -0.01, 0.0]);
    let fixed = [[0, 0, 0x07, 0xcf], [0xff; 4]];
    let fixed = fixed.map(|bytes| FixedLenByteArray::from(bytes.to_vec()));
    let field = "required fixed_len_byte_array(4) v (DECIMAL(9, 1))";
    assert_eq!(reals(&read_as::<FixedLenByteArrayType>(field, &fixed)), [199.9, -0.1]);
    // Databases keep their whole numbers so, too.
    let whole = read_as::<Int64Type>("required int64 v (DECIMAL(18, 0))", &[7, 4_000_000_000]);
    assert_eq!(whole.whole(&whole.columns()[0]).unwrap(), [7, 4_000_000_000]);
}

#[test]
fn unsigned_numbers_are_widened_without_a_sign() {
    for kind in ["UINT_32", "INTEGER(32, false)"] {
        let field = format!("required int32 v ({kind})");
        let table = read_as::<Int32Type>(&field, &[1, i32::MIN, -1]);
        let expected = [1, 1 << 31, u32::MAX];
        assert_eq!(table.whole(&table.columns()[0]).unwrap(), expected, "{kind}");
    }
    let field = "required int64 v (INTEGER(64, false))";
    let groups = [vec![3, 4], vec![-1, 5]];
    let bytes = parquet_of::<Int64Type>(field, &groups, Compression::UNCOMPRESSED);
    let found = reals(&read("a.parquet", &bytes).unwrap());
    assert_eq!(found, [3.0, 4.0, u64::MAX as f64, 5.0], "one group is beyond signed ones");
    let signed = read_as::<Int32Type>("required int32 v (INTEGER(32, true))", &[-1]);
    assert!(signed.whole(&signed.columns()[0]).unwrap_err().to_string().contains("found -1"));
}

#[test]
fn half_precision_is_read() {
    let halves = [1.5, -0.25, 6.1e-5].map(f16::from_f64);
    let values = halves.map(|half| FixedLenByteArray::from(half.to_le_bytes().to_vec()));
    let table =
        read_as::<FixedLenByteArrayType>("required fixed_len_byte_array(2) v (FLOAT16)", &values);
    assert_eq!(reals(&table), halves.map(f16::to_f64));
    let mut bytes = npy("<f2", "(3,)");
    halves.iter().for_each(|half| bytes.extend(half.to_le_bytes()));
    assert_eq!(reals(&read("a.npy", &bytes).unwrap()), halves.map(f16::to_f64));
}

#[test]
fn what_is_no_number_by_its_logical_type_is_refused_by_name() {
    for (field, expected) in [
        ("int32 v (DATE)", "dates"),
        ("int32 v (TIME(MILLIS, true))", "times of day"),
        ("int32 v (TIME_MILLIS)", "times of day"),
    ] {
        let told = refusal(&read_as::<Int32Type>(&format!("required {field}"), &[18_000]));
        assert!(
            told.contains(&format!("column `v`: found {expected}, expected a number")),
            "{told}"
        );
    }
    for kind in ["TIMESTAMP(MICROS, true)", "TIMESTAMP_MILLIS", "TIMESTAMP(NANOS, false)"] {
        let told = refusal(&read_as::<Int64Type>(&format!("required int64 v ({kind})"), &[1]));
        assert!(told.contains("found timestamps"), "{kind}: {told}");
    }
    let told = refusal(&read_as::<BoolType>("required boolean v", &[true]));
    assert!(told.contains("found booleans"), "{told}");
    let word = [ByteArray::from("0.5")];
    for kind in ["STRING", "UTF8", "ENUM"] {
        let told =
            refusal(&read_as::<ByteArrayType>(&format!("required binary v ({kind})"), &word));
        assert!(told.contains("found text"), "{kind}: {told}");
    }
    let uuid = [FixedLenByteArray::from(vec![1; 16])];
    let field = "required fixed_len_byte_array(16) v (UUID)";
    let told = refusal(&read_as::<FixedLenByteArrayType>(field, &uuid));
    assert!(told.contains("found UUIDs"), "{told}");
}

#[test]
fn every_packing_is_read_or_refused_by_its_name() {
    let (gzip, zstd) = (GzipLevel::default(), ZstdLevel::default());
    let packings =
        [Compression::ZSTD(zstd), Compression::GZIP(gzip), Compression::LZ4, Compression::LZ4_RAW];
    let values: Vec<f64> = (0..500).map(|row| f64::from(row % 7) / 8.0).collect();
    for packing in packings {
        let bytes =
            parquet_of::<DoubleType>("required double v", std::slice::from_ref(&values), packing);
        assert_eq!(reals(&read("a.parquet", &bytes).unwrap()), values, "{packing}");
    }
    // The crate, as it is built here, cannot pack otherwise; but metadata can say so.
    let one = parquet_of::<DoubleType>("required double v", &[vec![0.5]], Compression::SNAPPY);
    let as_codec = |codec: u8| {
        let at = |wanted: &[u8]| one.windows(3).position(|bytes| bytes == wanted);
        // The end of the column's path, then the field of the codec: Snappy is 1, twice that here.
        let place = at(&[b'v', 0x15, 2]).unwrap() + 2;
        let mut bytes = one.clone();
        bytes[place] = 2 * codec;
        bytes
    };
    assert_eq!(reals(&read("a.parquet", &as_codec(1)).unwrap()), [0.5]);
    for (codec, name) in [(3, "LZO"), (4, "Brotli")] {
        let told = read("a.parquet", &as_codec(codec)).unwrap_err().to_string();
        let expected = format!("found values packed with {name}, expected Zstandard, Snappy");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn names_of_classes_are_kept_and_other_words_are_not() {
    let names = ["cat", "dog", "cat"].map(ByteArray::from);
    let groups = [names.to_vec(), vec![ByteArray::from("emu"), ByteArray::from("dog")]];
    let field = "required binary label (STRING)";
    let bytes = parquet_of::<ByteArrayType>(field, &groups, Compression::UNCOMPRESSED);
    let table = read("a.parquet", &bytes).unwrap();
    let Values::Words(words) = &table.columns()[0].values else { panic!("no words") };
    assert_eq!((words.names().len(), words.codes()), (3, &[0, 1, 0, 2, 1][..]));
    let table = read("a.csv", b"class,file,score\n7,a.png,1\ncat,b.png,2\n").unwrap();
    let [class, file, _] = table.columns() else { panic!("three columns") };
    assert!(matches!(&class.values, Values::Words(words) if words.names() == ["7", "cat"]));
    assert!(matches!(&file.values, Values::Other { rows: 2, row: Some(0), .. }));
    let told = table.whole(class).unwrap_err().to_string();
    assert!(told.contains("line 3, column `class`: found `cat`"), "{told}");
    assert!(told.contains("hint: names of classes"), "{told}");
}

/// The first bytes of an array file of this type and shape.
fn npy(kind: &str, shape: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}");
    bytes.extend(format!("{text:<117}\n").as_bytes());
    bytes
}

#[test]
fn an_array_of_one_column_or_one_row_is_one_value_a_row_where_that_is_wanted() {
    for (shape, is_one) in [("(4,)", true), ("(4, 1)", true), ("(1, 4)", true), ("(2, 2)", false)] {
        let mut bytes = npy("<i4", shape);
        (1..=4_i32).for_each(|value| bytes.extend(value.to_le_bytes()));
        let table = read("a.npy", &bytes).unwrap().one_value_a_row();
        let found = table.find(&[VALUE_NAME]).map(|column| table.whole(column).unwrap());
        assert_eq!(found, is_one.then(|| vec![1, 2, 3, 4]), "{shape}");
        assert_eq!(table.rows(), if is_one { 4 } else { 2 }, "{shape}");
    }
    let table = read("a.txt", b"0 0.5 1\n").unwrap().one_value_a_row();
    assert_eq!(table.columns().len(), 3, "a line of the published form is no array");
}

#[test]
fn a_number_beyond_signed_ones_is_told_as_it_is() {
    let mut bytes = npy("<u8", "(2,)");
    [1, u64::MAX].iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    let table = read("a.npy", &bytes).unwrap();
    let told = table.whole(&table.columns()[0]).unwrap_err().to_string();
    assert!(told.contains("row 1") && !told.contains("-1"), "{told}");
}

#[test]
fn other_separators_than_commas_are_told_by_name() {
    for (separator, name) in [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")] {
        let text = format!("sample_id{separator}score\n0{separator}0,5\n");
        let told = read("a.csv", text.as_bytes()).unwrap_err().to_string();
        let expected = format!("line 1: found {name} between the fields, expected commas; hint:");
        assert!(told.contains(&expected), "{told}");
    }
    let told = read("a.txt", b"\n0;0.5;1\n").unwrap_err().to_string();
    assert!(told.contains("line 2: found `0;0.5;1`, expected white space"), "{told}");
    // A comma in a name is no separator.
    assert!(read("a.csv", b"\"a;b\",score\n1,2\n").is_ok());
}

#[test]
fn a_decimal_comma_is_told_as_one() {
    for (name, text) in [("a.csv", "score\n0.5\n\"0,25\"\n"), ("a.txt", "0.5\n-1,5e-3\n")] {
        let told = refusal(&read(name, text.as_bytes()).unwrap());
        assert!(told.contains("a number with a point, not a comma"), "{told}");
    }
    let told = refusal(&read("a.csv", b"score\n\"1,000,000\"\n").unwrap());
    assert!(told.ends_with("expected a number"), "{told}");
}

#[test]
fn what_is_not_finite_is_told_by_file_and_line() {
    for (text, line) in [
        ("score\n1\nnan\n", 3),
        ("score\n1\n\n\ninf\n", 5),
        ("score\r\n1\r\n-Infinity\r\n", 3),
        ("\u{feff}score\r\n\r\n1\r\n\r\n1e999\r\n", 5),
    ] {
        let table = read("s.csv", text.as_bytes()).unwrap();
        let told = table.finite(&table.columns()[0]).unwrap_err().to_string();
        let place = format!("reading the table s.csv, line {line}, column `score`: ");
        assert!(told.starts_with(&place), "{told}");
        assert!(told.ends_with("expected a finite number"), "{told}");
    }
    let told = read("s.csv", b"a,b\n1,2\n\n3\n").unwrap_err().to_string();
    assert!(told.contains("line 4: found 1 fields"), "{told}");
}
