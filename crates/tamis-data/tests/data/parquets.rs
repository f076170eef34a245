//! Parquet files of images: the same data as the same images in a folder, and every file that is refused.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tamis_core::SampleId;
use tamis_data::{DataConfig, Error, Loaded, ParquetError, Reading, check, open_watched, pack};
use tempfile::TempDir;

use crate::testkit::*;

/// How `datasets` describes images and labels.
const HUGGING_FACE: &str = "optional group image { optional binary bytes; optional binary path (UTF8); } \
                            optional int64 label;";

/// An encoded image and its label; either may be missing.
type Row = (Option<Vec<u8>>, Option<i64>);

fn metadata(column: &str, names: &[&str]) -> String {
    let label = serde_json::json!({ "names": names, "_type": "ClassLabel" });
    serde_json::json!({ "info": { "features": { "image": { "_type": "Image" }, column: label } } })
        .to_string()
}

/// A file of these columns; the rows of each group are written together.
fn file_of(fields: &str, groups: &[&[Row]], metadata: Option<String>) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {fields} }}")).unwrap());
    let metadata = metadata.map(|text| vec![KeyValue::new("huggingface".to_owned(), text)]);
    let properties = WriterProperties::builder()
        .set_key_value_metadata(metadata)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema.clone(), Arc::new(properties)).unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut leaves = 0..;
        while let Some(mut column) = group.next_column().unwrap() {
            let at = leaves.next().unwrap();
            let path = described(fields, at);
            write_column(&mut column, &path, rows);
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// The kind, the name and the most levels of a column, by its number.
fn described(fields: &str, at: usize) -> (String, String, i16) {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {fields} }}")).unwrap());
    let column = parquet::schema::types::SchemaDescriptor::new(schema).column(at);
    let (kind, name) = (column.physical_type().to_string(), column.path().string());
    (kind, name, column.max_def_level())
}

fn write_column(
    column: &mut parquet::file::writer::SerializedColumnWriter<'_>,
    (kind, name, levels): &(String, String, i16),
    rows: &[Row],
) {
    let is_present = |row: &Row| match &**kind {
        "BYTE_ARRAY" => row.0.is_some() || name.ends_with("path"),
        _ => row.1.is_some(),
    };
    let found: Vec<i16> =
        rows.iter().map(|row| if is_present(row) { *levels } else { levels - 1 }).collect();
    let found = (*levels > 0).then_some(&found[..]);
    let labels = || rows.iter().filter_map(|row| row.1);
    match &**kind {
        "INT32" => {
            let labels: Vec<i32> = labels().map(|label| label as i32).collect();
            column.typed::<Int32Type>().write_batch(&labels, found, None).unwrap();
        }
        "INT64" => {
            let labels: Vec<i64> = labels().collect();
            column.typed::<Int64Type>().write_batch(&labels, found, None).unwrap();
        }
        _ if name.ends_with("path") || name == "note" => {
            let texts = vec![ByteArray::from("x.jpg"); rows.len()];
            column.typed::<ByteArrayType>().write_batch(&texts, found, None).unwrap();
        }
        _ => {
            let images: Vec<ByteArray> =
                rows.iter().filter_map(|row| row.0.clone()).map(ByteArray::from).collect();
            column.typed::<ByteArrayType>().write_batch(&images, found, None).unwrap();
        }
    }
}

const CLASSES: [&str; 3] = ["class-0", "class-1", "class-2"];

fn shard(rows: &[Row]) -> Vec<u8> {
    // Groups of unequal numbers of rows.
    let groups = [&rows[..rows.len() / 3], &rows[rows.len() / 3..]];
    file_of(HUGGING_FACE, &groups, Some(metadata("label", &CLASSES)))
}

/// The samples as an image folder has them: class by class.
fn by_class(samples: &[Sample]) -> Vec<Row> {
    let mut sorted: Vec<&Sample> = samples.iter().collect();
    sorted.sort_by_key(|sample| sample.label);
    sorted.into_iter().map(|sample| (Some(png(sample)), Some(i64::from(sample.label)))).collect()
}

