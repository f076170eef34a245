//! Pickles of CIFAR that are hostile, damaged, or something else.

use proptest::prelude::*;
use tamis_data::{Error, PickleError, check, open};

use crate::testkit::*;

const START: &[u8] = b"\x80\x02}q\x01(";

/// A text with its opcode.
fn text(text: &[u8]) -> Vec<u8> {
    match u8::try_from(text.len()) {
        Ok(length) => [&[b'U', length][..], text].concat(),
        Err(_) => [&b"T"[..], &(text.len() as u32).to_le_bytes(), text].concat(),
    }
}

/// An array of so many rows of so many columns, as its header says, with these bytes.
fn array(rows: u8, columns: u16, bytes: &[u8]) -> Vec<u8> {
    let before =
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01";
    let kind = b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN\
        J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89";
    let [low, high] = columns.to_le_bytes();
    [&before[..], &[b'K', rows, b'M', low, high], kind, &text(bytes), b"tb"].concat()
}

fn list(items: &[u8]) -> Vec<u8> {
    let items = items.iter().flat_map(|&item| [b'K', item]);
    [b"](".to_vec(), items.collect(), b"e".to_vec()].concat()
}

fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    [&text(key.as_bytes())[..], value].concat()
}

fn dictionary(entries: &[Vec<u8>]) -> Vec<u8> {
    [START, &entries.concat(), b"u."].concat()
}

/// A sound batch of two images.
fn batch() -> Vec<u8> {
    let pixels: Vec<u8> = (0..6144).map(|at| (at % 251) as u8).collect();
    dictionary(&[entry("labels", &list(&[3, 5])), entry("data", &array(2, 3072, &pixels))])
}

fn refused(content: &[u8]) -> Error {
    let folder = folder();
    write(folder.path().join("data_batch_1"), content);
    open(&config(folder.path())).unwrap_err()
}

/// What is said of a pickle that is refused at an opcode, and where.
fn at_opcode(content: &[u8]) -> (String, usize) {
    match refused(content) {
        Error::Pickle(PickleError::Opcode { found, offset, .. }) => (found, offset),
        error => unreachable!("an opcode is expected: {error}"),
    }
}

#[test]
fn a_batch_is_read_with_its_labels_and_pixels() {
    let folder = folder();
    write(folder.path().join("data_batch_1"), &batch());
    let data = open(&config(folder.path())).unwrap();
    assert_eq!(data.train.file_labels(), [3, 5]);
    assert_eq!(data.train.pixels(tamis_core::SampleId(1)).unwrap()[..3], [60, 61, 62]);
}

#[test]
fn pickles_beside_the_binary_files_are_told_and_not_read_twice() {
    let folder = folder();
    write(folder.path().join("data_batch_1"), &batch());
    write(folder.path().join("data_batch_1.bin"), &cifar10(&samples(1, 9, 3, 32)));
    let data = read(folder.path());
    assert_eq!(data.train.len(), 9);
    let note = "pickles beside the binary files that are not read (1): data_batch_1";
    assert!(data.notes.iter().any(|found| found == note), "{:?}", data.notes);
}

#[test]
fn nothing_is_called_whatever_a_pickle_names() {
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("__builtin__", "eval"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy", "_reconstruct"),
        ("subprocess", "Popen"),
    ] {
        let call = format!("\u{2}c{module}\n{name}\nU\u{4}true\u{0}");
        let mut content = vec![0x80];
        content.extend(call.as_bytes());
        content.extend(b"\x85R.");
        let (found, offset) = at_opcode(&content);
        assert_eq!((found, offset), (format!("the name `{module}.{name}`"), 2));
    }
    // The names that are known are no functions either.
    let call = b"\x80\x02cnumpy\ndtype\nU\x02u8K\x00K\x01\x87R.";
    assert_eq!(at_opcode(call).0, "a call");
    let call = b"\x80\x02cnumpy\nndarray\nU\x04true\x85R.";
    assert_eq!(at_opcode(call).0, "a call");
}

#[test]
fn opcodes_that_no_batch_has_are_refused_by_their_place() {
    for opcode in [b'i', b'o', b'S', b'P', b'Q', b'L', b'F', 0x81, 0x82, 0x88, 0x8a, 0x93, 0x95] {
        let (found, offset) = at_opcode(&[START, &[opcode]].concat());
        assert!(found.contains(&format!("({opcode:#04x})")), "{found}");
        assert_eq!(offset, START.len());
    }
    let (found, _) = at_opcode(b"\x80\x04}.");
    assert_eq!(found, "a pickle of protocol 4");
}

#[test]
fn lengths_beyond_the_file_and_below_zero_allocate_nothing() {
    let huge = [&b"\x80\x02T"[..], &i32::MAX.to_le_bytes()].concat();
    assert_eq!(at_opcode(&huge).0, "0 bytes to the end where 2147483647 should follow");
    let negative = [&b"\x80\x02T"[..], &(-5_i32).to_le_bytes()].concat();
    assert_eq!(at_opcode(&negative).0, "a text of -5 bytes");
    let huge = [&b"\x80\x02X"[..], &[0xff; 4]].concat();
    assert!(at_opcode(&huge).0.ends_with("4294967295 should follow"));
}

