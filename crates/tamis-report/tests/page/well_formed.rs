//! The example pages: read by a parser, nothing from elsewhere, no id twice, no number that is none.

use std::collections::BTreeSet;

use tamis_report::{Report, render};

use crate::read;
use crate::values;

fn pages() -> Vec<String> {
    let examples = [(10, false), (100, true), (1, true)];
    let examples = examples.map(|(classes, darts)| values::report(classes, darts).unwrap());
    examples.iter().chain([&Report::default()]).map(render).collect()
}

#[test]
fn pages_are_html_and_xml_at_once() {
    for html in pages() {
        assert!(
            html.starts_with("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>")
        );
        let page = read::page(&html);
        assert_eq!(page.root_element().tag_name().name(), "html");
        let count =
            |name: &str| read::elements(&page).filter(|node| node.has_tag_name(name)).count();
        assert_eq!([count("title").min(1), count("script"), count("style"), count("h1")], [1; 4]);
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for html in pages() {
        for node in read::elements(&read::page(&html)) {
            for attribute in node.attributes() {
                let place = ["href", "src", "action", "data", "srcset"].contains(&attribute.name());
                let inside =
                    attribute.value().starts_with('#') || attribute.value().starts_with("data:");
                assert!(!place || inside, "{attribute:?}");
            }
        }
        // Base64 has no colon: what is found is text.
        let names = html.matches("http:").count() + html.matches("https:").count();
        assert_eq!(names, html.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    }
}

#[test]
fn ids_are_unique_and_links_lead_to_them() {
    for html in pages() {
        let page = read::page(&html);
        let ids: Vec<&str> =
            read::elements(&page).filter_map(|node| node.attribute("id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len());
        let links = read::elements(&page).filter_map(|node| node.attribute("href"));
        for link in links.filter_map(|link| link.strip_prefix('#')) {
            assert!(unique.contains(link), "{link}");
        }
    }
}

#[test]
fn every_drawing_says_what_it_shows() {
    for html in pages() {
        let page = read::page(&html);
        for drawing in read::elements(&page)
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")))
        {
            let label = drawing.attribute("aria-label").unwrap_or_default();
            assert!(label.len() > 5 && drawing.attribute("role") == Some("img"), "{drawing:?}");
        }
        for image in read::elements(&page).filter(|node| node.has_tag_name("img")) {
            assert!(image.attribute("alt").is_some_and(|words| words.starts_with("sample ")));
        }
    }
}

#[test]
fn no_place_in_a_drawing_is_no_number() {
    for html in pages() {
        let shapes = read::page(&html);
        for node in read::elements(&shapes).filter(|node| node.tag_name().namespace().is_some()) {
            for attribute in
                node.attributes().filter(|a| !["aria-label", "class"].contains(&a.name()))
            {
                let value = attribute.value();
                assert!(!value.contains("NaN") && !value.contains("inf"), "{attribute:?}");
            }
        }
    }
}

#[test]
fn equal_reports_are_equal_pages() {
    let page = || render(&values::report(10, false).unwrap());
    assert_eq!(page(), page());
}