/// The same images in a folder and in the shards of Parquet files, both called `birds`.
fn both_ways() -> TempDir {
    let place = folder();
    let (train, test) = (samples(1, 200, 3, 8), samples(2, 30, 3, 8));
    write_png_folder(&place.path().join("folder/birds/train"), &train);
    write_png_folder(&place.path().join("folder/birds/test"), &test);
    let (train, test) = (by_class(&train), by_class(&test));
    let data = place.path().join("parquet/birds/data");
    for (number, rows) in [&train[..70], &train[70..75], &train[75..]].into_iter().enumerate() {
        write(data.join(format!("train-{number:05}-of-00003.parquet")), &shard(rows));
    }
    write(data.join("test-00000-of-00001.parquet"), &shard(&test));
    place
}

fn assert_same(found: &Loaded, expected: &Loaded) {
    assert_eq!((&found.name, &found.fingerprint), (&expected.name, &expected.fingerprint));
    let splits = [(&found.train, &expected.train)]
        .into_iter()
        .chain(found.test.as_ref().zip(expected.test.as_ref()));
    assert_eq!(found.test.is_some(), expected.test.is_some());
    for (found, expected) in splits {
        assert_eq!((found.labels(), found.classes()), (expected.labels(), expected.classes()));
        assert_eq!((found.order(), found.shape()), (expected.order(), expected.shape()));
        for id in expected.ids() {
            assert_eq!(found.pixels(id).unwrap(), expected.pixels(id).unwrap(), "sample {id}");
        }
    }
}

#[test]
fn shards_are_the_same_data_as_the_same_images_in_a_folder() {
    let place = both_ways();
    let expected = read(place.path().join("folder/birds"));
    let birds = place.path().join("parquet/birds");
    let found = read(&birds);
    assert_same(&found, &expected);
    assert_eq!(found.notes, [""; 0]);
    assert_eq!(
        (found.train.len(), found.train.sample_name(SampleId(71))),
        (200, "sample 71".into())
    );
    assert_same(&read(format!("parquet:{}", birds.display())), &expected);
    assert_eq!(read(birds.join("data")).fingerprint, expected.fingerprint);
    let small = |path: &Path| DataConfig { size: Some(4), channels: Some(1), ..config(path) };
    let in_folder = place.path().join("folder/birds");
    let open = |config: DataConfig| tamis_data::open(&config).unwrap();
    assert_same(&open(small(&birds)), &open(small(&in_folder)));
}

