//! The page: one document with its style, its script and everything it shows inside.

use crate::markup::{Element, Markup};
use crate::model::Report;
use crate::section::{self, Section};
use crate::theme;

/// How the page looks, without its colours.
const STYLE: &str = include_str!("style.css");

/// What the page does beside being read: switching the theme, sorting, telling values to a tap.
const SCRIPT: &str = include_str!("script.js");

/// SHA-256 of the script: the only one that a browser runs on the page.
const SCRIPT_HASH: &str = "sha256-gmo2nlc9zub83ejqyAfeg0Bf2G5IT4N9e+baqOIJ5ps=";

/// The page of a report, as HTML.
pub(crate) fn html(report: &Report) -> String {
    let sections = section::sections(report);
    let page = Element::new("html")
        .attr("lang", "en")
        .with(head(&report.head.title))
        .with(body(report, sections));
    format!("<!DOCTYPE html>\n{}\n", Markup::from(page).into_string())
}

fn head(title: &str) -> Element {
    let meta = |name: &'static str, content: &str| {
        Element::new("meta").attr("name", name).attr("content", content)
    };
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{SCRIPT_HASH}'; \
         base-uri 'none'; form-action 'none'"
    );
    let policy =
        Element::new("meta").attr("http-equiv", "Content-Security-Policy").attr("content", policy);
    let mut style = Markup::text(&theme::style());
    style.push(Markup::fixed(STYLE));
    Element::new("head")
        .with(Element::new("meta").attr("charset", "utf-8"))
        .with(policy)
        .with(meta("viewport", "width=device-width, initial-scale=1"))
        .with(meta("referrer", "no-referrer"))
        .with(Element::new("title").text(title))
        .with(Element::new("style").with(style))
        .with(Element::new("script").with(Markup::fixed(SCRIPT)))
}

fn body(report: &Report, sections: Vec<Section>) -> Element {
    let links = sections.iter().map(|section| {
        Element::new("a").attr("href", format!("#{}", section.id)).text(section.title)
    });
    let theme = Element::new("button")
        .attr("id", "theme")
        .attr("type", "button")
        .attr("hidden", "hidden")
        .attr("aria-label", "switch between light and dark")
        .text("\u{25d0}");
    let links = Element::new("div").attr("class", "links").with_all(links);
    let links = Element::new("nav").attr("aria-label", "sections").with(links).with(theme);
    let header = Element::new("header").with(section::head(&report.head));
    let absent = section::absent(report);
    let footer = match absent.as_slice() {
        [] => Markup::default(),
        absent => {
            let words = format!("Not part of this report: {}.", absent.join(", "));
            Element::new("footer").with(Element::new("p").text(words)).into()
        }
    };
    let main = Element::new("main").with(header).with_all(sections).with(footer);
    Element::new("body").with(links).with(main)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn browsers_are_told_the_hash_of_the_script_there_is() {
        let hash = sha2::Sha256::digest(SCRIPT);
        let hash = base64::engine::general_purpose::STANDARD.encode(hash);
        assert_eq!(SCRIPT_HASH, format!("sha256-{hash}"));
    }

    #[test]
    fn style_and_script_are_read_alike_as_html_and_as_xml() {
        for text in [STYLE, SCRIPT, &theme::style()] {
            assert!(!text.contains(['<', '&']), "{text}");
        }
    }

    #[test]
    fn nothing_of_the_page_names_a_place_in_the_network() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("http") && !text.contains("url(") && !text.contains("@import"));
        }
    }
}
