//! Markup that is well-formed and escaped by construction.
//!
//! Text and attribute values can only enter through [`Element`], which escapes them; markup can only
//! come from elements or from what this crate itself wrote. What comes out is HTML and XML at once.
//! Nothing here knows which elements there are, but for those of HTML that have no end.

use std::fmt::{Display, Write};

/// Finished markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

impl Markup {
    /// Markup of this crate's own, such as its style sheet.
    pub(crate) fn fixed(markup: &'static str) -> Markup {
        Markup(markup.to_owned())
    }

    /// Escaped text.
    pub(crate) fn text(text: &str) -> Markup {
        Markup(escape(text))
    }

    /// Puts more behind it.
    pub(crate) fn push(&mut self, more: impl Into<Markup>) {
        self.0.push_str(&more.into().0);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<M: Into<Markup>> FromIterator<M> for Markup {
    fn from_iter<I: IntoIterator<Item = M>>(parts: I) -> Markup {
        let mut markup = Markup::default();
        parts.into_iter().for_each(|part| markup.push(part));
        markup
    }
}

/// Elements of HTML that hold nothing and are written without an end.
const VOID: [&str; 3] = ["br", "img", "meta"];

/// An element that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: &'static str,
    open: String,
    inside: Markup,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Element {
        Element { name, open: format!("<{name}"), inside: Markup::default() }
    }

    /// With an attribute; its value is escaped.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Display) -> Element {
        // Writing to a string cannot fail.
        let _ = write!(self.open, " {name}=\"{}\"", escape(&value.to_string()));
        self
    }

    /// With text behind what it holds; it is escaped.
    pub(crate) fn text(self, text: impl Display) -> Element {
        self.with(Markup::text(&text.to_string()))
    }

    /// With more behind what it holds.
    pub(crate) fn with(mut self, more: impl Into<Markup>) -> Element {
        self.inside.push(more);
        self
    }

    /// With all of these behind what it holds.
    pub(crate) fn with_all<M: Into<Markup>>(self, more: impl IntoIterator<Item = M>) -> Element {
        more.into_iter().fold(self, Element::with)
    }
}

impl From<Element> for Markup {
    fn from(element: Element) -> Markup {
        let Element { name, open, inside } = element;
        if VOID.contains(&name) {
            return Markup(format!("{open}/>"));
        }
        Markup(format!("{open}>{}</{name}>", inside.0))
    }
}

/// Text that cannot be taken for markup, inside elements and quoted attributes.
///
/// What would not be seen but act, controls and marks that turn the direction of what follows, is
/// shown as U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            '\t' => escaped.push(' '),
            acting if acts(acting) => escaped.push(char::REPLACEMENT_CHARACTER),
            plain => escaped.push(plain),
        }
    }
    escaped
}

fn acts(character: char) -> bool {
    let code = u32::from(character);
    let turns = matches!(code, 0x200E..=0x200F | 0x061C | 0x202A..=0x202E | 0x2066..=0x2069);
    let separates = matches!(code, 0x2028..=0x2029 | 0xFEFF);
    let no_character = code & 0xFFFE == 0xFFFE || matches!(code, 0xFDD0..=0xFDEF);
    character.is_control() || turns || separates || no_character
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_attributes_are_escaped_and_markup_is_not() {
        let inner = Element::new("b").text("1 < 2 & 'x'");
        let outer = Element::new("p").attr("title", "a\"><script>").with(inner);
        assert_eq!(
            Markup::from(outer).as_str(),
            "<p title=\"a&quot;&gt;&lt;script&gt;\"><b>1 &lt; 2 &amp; &#39;x&#39;</b></p>"
        );
    }

    #[test]
    fn elements_of_html_that_hold_nothing_have_no_end() {
        assert_eq!(Markup::from(Element::new("img").attr("alt", "")).as_str(), "<img alt=\"\"/>");
        assert_eq!(Markup::from(Element::new("td")).as_str(), "<td></td>");
    }

    #[test]
    fn what_acts_without_being_seen_is_shown() {
        let hidden = "a\0b\u{1b}c\u{85}d\u{202e}e\u{2028}f\u{feff}g\u{ffff}";
        assert_eq!(
            escape(hidden),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}g\u{fffd}"
        );
        assert_eq!(escape("a\tb\nc"), "a b\nc");
    }

    proptest! {
        #[test]
        fn a_parser_reads_back_what_was_written(text in any::<String>(), value in any::<String>()) {
            let element = Element::new("p").attr("title", &value).text(&text);
            let markup = Markup::from(element);
            let read = roxmltree::Document::parse(markup.as_str()).unwrap();
            let shown = |text: &str| -> String {
                let show = |c| if c == '\t' { ' ' } else if acts(c) && c != '\n' { '\u{fffd}' } else { c };
                text.chars().map(show).collect()
            };
            prop_assert_eq!(read.root_element().text().unwrap_or(""), shown(&text));
            // Line ends in attributes are spaces to a parser of XML.
            let value = shown(&value).replace('\n', " ");
            prop_assert_eq!(read.root_element().attribute("title"), Some(value.as_str()));
            prop_assert_eq!(read.root().descendants().filter(|node| node.is_element()).count(), 1);
        }
    }
}