#[test]
fn a_pack_of_shards_is_the_same_data_and_its_images_are_written_as_they_are_read() {
    let place = both_ways();
    let (birds, path) = (place.path().join("parquet/birds"), place.path().join("x"));
    let file = fs::File::create(&path).unwrap();
    let mut lengths = Vec::new();
    let watch = &mut |reading: Reading| {
        lengths.push((reading, fs::metadata(&path).unwrap().len()));
        ControlFlow::Continue(())
    };
    let packed = pack(&config(&birds), &path, &file, watch).unwrap();
    assert_eq!((packed.train, packed.test), (200, Some(30)));
    assert_eq!(lengths[0].0, Reading { images: 0, all: 230, bytes: 230 * 192, free: None });
    assert!(lengths.iter().map(|(reading, _)| reading.images).eq(0..=230));
    assert!(lengths[100].1 < lengths[200].1, "images are in the file before the last one is read");
    assert_same(&read(&path), &read(&birds));
    let few = DataConfig { train: Some(72), ..config(&birds) };
    let file = fs::File::create(&path).unwrap();
    pack(&few, &path, &file, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_same(&read(&path), &tamis_data::open(&few).unwrap());
}

#[test]
fn one_file_is_a_training_split_whatever_its_name() {
    let place = folder();
    let rows = by_class(&samples(1, 9, 3, 8));
    for name in ["birds.parquet", "birds", "train-00001-of-00004.parquet"] {
        let path = write(place.path().join(name), &shard(&rows));
        let found = read(&path);
        assert_eq!((found.train.len(), found.test.is_none()), (9, true), "{name}");
        assert_eq!(found.notes.len(), usize::from(name.starts_with("train")), "{:?}", found.notes);
    }
}

#[test]
fn the_only_folder_may_hold_the_files_and_more_than_one_is_not_looked_into() {
    let place = folder();
    let rows = by_class(&samples(1, 9, 3, 8));
    write(place.path().join("plain_text/train.parquet"), &shard(&rows));
    write(place.path().join("README.md"), b"hello");
    write(place.path().join(".cache/lock"), b"");
    assert_eq!(read(place.path()).train.len(), 9);
    write(place.path().join("other/train.parquet"), &shard(&rows));
    assert!(matches!(refusal(place.path()), Error::Many { .. }), "taken for class folders");
    let named = refusal(format!("parquet:{}", place.path().display()));
    assert!(matches!(named, Error::Parquet(ParquetError::Shards { .. })), "{named}");
}

#[test]
fn a_split_for_validation_is_the_test_split_where_there_is_none() {
    let place = folder();
    let rows = by_class(&samples(1, 9, 3, 8));
    write(place.path().join("train.parquet"), &shard(&rows));
    write(place.path().join("validation-00000-of-00001.parquet"), &shard(&rows[..6]));
    write(place.path().join("notes.parquet"), b"not looked at");
    let found = read(place.path());
    assert_eq!(found.test.unwrap().len(), 6);
    let notes = [
        "the split validation is taken for the test split",
        "Parquet files that are not read (1): notes",
        "classes without test images (1): class-2",
    ];
    assert_eq!(found.notes, notes);
    write(place.path().join("test-00000-of-00001.parquet"), &shard(&rows[..3]));
    assert_eq!(read(place.path()).test.unwrap().len(), 3);
}

#[test]
fn tables_beside_class_folders_do_not_make_them_parquet_files() {
    let place = sound();
    write(place.path().join("train.parquet"), &shard(&by_class(&samples(1, 9, 3, 8))));
    assert_eq!(read(place.path()).train.classes(), ["cat", "dog"]);
    let named = read(format!("parquet:{}", place.path().display()));
    assert_eq!(named.train.classes(), CLASSES);
}

#[test]
fn columns_are_found_by_their_names_or_as_the_only_ones_of_their_kind() {
    let rows = by_class(&samples(1, 9, 1, 8));
    let cases = [
        "required binary image; required int32 label;",
        "optional int32 coarse_label; optional int64 fine_label; optional binary img;",
        "optional group picture { optional binary bytes; } required binary note (UTF8); \
         optional int32 species (UINT_8);",
        "required group picture { required binary bytes; } required int64 id; \
         required int64 label (INTEGER(64, false));",
        "optional binary thumbnail; optional binary image; optional int64 labels;",
    ];
    for fields in cases {
        let place = folder();
        let path = write(place.path().join("x.parquet"), &file_of(fields, &[&rows], None));
        let found = read(&path);
        assert_eq!(found.train.labels(), [0, 0, 0, 1, 1, 1, 2, 2, 2], "{fields}");
        assert_eq!(found.train.classes(), ["0", "1", "2"], "{fields}");
    }
}

#[test]
fn files_without_a_column_of_images_or_of_labels_are_refused_with_the_columns_they_have() {
    let rows = by_class(&samples(1, 3, 1, 8));
    let cases = [
        (
            "required binary note (UTF8); required int64 label;",
            "`note` (text), `label` (whole numbers)",
        ),
        (
            "required binary a; required binary b; required int64 label;",
            "`a` (binary), `b` (binary), `l",
        ),
        ("required binary image; required binary note (UTF8);", "`image` (binary), `note` (text)"),
        (
            "required binary image; required int64 a; required int64 b;",
            "`a` (whole numbers), `b` (who",
        ),
        (
            "required binary image; required int64 label (TIMESTAMP(MILLIS, true));",
            "`label` (other",
        ),
    ];
    for (fields, expected) in cases {
        let place = folder();
        let path = write(place.path().join("x.parquet"), &file_of(fields, &[&rows], None));
        let error = refusal(&path);
        assert!(matches!(error, Error::Parquet(ParquetError::Column { .. })), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn labels_become_classes_by_their_names_and_those_without_images_are_none() {
    let place = folder();
    let rows: Vec<Row> = by_class(&samples(1, 9, 1, 8)).split_off(3);
    let bytes = file_of(HUGGING_FACE, &[&rows], Some(metadata("label", &["x", "zebra", "ant"])));
    let found = read(write(place.path().join("x.parquet"), &bytes));
    assert_eq!(found.train.classes(), ["zebra", "ant"]);
    assert_eq!(found.train.file_labels(), [1, 2]);
    assert_eq!(found.train.labels(), [0, 0, 0, 1, 1, 1]);
    // What is said of another column says nothing of this one.
    let bytes = file_of(HUGGING_FACE, &[&rows], Some(metadata("other", &CLASSES)));
    assert_eq!(read(write(place.path().join("x.parquet"), &bytes)).train.classes(), ["1", "2"]);
}

/// What check says of some rows in one file.
fn problems_of(rows: &[Row], names: &[&str]) -> Vec<String> {
    let place = folder();
    let bytes = file_of(HUGGING_FACE, &[rows], Some(metadata("label", names)));
    let path = write(place.path().join("x.parquet"), &bytes);
    let problems = check(&config(&path)).problems;
    let folder = format!("{}/", place.path().display());
    problems.into_iter().map(|problem| problem.replace(&folder, "")).collect()
}

#[test]
fn check_lists_every_row_whose_image_cannot_be_read_and_counts_those_without_one() {
    let mut rows = by_class(&samples(1, 9, 3, 8));
    let cut = jpeg(&samples(1, 1, 3, 8)[0])[..200].to_vec();
    (rows[1].0, rows[8].0) = (None, None);
    (rows[3].0, rows[5].0, rows[7].0) =
        (Some(cut), Some(b"8BPS\0\x01".to_vec()), Some(b"<html>".to_vec()));
    let expected = [
        "decoding `x.parquet, row 3`: found a JPEG image without its end, expected the end-of-image marker",
        "decoding `x.parquet, row 7`: found an HTML page, expected an image in PNG, JPEG, WebP, \
         BMP, GIF or TIFF; hint: what was downloaded is an answer of the server, not the image",
        "reading the column `image` of `x.parquet`: found no image in row 1 (nor in 1 more rows), expected \
         its bytes; hint: `datasets` writes names of files unless `datasets.table.embed_table_storage` put \
         the images in",
    ];
    let problems = problems_of(&rows, &CLASSES);
    assert_eq!(problems[..3], expected);
    assert!(problems[3].contains("found PSD images (1): x.parquet, row 5;"), "{}", problems[3]);
    assert_eq!(problems.len(), 4);
}

#[test]
fn rows_whose_labels_are_no_class_are_one_problem_a_file_with_the_first_of_them() {
    let mut rows = by_class(&samples(1, 9, 3, 8));
    (rows[2].1, rows[4].1, rows[5].1) = (Some(3), None, Some(-1));
    let expected = "reading the column `label` of `x.parquet`: found label 3 in row 2 (and no class in 2 \
                    more rows), expected 0 to 2, which have names";
    assert_eq!(problems_of(&rows, &CLASSES), [expected]);
    rows[2].1 = Some(0);
    let problems = problems_of(&rows, &CLASSES);
    assert!(
        problems[0].contains("found no label in row 4 (and no class in 1 more"),
        "{problems:?}"
    );
}

#[test]
fn images_that_do_not_fit_together_are_refused_and_counted_as_in_a_folder() {
    let place = folder();
    let mut rows = by_class(&samples(1, 9, 3, 8));
    rows[4].0 = Some(png(&samples(3, 1, 3, 12)[0]));
    let path = write(place.path().join("x.parquet"), &shard(&rows));
    let strict = DataConfig { strict: true, ..config(&path) };
    let error = tamis_data::open(&strict).unwrap_err().to_string();
    assert!(error.contains("x.parquet, row 4` with 12 x 12 pixels"), "{error}");
    assert_eq!(check(&strict).tally.unwrap().train, [3, 3, 3]);
    let sized = DataConfig { size: Some(8), ..config(&path) };
    assert_eq!(tamis_data::open(&sized).unwrap().train.len(), 9);
}

#[test]
fn a_class_that_only_the_test_split_has_is_refused_by_its_name() {
    let place = folder();
    let rows = by_class(&samples(1, 9, 3, 8));
    write(place.path().join("train.parquet"), &shard(&rows[..6]));
    write(place.path().join("test.parquet"), &shard(&rows));
    let error = refusal(place.path());
    assert!(matches!(&error, Error::UnknownClass { class } if class == "class-2"), "{error}");
}

#[test]
fn metadata_that_names_no_classes_is_refused() {
    let (rows, place) = (by_class(&samples(1, 9, 3, 8)), folder());
    let cases = [
        ("{ \"info\"".to_owned(), "under `huggingface`, expected JSON"),
        (metadata("label", &["a", "b", "a"]), "found `a` twice"),
        (metadata("label", &[]), "found `[]`, expected a list of text"),
    ];
    for (text, expected) in cases {
        let bytes = file_of(HUGGING_FACE, &[&rows], Some(text));
        let error = refusal(write(place.path().join("x.parquet"), &bytes)).to_string();
        assert!(error.contains(expected), "{error}");
    }
    write(place.path().join("data/train.parquet"), &shard(&rows));
    let others = file_of(HUGGING_FACE, &[&rows], Some(metadata("label", &["a", "b", "c"])));
    write(place.path().join("data/test.parquet"), &others);
    let error = refusal(place.path().join("data")).to_string();
    assert!(error.contains("found `a`, `b`, `c`, expected `class-0`, `class-1`"), "{error}");
}

#[test]
fn shards_that_are_not_all_of_one_split_are_refused_by_name() {
    let rows = by_class(&samples(1, 9, 3, 8));
    let cases: [(&[&str], &str); 5] = [
        (
            &["train-00000-of-00003", "train-00002-of-00003"],
            "(2), expected all 3 shards of the split `t",
        ),
        (&["train-00001-of-00001"], "(1), expected all 1 shards of the split `train`"),
        (&["train-00000-of-00001", "train-00000-of-00002"], "expected the shards of one split"),
        (&["train-00000-of-00001", "training-00000-of-00001"], "expected the shards of one split"),
        (&["test", "birds"], "found `birds`, `test`, expected such of a split `train`"),
    ];
    for (names, expected) in cases {
        let place = folder();
        for name in names {
            write(place.path().join(format!("{name}.parquet")), &shard(&rows));
        }
        let error = refusal(format!("parquet:{}", place.path().display())).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused_by_name() {
    let place = folder();
    let whole = shard(&by_class(&samples(1, 9, 3, 8)));
    for cut in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
        let path = write(place.path().join("x.parquet"), &whole[..cut]);
        let error = refusal(&path);
        let is_damaged = matches!(&error, Error::Parquet(ParquetError::Damaged { .. }));
        let is_named = error.to_string().contains(path.to_str().unwrap());
        assert!(is_damaged && is_named, "cut at {cut}: {error}");
    }
}

#[test]
fn a_flipped_byte_is_refused_or_gives_other_images_and_never_stops_the_program() {
    let place = folder();
    let whole = shard(&by_class(&samples(1, 9, 3, 8)));
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let path = write(place.path().join("x.parquet"), &flipped);
        if let Err(error) = tamis_data::open(&config(&path)) {
            assert!(error.to_string().contains("x.parquet"), "byte {at}: {error}");
        }
    }
}

#[test]
fn a_file_without_rows_is_refused() {
    let place = folder();
    let path = write(place.path().join("x.parquet"), &shard(&[]));
    assert!(matches!(refusal(&path), Error::Empty { .. }));
    assert_eq!(check(&config(&path)).problems.len(), 1);
    write(place.path().join("train.parquet"), &shard(&by_class(&samples(1, 9, 3, 8))));
    write(place.path().join("test.parquet"), &shard(&[]));
    assert!(matches!(refusal(place.path()), Error::Empty { .. }));
}

#[test]
fn whoever_watches_can_stop_between_two_images() {
    let place = both_ways();
    let mut last = 0;
    let watch = &mut |reading: Reading| {
        last = reading.images;
        if last == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = open_watched(&config(place.path().join("parquet/birds")), watch);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(last, 100);
}
