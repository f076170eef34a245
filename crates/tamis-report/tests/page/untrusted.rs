//! Texts and numbers that are the user's: whatever they are, the page stays what it is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tamis_report::render;

use crate::every_text::report;
use crate::read;

/// Pieces that would do something if they were taken for markup.
const PIECES: [&str; 16] = [
    "<script>alert(1)</script>",
    "</title>",
    "</style>",
    "</script>",
    "\" onload=\"alert(1)",
    "' onclick='x",
    "<img src=x onerror=x>",
    "<!--",
    "-->",
    "]]>",
    "&lt;",
    "&#x3c;b&#x3e;",
    "\u{202e}",
    "\0",
    "\u{1b}[31m",
    "javascript:",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z ]{0,12}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// The names of elements and attributes, each once, and the script.
fn skeleton(html: &str) -> (BTreeSet<String>, String) {
    let page = read::page(html);
    let mut names = BTreeSet::new();
    let mut script = String::new();
    for node in read::elements(&page) {
        let name = node.tag_name().name();
        names.insert(name.to_owned());
        names.extend(node.attributes().map(|attribute| format!("{name} {}", attribute.name())));
        if name == "script" || name == "style" {
            script.push_str(node.text().unwrap_or_default());
        }
    }
    (names, script)
}

fn shows_no_control_character(html: &str) -> bool {
    html.chars().all(|c| !c.is_control() || c == '\n') && !html.contains(['\u{202e}', '\u{2028}'])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_becomes_markup(text in text()) {
        let html = render(&report(&text, 0.5));
        prop_assert!(shows_no_control_character(&html));
        let (names, script) = skeleton(&html);
        let (plain_names, plain_script) = skeleton(&render(&report("plain", 0.5)));
        prop_assert_eq!(script, plain_script);
        let more: Vec<&String> = names.difference(&plain_names).collect();
        prop_assert!(more.is_empty(), "{:?}", more);
    }

    #[test]
    fn no_number_breaks_a_drawing(bits in any::<u64>()) {
        for number in [f64::from_bits(bits), f64::NAN, f64::INFINITY, -0.0, 1e308, -1e308] {
            let html = render(&report("plain", number));
            let page = read::page(&html);
            for node in read::elements(&page) {
                for attribute in node.attributes() {
                    let value = attribute.value();
                    prop_assert!(!value.contains("NaN") && !value.contains("inf "), "{:?}", attribute);
                }
            }
        }
    }
}

#[test]
fn hostile_titles_are_shown_as_they_are() {
    let title = "</title><script>alert('1')</script>";
    let html = render(&report(title, 0.5));
    let page = read::page(&html);
    let shown = read::elements(&page).find(|node| node.has_tag_name("h1")).unwrap();
    assert_eq!(shown.text(), Some(format!("{title}2").as_str()));
}