#[test]
fn what_nests_or_remembers_without_end_is_refused() {
    let tuples = [&b"\x80\x02K\x01"[..], &[0x85; 100_000], b"."].concat();
    assert_eq!(at_opcode(&tuples).0, "more than 8 values in each other");
    let marks = [&b"\x80\x02"[..], &[b'('; 100_000], b"."].concat();
    assert_eq!(at_opcode(&marks).0, "more than 8 marks in each other");
    let lists = [&b"\x80\x02"[..], &[b']'; 20], &[b'a'; 19], b"."].concat();
    assert_eq!(at_opcode(&lists).0, "more than 8 values in each other");
    let memo = (0..200_000_u32).flat_map(|key| [&b"r"[..], &key.to_le_bytes()].concat());
    let memo = [&b"\x80\x02N"[..], &memo.collect::<Vec<u8>>(), b"."].concat();
    assert_eq!(at_opcode(&memo).0, "more than 131072 things to remember");
    let many = [&b"\x80\x02"[..], &[b'N'; 1 << 21], b"."].concat();
    assert_eq!(at_opcode(&many).0, "more than a million opcodes");
    // What is used twice doubles with every use: ten levels of it are a thousand times as much.
    let twice = b"\x80\x02]q\x00h\x00.";
    assert_eq!(at_opcode(twice).0, "a list, tuple or array that is used twice");
    assert!(at_opcode(b"\x80\x02h\x07.").0.contains("reference to 7"));
}

#[test]
fn stacks_that_do_not_fit_their_opcodes_are_refused() {
    for content in [
        &b"\x80\x02."[..],
        b"\x80\x02\x85.",
        b"\x80\x02t.",
        b"\x80\x02K\x01a.",
        b"\x80\x02K\x01K\x02.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02(K\x01.",
        b"\x80\x02R.",
        b"\x80\x02b.",
        b"\x80\x02N(R.",
        b"\x80\x02q\x00.",
        b"\x80\x02]K\x01s.",
        b"\x80\x02}.more",
    ] {
        at_opcode(content);
    }
}

#[test]
fn arrays_of_another_type_shape_or_length_are_refused() {
    let of = |data: &[u8]| dictionary(&[entry("labels", &list(&[3])), entry("data", data)]);
    let (found, _) = at_opcode(&of(&array(2, 3072, &[7; 3072])));
    assert_eq!(found, "3072 bytes in an array of 2 x 3072");
    let replaced = |from: &[u8], to: &[u8]| {
        let content = of(&array(1, 3072, &[7; 3072]));
        let at = content.windows(from.len()).position(|window| window == from).unwrap();
        [&content[..at], to, &content[at + from.len()..]].concat()
    };
    for (from, to) in [
        (&b"U\x02u1"[..], &b"U\x02f4"[..]),
        (b"U\x01|", b"U\x01>"),
        // Fortran order is the opcode NEWTRUE, which no batch has.
        (b"b\x89", b"b\x88"),
        (b"K\x01K\x01M\x00\x0c\x86", b"K\x01K\x01M\x00\x0cK\x01\x87"),
    ] {
        at_opcode(&replaced(from, to));
    }
    let error = refused(&of(&array(2, 1536, &[7; 3072]))).to_string();
    assert!(
        error.contains("found rows of 1536 bytes, expected an array with rows of 3072"),
        "{error}"
    );
    let error = refused(&of(b"K\x01")).to_string();
    assert!(
        error.contains("reading `data` in the pickle") && error.contains("found a number"),
        "{error}"
    );
}

#[test]
fn labels_that_are_missing_too_few_or_no_classes_are_refused() {
    let data = entry("data", &array(1, 3072, &[7; 3072]));
    let of = |labels: Vec<u8>| refused(&dictionary(&[labels, data.clone()])).to_string();
    assert!(of(entry("labels", &list(&[3, 3]))).contains("found 2 labels, expected 1"));
    assert!(
        of(entry("labels", &list(&[10])))
            .contains("found label 10 in record 0, expected less than 10")
    );
    assert!(of(entry("labels", b"](J\xff\xff\xff\xffe")).contains("found the number -1 as item 0"));
    assert!(of(entry("labels", b"](Ne")).contains("found None as item 0"));
    assert!(of(entry("other", &list(&[3]))).contains("reading `labels`"));
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_batch_cut_anywhere_is_refused_with_its_name(at in 0..batch().len()) {
        let folder = folder();
        write(folder.path().join("data_batch_1"), &batch()[..at]);
        let problems = check(&config(folder.path())).problems;
        prop_assert!(!problems.is_empty());
    }

    #[test]
    fn bytes_changed_anywhere_end_in_data_or_a_problem(
        changes in prop::collection::vec((0..400_usize, any::<u8>()), 1..4)
    ) {
        let mut content = batch();
        let last = content.len() - 1;
        // Half of the places are behind the pixels, at the end of the file.
        for (at, byte) in changes {
            content[if at < 200 { at } else { last - (at - 200) }] = byte;
        }
        let folder = folder();
        write(folder.path().join("data_batch_1"), &content);
        let report = check(&config(folder.path()));
        prop_assert!(report.stats.is_some() || !report.problems.is_empty());
    }
}
