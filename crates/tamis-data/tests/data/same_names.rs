//! Class names that are the same to the eye or on another file system.

use tamis_data::{Error, check};

use crate::testkit::*;

fn image() -> Vec<u8> {
    png(&samples(9, 1, 3, 8)[0])
}

#[test]
fn classes_that_differ_only_in_case_are_refused_with_both_names() {
    let error = refusal_with("Cat/1.png", &image());
    let Error::SameClass { first, second, .. } = &error else { panic!("{error}") };
    assert_eq!((first.as_str(), second.as_str()), ("Cat", "cat"));
    assert!(error.to_string().ends_with("which differ only in case"), "{error}");
}

#[test]
fn classes_that_look_the_same_are_refused_with_the_code_points_that_differ() {
    let alike = [
        ("na\u{ef}ve", "nai\u{308}ve", "U+0069 U+0308", "U+00EF"),
        ("\u{ac00}", "\u{1100}\u{1161}", "U+1100 U+1161", "U+AC00"),
        ("big dog", "big\u{a0}dog", "U+0020", "U+00A0"),
        ("emu", "emu\u{200b}", "nothing", "U+200B"),
    ];
    for (first, second, one, other) in alike {
        let folder = sound();
        for name in [first, second] {
            write(folder.path().join(name).join("1.png"), &image());
        }
        let text = refusal(folder.path()).to_string();
        let expected = format!("the first has {one} where the second has {other}");
        assert!(text.ends_with(&expected), "{text}");
    }
}

#[test]
fn a_test_class_in_another_form_is_refused_once_and_leaves_no_class_empty() {
    for (train, test) in [("r\u{f8}d\u{e9}", "r\u{f8}de\u{301}"), ("emu", "Emu"), ("emu", "emu ")] {
        let folder = folder();
        add_classes(&folder.path().join("train"), 1);
        add_classes(&folder.path().join("test"), 2);
        write(folder.path().join("train").join(train).join("1.png"), &image());
        write(folder.path().join("test").join(test).join("1.png"), &png(&samples(8, 1, 3, 8)[0]));
        let error = refusal(folder.path());
        assert!(matches!(&error, Error::OtherForm { .. }), "{error}");
        let report = check(&config(folder.path()));
        assert_eq!((report.problems.len(), &report.notes[..]), (1, &[][..]), "{report:#?}");
    }
}
