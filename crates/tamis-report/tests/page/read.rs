//! A page read as XML, for the tests.

use roxmltree::{Document, Node, ParsingOptions};

/// Reads a page; fails the test if it is not well-formed.
pub(crate) fn page(html: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(html, options).unwrap()
}

/// All elements.
pub(crate) fn elements<'a>(page: &'a Document<'_>) -> impl Iterator<Item = Node<'a, 'a>> {
    page.root().descendants().filter(Node::is_element)
}

/// The text of an element and all inside, narrow and unbreakable spaces as plain ones.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter_map(|node| node.is_text().then(|| node.text()).flatten());
    texts.collect::<Vec<_>>().join("|").replace(['\u{202f}', '\u{a0}'], " ")
}

/// The text of the section with an id, drawings included.
pub(crate) fn section(page: &Document<'_>, id: &str) -> String {
    let section = elements(page).find(|node| node.attribute("aria-labelledby") == Some(id));
    text(section.unwrap_or_else(|| panic!("no section {id}")))
}
